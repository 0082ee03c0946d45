import type { ByteStream } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import { SECRET_FILE } from "../../tool/child.ts";
import type { FoundTools } from "../../tool/find.ts";
import { feed } from "../../tool/run.ts";
import type { RestorePlan, RestoreReport } from "../database.ts";
import { watchStream } from "../watch.ts";
import { ArchiveReader, type Namespace } from "./archive-reader.ts";
import { configFileOf } from "./config-file.ts";
import type { Connection } from "./connection.ts";
import { explainFailure } from "./failure.ts";
import { readHead } from "./head.ts";
import { Remarks, restoredIn } from "./remarks.ts";
import { emptyTarget, inspectTarget } from "./target.ts";
import { programIn } from "./tools.ts";

/** A restore, and where it goes. */
export interface Restoring {
  connection: Connection;
  tools: FoundTools;
  plan: RestorePlan;
}

/** Restores an archive. Nothing changes before its list of collections was compared with the target. */
export async function restoreArchive(
  restoring: Restoring,
  body: ByteStream,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const { connection, plan } = restoring;
  refuseMeaningless(connection, plan);
  const { namespaces, bytes } = await readHead(body);
  try {
    const args = argumentsFor(connection, namespaces);
    await clear(restoring, signal);
    return { notices: await run(restoring, args, bytes, signal) };
  } catch (error) {
    if (!bytes.locked) await bytes.cancel(error).catch(() => {});
    throw error;
  }
}

function refuseMeaningless(
  { label }: Connection,
  { kind, jobs, noOwner, singleTransaction }: RestorePlan,
): void {
  if (kind !== "mongo-archive")
    throw new DbackedError("target", `A dump of the kind ${kind} cannot be restored into ${label}`);
  const given = [
    jobs > 1 ? "--jobs" : [],
    noOwner ? "--no-owner" : [],
    singleTransaction ? [] : "--no-single-transaction",
  ].flat();
  if (given.length > 0) throw new DbackedError("usage", `${given.join(", ")} cannot be used with MongoDB`);
}

/** mongorestore writes to the names that stand in the archive, whatever its URL says: so they are always rewritten. */
function argumentsFor({ database, label }: Connection, namespaces: readonly Namespace[]): string[] {
  const databases = [...new Set(namespaces.map((each) => each.database).filter((name) => name !== ""))];
  const hasOplog = namespaces.some(({ type }) => type === "oplog");
  const [dumped = "", ...others] = databases;
  const isOfServer = hasOplog || others.length > 0;
  if (database === null) {
    if (isOfServer) return hasOplog ? ["--oplogReplay"] : [];
    throw new DbackedError("target", `The dump is of one database, "${dumped}", and ${label} names none`, {
      hint: "name the database that it should go to, as in mongodb://user@host/shop",
    });
  }
  if (isOfServer)
    throw new DbackedError(
      "target",
      `The dump is of a whole server (${databases.join(", ")}), and cannot go into ${label}`,
      {
        hint: "give a URL that names no database, and if need be authSource, as in mongodb://user@host/?authSource=admin",
      },
    );
  // `*` stands for anything in the first; in the other two only what is between dollar signs does.
  const included = dumped.replaceAll("*", "\\*");
  return [`--nsInclude=${included}.*`, `--nsFrom=${dumped}.$collection$`, `--nsTo=${database}.$collection$`];
}

async function clear({ connection, plan }: Restoring, signal: AbortSignal): Promise<void> {
  const { objects, examples } = await inspectTarget(connection, signal);
  if (objects === 0) return;
  if (plan.force) return await emptyTarget(connection, signal);
  throw new DbackedError(
    "target",
    `${connection.label} is not empty: it holds ${objects} objects, such as ${examples.join(", ")}`,
    { hint: "restore into an empty database, or give --force to empty this one first" },
  );
}

async function run(
  { connection, tools }: Restoring,
  args: readonly string[],
  bytes: ByteStream,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const remarks = new Remarks();
  const archive = new ArchiveReader();
  let said = { restored: 0, failed: 0 };
  const watched = watchStream(bytes, {
    see: (piece) => archive.push(piece),
    end: () => archive.end(),
    explain: (error) => error,
  });
  const mongorestore = {
    // In the order of the dump, which a capped collection keeps.
    argv: [
      programIn(tools, "mongorestore"),
      "--archive",
      "--stopOnError",
      "--maintainInsertionOrder",
      ...args,
      `--config=${SECRET_FILE}`,
    ],
    secretFile: configFileOf(connection),
    watch: (line: string) => {
      said = restoredIn(line) ?? said;
      remarks.see(line);
    },
  };
  try {
    await feed(mongorestore, watched.bytes, signal);
    refuseDifference(said, archive);
  } catch (error) {
    if (signal.aborted) log.warn(`${LEFT} ${connection.label}: ${AGAIN}`);
    throw tellWhatIsLeft(explainFailure(error, `Cannot restore into ${connection.label}`), connection);
  }
  return remarks.lines;
}

/** mongorestore exits with code 0 although documents could not be restored. */
function refuseDifference(
  { restored, failed }: { restored: number; failed: number },
  archive: ArchiveReader,
): void {
  const expected = archive.namespaces.filter(isCounted).reduce((sum, { documents }) => sum + documents, 0);
  if (failed === 0 && restored === expected) return;
  const lacking =
    failed > 0 ? `${failed} documents could not be restored` : `${restored} documents were restored`;
  throw new DbackedError("database", `The dump holds ${expected} documents, and ${lacking}`);
}

/** mongorestore does not count what it replays, nor users and roles. */
function isCounted({ type, database, collection }: Namespace): boolean {
  const isAboutUsers =
    database === "admin" && ["system.users", "system.roles", "system.version"].includes(collection);
  return type !== "oplog" && !isAboutUsers;
}

const LEFT = "What was restored until then is left in";
const AGAIN = "restore again with --force, or into another database";

/** There is no transaction around it. */
function tellWhatIsLeft(error: unknown, { label }: Connection): unknown {
  if (!(error instanceof DbackedError)) return error;
  const hint = error.hint === undefined ? AGAIN : `${error.hint}\nthen ${AGAIN}`;
  return new DbackedError(error.kind, `${error.message}. ${LEFT} ${label}`, { hint, cause: error });
}
