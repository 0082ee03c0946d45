import { rename, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { Bytes, ByteStream } from "../../src/base/bytes.ts";
import { DbackedError } from "../../src/base/error.ts";
import { parseManifestKey } from "../../src/catalog/name.ts";
import { FolderStore } from "../../src/store/folder.ts";
import { volumeKey } from "../../src/store/key.ts";
import { type ByteRange, type PutOptions, Unreadable } from "../../src/store/store.ts";

/** Bytes of each volume but the last. */
const VOLUME = 3000;

/** What a store does to a backup as soon as all of it has been stored; `file` is the envelope. */
export type Harm = (file: string, manifest: string) => Promise<void>;

/** A folder that harms each backup once it is there, and cuts it into volumes if it is told to. */
export class SpoiltStore extends FolderStore {
  readonly #folder: string;
  readonly #harm: Harm;
  readonly #isCut: boolean;

  constructor(path: string, harm: Harm, { volumes = false } = {}) {
    super({ path });
    this.#folder = path;
    this.#harm = harm;
    this.#isCut = volumes;
  }

  override async put(key: string, body: ByteStream, options: PutOptions, signal: AbortSignal) {
    const sizes = await super.put(key, body, options, signal);
    return this.#isCut ? await cut(join(this.#folder, key)) : sizes;
  }

  override async create(key: string, bytes: Bytes, signal: AbortSignal) {
    const outcome = await super.create(key, bytes, signal);
    const name = parseManifestKey(key);
    if (name !== null) await this.#harm(join(this.#folder, `${name.stem}.dbk`), join(this.#folder, key));
    return outcome;
  }
}

async function cut(file: string): Promise<number[]> {
  const whole = await Bun.file(file).bytes();
  const sizes: number[] = [];
  for (let at = 0; at < whole.length; at += VOLUME) {
    const piece = whole.slice(at, at + VOLUME);
    await Bun.write(volumeKey(file, sizes.length), piece);
    sizes.push(piece.length);
  }
  return sizes;
}

/** Flips one bit, counted from the end if `at` is negative, else from the beginning or from the end of the core. */
export function flip(at: number, from: "beginning" | "core" = "beginning"): Harm {
  return async (file) => {
    const bytes = await Bun.file(file).bytes();
    const start = at < 0 ? bytes.length : from === "core" ? new DataView(bytes.buffer).getUint32(12) : 0;
    const index = start + at;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    await Bun.write(file, bytes);
  };
}

/** Where behind the core a wrapped key and the first segment are, for one recipient with a key of 2048 bits. */
const WRAPPED_KEY = 2 + 36;
const FIRST_SEGMENT = WRAPPED_KEY + 256 + 96;

/** Ways to harm a backup, and the code that a finding has for each. */
export const HARMS: readonly (readonly [string, Harm, string])[] = [
  ["a bit of its core is flipped", flip(20), "header"],
  ["a bit of a wrapped key is flipped", flip(WRAPPED_KEY, "core"), "header"],
  ["a bit of a segment is flipped", flip(FIRST_SEGMENT, "core"), "segment"],
  ["a bit of its trailer is flipped", flip(-100), "final-signature"],
  ["its last byte is cut off", async (file) => await truncate(file, Bun.file(file).size - 1), "size"],
  ["it is gone", async (file) => await rm(file), "missing"],
  ["it is empty", async (file) => await truncate(file, 0), "size"],
  [
    "its manifest has another payload",
    async (_file, manifest) => {
      const note = (await Bun.file(manifest).json()) as { payload: string };
      await Bun.write(manifest, JSON.stringify({ ...note, payload: btoa("{}") }));
    },
    "note",
  ],
];

/** Puts the envelope of one backup in the place of another's. */
export function replaceBy(other: string): Harm {
  return async (file) => {
    await Bun.write(`${file}.new`, Bun.file(other));
    await rename(`${file}.new`, file);
  };
}

/** A folder from which no envelope can be read, as a bucket whose key may only write. */
export class WriteOnlyStore extends FolderStore {
  override async get(key: string, range: ByteRange | null, signal: AbortSignal): Promise<ByteStream> {
    if (!key.endsWith(".dbk")) return await super.get(key, range, signal);
    throw new Unreadable(new DbackedError("store", `Cannot read ${key}: access denied (403)`));
  }
}
