import { type Bytes, collect } from "../base/bytes.ts";
import { compactTime } from "../base/clock.ts";
import { DbackedError } from "../base/error.ts";
import { NotFound, Unreadable, type Listing, type Store, type StoredObject } from "../store/store.ts";
import { mapBounded } from "./bounded.ts";
import { Budget } from "./budget.ts";
import { CLOCK_TOLERANCE_MS, doubtOf, doubtOfStranger } from "./doubt.ts";
import { MANIFEST_TYPE, type Manifest, parseManifest } from "./manifest.ts";
import { type BackupName, parseManifestKey, parseProofKey } from "./name.ts";
import { PROOF_TYPE, parseProof, type Proof, type ProofTimes, summarizeProofs } from "./proof.ts";

/** Bytes. */
const NOTE_LIMIT = 16 * 1024 * 1024;

/** Names of backups begin with their year. Leases, of which there may be thousands, are not listed with them. */
const MILLENNIUM = "2";

/** Bytes of notes in hand at once; verified, each takes several times as much. Ours have a few KiB, a planted one may have 16 MiB. */
const IN_HAND = 4 * 1024 * 1024;

/** A verified note, and who signed it, as `ed25519:<base64>`. */
interface VerifiedNote {
  payload: Bytes;
  signer: string;
  /** Whether the config trusts that signer for what was stored at that time. */
  trusted: boolean;
}

/**
 * Verifies a signed note of the backup `name`.
 *
 * @throws {DbackedError} if nobody's signature can be verified.
 */
export type VerifyNote = (
  note: Bytes,
  payloadType: string,
  object: StoredObject,
  name: BackupName,
) => Promise<VerifiedNote>;

/** One backup in a store. */
export interface Backup {
  name: BackupName;
  manifest: Manifest;
  signer: string;
  proofs: ProofTimes;
  /** When the manifest was stored, by the store's clock. */
  storedAt: Date;
  /** Why it does not count for what is due, kept or restored as the newest; null if it counts. */
  doubt: string | null;
}

/** A manifest that could not be read or verified. */
interface BrokenManifest {
  key: string;
  failure: DbackedError;
}

export interface Catalog {
  /** Newest first. */
  backups: readonly Backup[];
  broken: readonly BrokenManifest[];
  /** All objects of the set, and the store's time. */
  listing: Listing;
}

/**
 * Reads the manifests of one set, with their proofs. What is planted or broken is told, and hides nothing else.
 *
 * @throws {DbackedError} `store`, if the store cannot be listed or read.
 */
export async function listBackups(
  store: Store,
  set: string,
  verify: VerifyNote,
  signal: AbortSignal,
): Promise<Catalog> {
  const { reader, manifests, listing } = await openSet(store, `${set}/`, verify, signal);
  const read = await mapBounded(manifests, (object) => readBackup(reader, object));
  return {
    listing,
    backups: read.filter((each) => "manifest" in each).toSorted(newestFirst),
    broken: read.filter((each) => "failure" in each),
  };
}

/** The sets that a store holds backups of and that begin with `prefix`, for whoever has no list of them. */
export async function listSets(
  store: Store,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { objects } = await store.list(prefix, signal);
  const sets = objects.flatMap(({ key }) => parseManifestKey(key)?.set ?? []);
  return [...new Set(sets)].toSorted();
}

/**
 * Finds the newest backup of a set that counts, if there is one, and reads no manifest of an older second than that.
 *
 * @throws {DbackedError} `store`, if the store cannot be listed or read.
 */
export async function findNewest(
  store: Store,
  set: string,
  verify: VerifyNote,
  signal: AbortSignal,
): Promise<Backup | undefined> {
  const { reader, manifests } = await openSet(store, `${set}/${MILLENNIUM}`, verify, signal);
  // What is from the future by its name does not count, whatever it holds; there may be thousands of it.
  const latest = `${set}/${compactTime(new Date(reader.now.getTime() + CLOCK_TOLERANCE_MS))}~`;
  const past = manifests.filter(({ key }) => key < latest);
  const seconds = Map.groupBy(past.toReversed(), ({ key }) => key.slice(0, key.lastIndexOf("-")));
  for (const objects of seconds.values()) {
    const read = await mapBounded(objects, (object) => readBackup(reader, object));
    const counting = read.filter((each) => "manifest" in each).filter(({ doubt }) => doubt === null);
    if (counting.length > 0) return counting.toSorted(newestFirst)[0];
  }
  return undefined;
}

async function openSet(
  store: Store,
  prefix: string,
  verify: VerifyNote,
  signal: AbortSignal,
): Promise<{ reader: Reader; manifests: readonly StoredObject[]; listing: Listing }> {
  const listing = await store.list(prefix, signal);
  const { objects, now } = listing;
  const sizes = new Map(objects.map(({ key, size }) => [key, size]));
  const budget = new Budget(IN_HAND);
  const reader: Reader = { store, verify, now, sizes, proofs: groupProofs(objects), budget, signal };
  return { reader, listing, manifests: objects.filter(({ key }) => parseManifestKey(key) !== null) };
}

/** Names tell whole seconds only; the manifest tells more. */
function newestFirst(one: Backup, other: Backup): number {
  return one.manifest.takenAt < other.manifest.takenAt ? 1 : -1;
}

interface Reader {
  store: Store;
  verify: VerifyNote;
  now: Date;
  /** Bytes of every object of the set, by its key. */
  sizes: ReadonlyMap<string, number>;
  proofs: ReadonlyMap<string, readonly StoredObject[]>;
  budget: Budget;
  signal: AbortSignal;
}

async function readBackup(reader: Reader, object: StoredObject): Promise<Backup | BrokenManifest> {
  const name = parseManifestKey(object.key);
  if (name === null) throw new Error(`${object.key} is not a manifest's key`);
  try {
    const { payload, signer, trusted } = await readNote(reader, object, MANIFEST_TYPE, name);
    const manifest = parseManifest(payload, name);
    if (`ed25519:${manifest.signer}` !== signer) throw wrongSigner(name, signer);
    const proofs = await readProofs(reader, name, { signer, core: manifest.core });
    const doubt = trusted ? doubtOf(manifest, proofs, { ...reader, name }) : doubtOfStranger(signer);
    return { name, manifest, signer, proofs: summarizeProofs(proofs), storedAt: object.modifiedAt, doubt };
  } catch (error) {
    reader.signal.throwIfAborted();
    if (!isOfOneObject(error)) throw error;
    return { key: object.key, failure: error };
  }
}

function wrongSigner({ stem }: BackupName, signer: string): DbackedError {
  return new DbackedError(
    "damaged",
    `The manifest of ${stem} names another signer than ${signer}, whose it is`,
  );
}

/** Only proofs under a trusted signer count, and the backup's own signer counts for read-back alone. */
async function readProofs(
  reader: Reader,
  name: BackupName,
  { signer, core }: { signer: string; core: string },
): Promise<Proof[]> {
  const objects = reader.proofs.get(name.stem) ?? [];
  const proofs = await mapBounded(objects, async (object) => {
    try {
      const note = await readNote(reader, object, PROOF_TYPE, name);
      const proof = parseProof(note.payload, name);
      return proof.core === core && note.trusted && (note.signer !== signer || proof.kind === "read-back")
        ? [proof]
        : [];
    } catch (error) {
      reader.signal.throwIfAborted();
      if (isOfOneObject(error)) return [];
      throw error;
    }
  });
  return proofs.flat();
}

/**
 * Says whether other objects can still be read. One may go after it was listed: retention is a rule of the bucket. Whoever
 * lacks the right to read at all learns it from the set's identity, which is read first.
 */
function isOfOneObject(error: unknown): error is DbackedError {
  if (error instanceof NotFound || error instanceof Unreadable) return true;
  return error instanceof DbackedError && error.kind !== "store";
}

async function readNote(
  { store, verify, budget, signal }: Reader,
  object: StoredObject,
  payloadType: string,
  name: BackupName,
): Promise<VerifiedNote> {
  if (object.size > NOTE_LIMIT) {
    throw new DbackedError("damaged", `${object.key} has ${object.size} bytes, more than a note may have`);
  }
  return await budget.spend(object.size, async () => {
    const note = await collect(await store.get(object.key, null, signal), NOTE_LIMIT);
    return await verify(note, payloadType, object, name);
  });
}

function groupProofs(objects: readonly StoredObject[]): Map<string, StoredObject[]> {
  const proofs = objects.filter(({ key }) => parseProofKey(key) !== null);
  return Map.groupBy(proofs, ({ key }) => parseProofKey(key)?.stem ?? "");
}
