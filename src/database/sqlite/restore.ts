import { open, readdir, readlink, realpath, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteStream } from "../../base/bytes.ts";
import { DbackedError, reasonOf } from "../../base/error.ts";
import type { Inspection, RestorePlan } from "../database.ts";
import { explainDisk } from "../disk.ts";
import { nameTemporary, removeLeftovers } from "../leftovers.ts";
import { explain, readFile, sizeOf, temporaryPrefix } from "./file.ts";
import { runStatements, SqliteFailure } from "./thread.ts";

/** The files that SQLite keeps beside a database. */
export const COMPANIONS = ["-wal", "-shm", "-journal"] as const;

/** How long to wait for another program's lock, in ms. */
const LOCK_MS = 1000;

/** How many objects a refusal names. */
const EXAMPLES = 5;

/** Files that are there, but that SQLite cannot read as they are. */
const UNREADABLE: Readonly<Record<string, string>> = {
  SQLITE_NOTADB: "a file that is no SQLite database",
  SQLITE_CORRUPT: "a damaged SQLite database",
  SQLITE_READONLY_ROLLBACK: "a database that a program left in the middle of a change",
};

/** What is to be replaced is as good as empty. */
const EMPTY: Inspection = { exists: true, objects: 0, examples: [] };

/**
 * Says whether there is a file to restore into.
 *
 * @throws {DbackedError} `target`, if neither that file nor a new one can be written there.
 */
export async function hasTarget(path: string): Promise<boolean> {
  if ((await sizeOf(path, "target")) !== null) return true;
  const folder = dirname(path);
  const found = await stat(folder).catch(() => null);
  if (found === null || !found.isDirectory())
    throw new DbackedError("target", `Cannot write ${path}: there is no folder ${folder}`, {
      hint: `mkdir -p ${folder}`,
    });
  return false;
}

/** Says what a file holds. What cannot be read counts as one object: it is not to be overwritten by mistake. */
export async function inspectFile(path: string, signal: AbortSignal): Promise<Inspection> {
  try {
    const [rows = []] = await readFile(
      path,
      [
        [
          "SELECT type || ' ' || name AS name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        ],
      ],
      signal,
    );
    return {
      exists: true,
      objects: rows.length,
      examples: rows.slice(0, EXAMPLES).map(({ name }) => String(name)),
    };
  } catch (error) {
    const what = describeUnreadable(error);
    if (what === null) throw error;
    return { exists: true, objects: 1, examples: [what] };
  }
}

/** Writes the dump beside the target, checks it, and puts it into the target's place: whole, or not at all. */
export async function restoreFile(
  path: string,
  body: ByteStream,
  plan: RestorePlan,
  signal: AbortSignal,
): Promise<void> {
  // Through a link, the file behind it is replaced.
  const exists = await hasTarget(path);
  const target = exists ? await realpath(path) : path;
  if (exists) await refuseTarget(target, plan, signal);
  const folder = dirname(target);
  const prefix = temporaryPrefix(target);
  await removeLeftovers(folder, prefix);
  const copy = join(folder, nameTemporary(prefix));
  try {
    await writeCopy(copy, exists ? target : null, body, signal);
    await checkCopy(copy, signal);
    if (exists) await refuseUsed(target, signal);
    for (const suffix of COMPANIONS) await rm(`${target}${suffix}`, { force: true });
    await rename(copy, target);
    await syncFolder(folder);
  } catch (error) {
    throw explainDisk(error, "target", `Cannot restore into ${path}`);
  } finally {
    for (const suffix of ["", ...COMPANIONS]) await rm(`${copy}${suffix}`, { force: true }).catch(() => {});
  }
}

async function refuseTarget(target: string, plan: RestorePlan, signal: AbortSignal): Promise<void> {
  const { objects, examples } = plan.force ? EMPTY : await inspectFile(target, signal);
  if (objects > 0)
    throw new DbackedError("target", `${target} is not empty: it holds ${examples.join(", ")}`, {
      hint: "restore into a new file, or give --force to replace this one",
    });
  await refuseUsed(target, signal);
}

/**
 * Refuses a file that another program uses: it would go on writing to a file that has no name any more. Whoever
 * uses a write-ahead log holds a lock; otherwise only a look at the open files tells.
 */
async function refuseUsed(target: string, signal: AbortSignal): Promise<void> {
  const holders = await findHolders(target);
  if (holders.length > 0) throw inUse(target, `process ${holders.join(", ")} has it open`);
  try {
    // Alone on the file, this also empties the write-ahead log, so that nothing of the old content can come back.
    await runStatements(
      target,
      { mode: "readwrite", timeoutMs: LOCK_MS },
      [
        ["PRAGMA locking_mode = EXCLUSIVE"],
        ["BEGIN EXCLUSIVE"],
        ["COMMIT"],
        ["PRAGMA wal_checkpoint(TRUNCATE)"],
      ],
      signal,
    );
  } catch (error) {
    if (error instanceof SqliteFailure && error.code.startsWith("SQLITE_BUSY"))
      throw inUse(target, error.message);
    if (describeUnreadable(error) === null) throw explain(error, `Cannot replace ${target}`);
  }
}

function inUse(target: string, why: string): DbackedError {
  return new DbackedError("target", `${target} is in use: ${why}`, {
    hint: "stop the program that uses it first",
  });
}

/** The processes that have a file open, as far as we may see them; none where there is no /proc. */
async function findHolders(target: string): Promise<string[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  );
  const holds = await Promise.all(
    pids.map(async (pid) => {
      const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
      const files = await Promise.all(
        descriptors.map((each) => readlink(`/proc/${pid}/fd/${each}`).catch(() => "")),
      );
      return files.includes(target);
    }),
  );
  return pids.filter((_, index) => holds[index]);
}

/** Writes a database into a new file for its owner alone. */
export async function writeCopy(
  copy: string,
  like: string | null,
  body: ByteStream,
  signal: AbortSignal,
): Promise<void> {
  await using handle = await open(copy, "wx", 0o600);
  for await (const piece of body) {
    signal.throwIfAborted();
    await handle.writeFile(piece);
  }
  if (like !== null) await resemble(handle, like);
  await handle.sync();
}

/** Gives the copy the mode and the owner of the file that it replaces, so that its program can still use it. */
async function resemble(handle: FileHandle, like: string): Promise<void> {
  const { mode, uid, gid } = await stat(like);
  await handle.chmod(mode & 0o777);
  await handle.chown(uid, gid).catch(() => {});
}

/** @throws {DbackedError} `damaged`, if a file is no sound database. */
export async function checkCopy(copy: string, signal: AbortSignal): Promise<void> {
  const access = { mode: "readonly", timeoutMs: LOCK_MS } as const;
  const [[{ integrity_check: found } = {}] = []] = await runStatements(
    copy,
    access,
    [["PRAGMA integrity_check(1)"]],
    signal,
  ).catch((error: unknown) => {
    throw describeUnreadable(error) === null ? error : unsound(reasonOf(error));
  });
  if (found !== "ok") throw unsound(String(found));
}

function unsound(why: string): DbackedError {
  return new DbackedError("damaged", `The dump is no sound SQLite database: ${why}`);
}

function describeUnreadable(error: unknown): string | null {
  const cause = error instanceof DbackedError ? error.cause : error;
  return cause instanceof SqliteFailure ? (UNREADABLE[cause.code] ?? null) : null;
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}
