import { mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ByteStream } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";

/** As install.sh names them too. */
const PREFIX = ".dbacked-install.";

const DAY_MS = 24 * 60 * 60 * 1000;

/** A folder beside the program: what lies there can be renamed into its place. Removed on dispose. */
export interface Stage extends AsyncDisposable {
  path: string;
}

/**
 * Makes a stage in `folder`, and sweeps what was killed there a day ago or more.
 *
 * @throws {DbackedError} `target`
 */
export async function openStage(folder: string): Promise<Stage> {
  const path = await mkdtemp(join(folder, PREFIX)).catch((cause: unknown) => {
    throw writeFailure(folder, cause);
  });
  await removeStages(folder, Date.now() - DAY_MS);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Removes the stages in `folder` that nobody has written to since a moment, in ms. */
export async function removeStages(folder: string, since: number): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const path of names.filter((name) => name.startsWith(PREFIX)).map((name) => join(folder, name))) {
    const info = await stat(path).catch(() => null);
    if (info !== null && info.mtimeMs < since) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Writes a new file to the disk, of `limit` bytes at most. An error of `body` is passed on.
 *
 * @throws {DbackedError} `target`, if it cannot be written; {RangeError} if there is more.
 */
export async function writeNew(file: string, body: ByteStream, limit: number): Promise<void> {
  const told = (cause: unknown): never => {
    throw writeFailure(file, cause);
  };
  await using handle = await open(file, "wx", 0o600).catch(told);
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > limit) throw new RangeError(`more than ${limit} bytes`);
    await handle.writeFile(piece).catch(told);
  }
  await handle.sync().catch(told);
}

/** Says that something cannot be written where the program is. */
export function writeFailure(path: string, cause: unknown): DbackedError {
  const code = cause instanceof Error && "code" in cause ? cause.code : "";
  const isDenied = code === "EACCES" || code === "EPERM";
  return new DbackedError("target", `Cannot write ${path}: ${reasonOf(cause)}`, {
    hint: isDenied ? "run it as root, or as who owns the program" : "the program that was there is untouched",
    cause,
  });
}
