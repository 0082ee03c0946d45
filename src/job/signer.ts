import { type FileHandle, mkdir, open, readFile, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { DbackedError, reasonOf } from "../base/error.ts";
import { parseManifestKey } from "../catalog/name.ts";
import { generateSigner, readSigner, type Signer } from "../seal/signer.ts";
import type { Store } from "../store/store.ts";

/** A set of backups in the store that keeps it. */
export interface StoredSet {
  set: string;
  /** What the keys of its objects begin with; those of all sets of a whole server share theirs. */
  prefix: string;
  store: Store;
}

/** A set of which nobody could see whether a store has backups already. */
export interface Unasked extends StoredSet {
  failure: DbackedError;
}

/**
 * The host's signer from its key file. A host that makes its very first backup gets one; where backups exist already,
 * their signer must be brought along or a new one made on purpose, since every restore would refuse an unknown one.
 * A store that cannot be asked stops nobody else's backup: a second key makes work at a restore, no backup makes it impossible.
 *
 * @throws {DbackedError} `key`, if there is no key file but there are backups, or the file cannot be used; `store`, if no
 * store at all could be asked.
 */
export async function signerOf(
  file: string,
  sets: readonly StoredSet[],
  signal: AbortSignal,
): Promise<{ signer: Signer; isNew: boolean; unasked: readonly Unasked[] }> {
  const existing = await readSignerFile(file);
  if (existing !== null) return { signer: existing, isNew: false, unasked: [] };
  const unasked: Unasked[] = [];
  for (const stored of sets) {
    const failure = await refuseForeign(file, stored, signal);
    if (failure !== null) unasked.push({ ...stored, failure });
  }
  const [first] = unasked;
  if (first !== undefined && unasked.length === sets.length) throw nobodyAnswers(first);
  return { signer: await makeSigner(file), isNew: true, unasked };
}

/** @throws {DbackedError} `key`, if there are backups. Returned is why that cannot be seen. */
async function refuseForeign(
  file: string,
  { set, prefix, store }: StoredSet,
  signal: AbortSignal,
): Promise<DbackedError | null> {
  try {
    const { objects } = await store.list(prefix, signal);
    if (!objects.some(({ key }) => parseManifestKey(key) !== null)) return null;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DbackedError) return error;
    throw error;
  }
  throw foreignBackups(file, set, store);
}

/**
 * Reads the signer's key file; null if there is none.
 *
 * @throws {DbackedError} `key`, if it cannot be read or is no signing key.
 */
export async function readSignerFile(file: string): Promise<Signer | null> {
  let pem: string;
  try {
    pem = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new DbackedError("key", `Cannot read the signing key ${file}: ${reasonOf(cause)}`, { cause });
  }
  return await readSigner(pem);
}

/**
 * Makes a signer and writes its key file, 0600, which must not exist yet.
 *
 * @throws {DbackedError} `key`, if the file exists or cannot be written.
 */
export async function makeSigner(file: string): Promise<Signer> {
  const { pem } = await generateSigner();
  await writeNew(file, pem, 0o600);
  return await readSigner(pem);
}

/**
 * Writes a file that must not exist yet, and its folder if that is missing.
 *
 * @throws {DbackedError} `key`
 */
export async function writeNew(file: string, content: string, mode: number): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeWhole(await openNew(file, mode), file, content);
  } catch (cause) {
    if (cause instanceof DbackedError) throw cause;
    throw new DbackedError("key", `Cannot write ${file}: ${reasonOf(cause)}`, { cause });
  }
}

/** What is said of a file that would have to be overwritten. */
export function refuseExisting(file: string): DbackedError {
  return new DbackedError("key", `Cannot write ${file}: it exists already`, {
    hint: "keys are never overwritten: move it away first, if nobody needs it",
  });
}

async function openNew(file: string, mode: number): Promise<FileHandle> {
  try {
    return await open(file, "wx", mode);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EEXIST" ? refuseExisting(file) : error;
  }
}

/** Half a key, as a full disk leaves it, would be taken for one that exists. */
async function writeWhole(handle: FileHandle, file: string, content: string): Promise<void> {
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (error) {
    await unlink(file);
    throw error;
  } finally {
    await handle.close();
  }
}

function foreignBackups(file: string, set: string, store: Store): DbackedError {
  return new DbackedError(
    "key",
    `${store.label} holds backups of "${set}", and there is no signing key ${file}`,
    {
      hint:
        "bring the key file of the host that made them, or run `dbacked signer new` and add what it prints " +
        "to trustedSigners where you restore",
    },
  );
}

function nobodyAnswers({ set, failure }: Unasked): DbackedError {
  const { kind, message, hint } = failure;
  const why = `whether "${set}" has backups there must be known before this host's signing key is made`;
  return new DbackedError(kind, `${message}; ${why}`, {
    hint: [hint ?? [], "if no host has made any, `dbacked signer new` makes the key without asking"]
      .flat()
      .join("\n"),
    cause: failure,
  });
}
