import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ByteStream } from "../../base/bytes.ts";
import { streamFrom } from "../../tool/run.ts";
import { explainDisk } from "../disk.ts";
import { nameTemporary, removeLeftovers } from "../leftovers.ts";
import { explainFailure } from "./failure.ts";
import { runEmptying } from "./pipe-restore.ts";
import type { Prepared } from "./restore.ts";
import { programIn } from "./tools.ts";

/** How the name of the file begins that holds a dump during a restore. */
const SPOOL = "dbacked-spool-";

/**
 * Restores in several connections at once. That needs the whole dump in a file, which only its owner can read and
 * which is removed in any case, and it cannot be one transaction.
 */
export async function spoolIntoDatabase(
  restoring: Prepared,
  archive: ByteStream,
  signal: AbortSignal,
): Promise<void> {
  const { tools, plan, connection, emptying, entryList, warnings } = restoring;
  await removeLeftovers(plan.spoolDirectory, SPOOL);
  const file = join(plan.spoolDirectory, nameTemporary(SPOOL));
  try {
    await writeSpool(file, archive, signal);
    if (emptying.length > 0) await runEmptying(restoring, signal);
    const target = `--dbname=${conninfo(connection.database)}`;
    const argv = [programIn(tools, "pg_restore"), "--no-password", "--exit-on-error", target];
    if (plan.noOwner) argv.push("--no-owner");
    if (entryList !== null) argv.push(`--use-list=${entryList}`);
    argv.push(`--jobs=${plan.jobs}`, file);
    const watch = (line: string) => warnings.see(line);
    const { bytes } = streamFrom({ argv, env: connection.environment, watch }, signal);
    await bytes.pipeTo(new WritableStream());
  } catch (error) {
    throw explainFailure(error, `Cannot restore into ${connection.label}`);
  } finally {
    await rm(file, { force: true });
  }
}

async function writeSpool(file: string, archive: ByteStream, signal: AbortSignal): Promise<void> {
  try {
    await using handle = await open(file, "wx", 0o600);
    for await (const piece of archive) {
      signal.throwIfAborted();
      await handle.writeFile(piece);
    }
  } catch (error) {
    throw explainDisk(
      error,
      "target",
      `Cannot write the dump to ${file}`,
      "is there room for the whole dump, and may dbacked write there? Without --jobs no file is needed",
    );
  }
}

/** A name that libpq cannot take for a list of parameters. The rest of the connection is in the environment. */
function conninfo(database: string): string {
  return `dbname='${database.replaceAll("\\", "\\\\").replaceAll("'", String.raw`\'`)}'`;
}
