import { constants } from "node:fs";
import { link, lstat, open, readdir, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import type { Bytes } from "../../base/bytes.ts";
import { codeOf } from "./failure.ts";

/** Files that are being written: the dot keeps them out of listings. */
const PREFIX = ".dbacked-";
const SUFFIX = ".tmp";

/**
 * A temporary file that nobody has written to for this long belongs to a process that died. A live one may be quiet
 * for as long as its dump is; if it is removed wrongly all the same, its backup fails loudly.
 */
const STALE_MS = 12 * 60 * 60 * 1000;

/** Answers of file systems that have no hard links: FAT, many network shares and FUSE mounts. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** Answers of file systems that cannot sync a folder. */
const NO_SYNC = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** Publishing takes microseconds: who does not get the lock within two seconds meets one that a crash left behind. */
const LOCK_TRIES = 40;
const LOCK_PAUSE_MS = 50;

/** A file beside its later place, seen by nobody until `publish()`. */
export class TemporaryFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #isOpen = true;
  #size = 0;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** Also removes what a process that died has left in `folder`. */
  static async create(folder: string): Promise<TemporaryFile> {
    const path = join(folder, `${PREFIX}${crypto.randomUUID()}${SUFFIX}`);
    const file = new TemporaryFile(path, await open(path, "wx", 0o600));
    try {
      // The new file's own time is the file system's clock, which on a network share is not ours.
      await removeStale(folder, (await file.#handle.stat()).mtimeMs - STALE_MS);
    } catch (error) {
      await file.discard();
      throw error;
    }
    return file;
  }

  async write(bytes: Bytes): Promise<void> {
    let at = 0;
    while (at < bytes.length) at += (await this.#handle.write(bytes, at)).bytesWritten;
    this.#size += bytes.length;
  }

  /** Brings everything to the disk, so that an error of the disk comes before the file has its name. */
  async finish(): Promise<number> {
    await this.#handle.sync();
    await this.#close();
    return this.#size;
  }

  /** Gives the finished file its name, in the same folder; says no if the name is taken. */
  async publish(path: string): Promise<boolean> {
    try {
      await link(this.#path, path);
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      if (NO_LINKS.has(codeOf(error))) return renameOnce(this.#path, path);
      throw error;
    }
    await unlink(this.#path);
    return true;
  }

  async discard(): Promise<void> {
    await this.#close();
    await ignoring("ENOENT", unlink(this.#path));
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#handle.close();
  }
}

/**
 * Renames `from` to `to` unless that name is taken. `rename` alone would replace, so the look and the rename happen
 * under a lock: a file that only one process can create. Only for file systems without links.
 */
export async function renameOnce(from: string, to: string): Promise<boolean> {
  const lock = join(dirname(to), `${PREFIX}${Bun.hash(basename(to)).toString(16)}${SUFFIX}`);
  await takeLock(lock);
  try {
    if (await isTaken(to)) return false;
    await rename(from, to);
    return true;
  } finally {
    await unlink(lock);
  }
}

async function takeLock(lock: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await (await open(lock, "wx", 0o600)).close();
      return;
    } catch (error) {
      if (codeOf(error) !== "EEXIST" || tries === LOCK_TRIES) throw error;
      await Bun.sleep(LOCK_PAUSE_MS);
    }
  }
}

function isTaken(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    },
  );
}

/** Whether a file's name is one that is given to files while they are written. */
export function isTemporary(name: string): boolean {
  return name.startsWith(PREFIX) && name.endsWith(SUFFIX);
}

async function removeStale(folder: string, before: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isTemporary(name)) continue;
    const path = join(folder, name);
    // Another process may be faster, with its own file or in clearing up.
    const found = await ignoring("ENOENT", stat(path));
    if (found !== undefined && found.mtimeMs < before) await ignoring("ENOENT", unlink(path));
  }
}

/** Brings a folder's own entries to the disk. Some network file systems cannot, and need not. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (error) {
    if (!NO_SYNC.has(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}

async function ignoring<Result>(code: string, promise: Promise<Result>): Promise<Result | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (codeOf(error) === code) return undefined;
    throw error;
  }
}
