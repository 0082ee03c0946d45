import { streamOf, utf8, type ByteStream } from "../../base/bytes.ts";
import { ProgramFailure } from "../../tool/child.ts";
import { feed, streamFrom } from "../../tool/run.ts";
import { explainFailure } from "./failure.ts";
import { TRANSACTION_TIMEOUT } from "./prerequisites.ts";
import { PSQL_ARGUMENTS } from "./psql.ts";
import type { Prepared } from "./restore.ts";
import { keepBackEnd, omitLine, precede } from "./script.ts";
import { programIn } from "./tools.ts";

/** How emptying begins: whoever uses the target is waited for, but not for ever. */
const BEGIN = [
  "BEGIN;",
  "SET LOCAL client_min_messages = error;",
  "SET LOCAL lock_timeout = '60s';",
] as const;

/**
 * Restores through a pipe: pg_restore writes the archive as a script, psql runs it. In one transaction, which psql is
 * told to commit only after the stream has ended well: whatever else happens, even our own death, rolls it back.
 */
export async function pipeIntoPsql(
  restoring: Prepared,
  archive: ByteStream,
  signal: AbortSignal,
): Promise<void> {
  const { tools, plan, target, emptying, entryList, warnings } = restoring;
  const watch = (line: string) => warnings.see(line);
  const mode = plan.singleTransaction ? "--single-transaction" : "--exit-on-error";
  const argv = [programIn(tools, "pg_restore"), "--format=custom", "--file=-", mode];
  if (plan.noOwner) argv.push("--no-owner");
  if (entryList !== null) argv.push(`--use-list=${entryList}`);
  const { bytes } = streamFrom({ argv, stdin: archive, watch }, signal);
  const { line, server } = TRANSACTION_TIMEOUT;
  const understood = target.versionNumber < server ? omitLine(bytes, line) : bytes;
  const script = plan.singleTransaction
    ? keepBackEnd(understood).pipeThrough(precede(emptying.length === 0 ? [] : [...BEGIN, ...emptying]))
    : understood.pipeThrough(precede(emptyingAlone(emptying)));
  await runScript(restoring, script, signal);
}

/** Runs the statements that empty a database, in a transaction of their own. */
export async function runEmptying(restoring: Prepared, signal: AbortSignal): Promise<void> {
  await runScript(restoring, streamOf(utf8(emptyingAlone(restoring.emptying).join("\n"))), signal);
}

function emptyingAlone(emptying: readonly string[]): readonly string[] {
  return emptying.length === 0 ? [] : [...BEGIN, ...emptying, "COMMIT;"];
}

async function runScript(
  { tools, connection, warnings }: Prepared,
  script: ByteStream,
  signal: AbortSignal,
): Promise<void> {
  const psql = {
    argv: [programIn(tools, "psql"), ...PSQL_ARGUMENTS],
    env: connection.environment,
    watch: (line: string) => warnings.see(line),
  };
  try {
    await feed(psql, script, signal);
  } catch (error) {
    // A failure of pg_restore is one of the dump, not of the database.
    if (error instanceof ProgramFailure && error.program !== "psql") throw error;
    throw explainFailure(error, `Cannot restore into ${connection.label}`);
  }
}
