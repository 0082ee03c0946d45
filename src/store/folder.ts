import { constants, lstat, mkdir, open, stat, unlink } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { z } from "zod";

import { release, streamOf, type Bytes, type ByteStream } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import { codeOf, folderFailure, unlessAbsent } from "./folder/failure.ts";
import { fileStream } from "./folder/file-stream.ts";
import { isTemporary, syncFolder, TemporaryFile } from "./folder/temporary-file.ts";
import { tryFolder } from "./folder/trials.ts";
import { isHidden, walk } from "./folder/walk.ts";
import { byKey, checkKey } from "./key.ts";
import { checkRange } from "./range.ts";
import {
  NotFound,
  type ByteRange,
  type Draft,
  type Drafts,
  type Listing,
  type PutOptions,
  type Store,
  type StoredObject,
} from "./store.ts";
import type { Trials } from "./trial.ts";

/** Options of a store of the type `folder`. */
export const folderOptions = z.strictObject({
  path: z.string().refine(isAbsolute, "expected an absolute path, as in /srv/backups"),
});

/** To open a pipe that somebody planted would otherwise wait for its other end. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Backups in a folder: an object is a file. The folder itself is never created, since a disk that is not mounted would
 * then be filled up in the wrong place; folders within it are.
 */
export class FolderStore implements Store {
  readonly label: string;
  readonly hasHostTime = true;

  constructor({ path }: z.infer<typeof folderOptions>) {
    this.label = path;
  }

  get drafts(): Drafts {
    return {
      list: (prefix, signal) => this.#listDrafts(prefix, signal),
      discard: (draft, signal) => this.#discard(draft, signal),
    };
  }

  get trials(): Trials {
    return {
      run: (probe, signal) => tryFolder(this.label, probe, () => this.remove([probe.key], signal)),
    };
  }

  async put(
    key: string,
    body: ByteStream,
    _options: PutOptions,
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    const written = await this.#write(key, body, signal);
    if (written === "exists")
      throw new DbackedError("store", `${this.label} holds ${key} already, and nothing is ever replaced`);
    return [written];
  }

  async create(key: string, bytes: Bytes, signal: AbortSignal): Promise<"created" | "exists"> {
    if ((await this.#write(key, streamOf(bytes.slice()), signal)) !== "exists") return "created";
    const there = await this.#attempt(`read ${key} in`, () => Bun.file(this.#pathOf(key)).bytes());
    return Buffer.compare(there, bytes) === 0 ? "created" : "exists";
  }

  async get(key: string, range: ByteRange | null, signal: AbortSignal): Promise<ByteStream> {
    signal.throwIfAborted();
    const path = this.#pathOf(key);
    return this.#attempt(`read ${key} in`, async () => {
      await this.#requireFolder();
      const handle = await unlessAbsent(open(path, READING));
      if (handle === null) throw new NotFound(this.label, key);
      try {
        const found = await handle.stat();
        if (!found.isFile()) throw new NotFound(this.label, key);
        const wanted = range ?? { start: 0, end: found.size };
        checkRange(path, wanted, found.size);
        return fileStream(handle, wanted, signal);
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  /** The time is this machine's: a listing must not write, and without that no file system tells its own. */
  async list(prefix: string, signal: AbortSignal): Promise<Listing> {
    const objects: StoredObject[] = [];
    await this.#attempt("list", async () => {
      await this.#requireFolder();
      for await (const object of walk(this.label, prefix, signal))
        if (!isHidden(object.key)) objects.push(object);
    });
    return { objects: objects.toSorted(byKey), now: new Date() };
  }

  async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    for (const key of keys) {
      signal.throwIfAborted();
      const path = this.#pathOf(key);
      await this.#attempt(`remove ${key} from`, () => this.#unlink(path));
    }
  }

  async #unlink(path: string): Promise<void> {
    await this.#requireFolder();
    const isThere = (await unlessAbsent(unlink(path).then(() => true))) ?? false;
    if (isThere) await syncFolder(dirname(path));
  }

  async #listDrafts(prefix: string, signal: AbortSignal): Promise<readonly Draft[]> {
    const drafts: Draft[] = [];
    await this.#attempt("look for temporary files in", async () => {
      await this.#requireFolder();
      for await (const file of walk(this.label, prefix, signal))
        if (isTemporary(basename(file.key))) drafts.push({ ...file, id: file.key });
    });
    return drafts;
  }

  async #discard({ key }: Draft, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!isTemporary(basename(key))) throw new RangeError(`${key} is not temporary`);
    await this.#attempt(`remove ${key} from`, () => this.#unlink(join(this.label, key)));
  }

  async #write(key: string, body: ByteStream, signal: AbortSignal): Promise<number | "exists"> {
    const doing = `write ${key} to`;
    const file = await this.#attempt(doing, () => this.#begin(key)).catch(async (error: unknown) => {
      await body.cancel(error);
      throw error;
    });
    if (file === "exists") {
      await body.cancel();
      return "exists";
    }
    try {
      const write = async (bytes: Bytes) => {
        await this.#attempt(doing, () => file.write(bytes));
        release(bytes);
      };
      await body.pipeTo(new WritableStream({ write }), { signal });
      return await this.#publish(key, file, signal);
    } finally {
      await file.discard();
    }
  }

  /** A name that is taken is found out before hours of dump have been written. */
  async #begin(key: string): Promise<TemporaryFile | "exists"> {
    const path = this.#pathOf(key);
    await this.#requireFolder();
    await this.#makeFolders(key);
    if (await isTaken(path)) return "exists";
    return TemporaryFile.create(dirname(path));
  }

  async #publish(key: string, file: TemporaryFile, signal: AbortSignal): Promise<number | "exists"> {
    const path = this.#pathOf(key);
    const size = await this.#attempt(`write ${key} to`, () => file.finish());
    signal.throwIfAborted();
    if (!(await this.#attempt(`write ${key} to`, () => file.publish(path)))) return "exists";
    const doing = `make sure of ${key}, which may have been stored, in`;
    await this.#attempt(doing, () => syncFolder(dirname(path)));
    return size;
  }

  /** What lay behind a symbolic link would be stored, and never listed. */
  async #makeFolders(key: string): Promise<void> {
    let parent = this.label;
    for (const name of key.split("/").slice(0, -1)) {
      const folder = join(parent, name);
      const found = await unlessAbsent(lstat(folder));
      if (found?.isDirectory() === false) throw noFolder(folder, found.isSymbolicLink());
      if (found === null) {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await syncFolder(parent);
      }
      parent = folder;
    }
  }

  async #requireFolder(): Promise<void> {
    const found = await stat(this.label);
    if (!found.isDirectory()) throw new DbackedError("store", `${this.label} is not a folder`);
  }

  #pathOf(key: string): string {
    checkKey(key);
    return join(this.label, key);
  }

  async #attempt<Result>(doing: string, act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      throw codeOf(error) === "" ? error : folderFailure(doing, this.label, error);
    }
  }
}

function noFolder(path: string, isLink: boolean): DbackedError {
  if (!isLink) return new DbackedError("store", `${path} is not a folder`);
  return new DbackedError("store", `${path} is a symbolic link, which would not be followed when reading`, {
    hint: "mount or bind that folder there, or make a store of the folder that it leads to",
  });
}

async function isTaken(path: string): Promise<boolean> {
  return (await unlessAbsent(lstat(path))) !== null;
}
