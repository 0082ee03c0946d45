import { collect } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import { type LeaseObject, leasesOn, parseLeaseKey } from "../catalog/lease-key.ts";
import { LEASE_TYPE, type LeaseNote, parseLease } from "../catalog/lease-note.ts";
import { verifyNote } from "../seal/note.ts";
import { signerText } from "../seal/signer.ts";
import { keysAt, type TrustedSigner } from "../seal/unlock.ts";
import { NotFound, type Store, type StoredObject, Unreadable } from "../store/store.ts";
import { isGone } from "./process.ts";

/** Bytes; a note of a lease has about 700. */
const NOTE_LIMIT = 16 * 1024;

/** Signs of one lease that are read until one is genuine. */
const MOST_READ = 5;

const DAY_MS = 24 * 60 * 60 * 1000;

/** How long a lease is looked for after it was taken, in days. */
const DAYS = 2;

/** The leases of a set, and whose word is taken for them. */
export interface LeasePlace {
  set: string;
  store: Store;
  trusted: readonly TrustedSigner[];
  /** How long, in ms, a lease is held after the last sign of life. */
  timeoutMs: number;
  now: () => Date;
}

/** A lease whose holder is alive, as far as one can see. */
export interface HeldLease {
  lease: string;
  note: LeaseNote;
  signer: string;
  takenAt: Date;
  lastSignAt: Date;
}

interface Sight {
  held: readonly HeldLease[];
  /** The last lease that was taken; null if there is none. */
  last: string | null;
  /** By the store's clock. */
  now: Date;
}

/**
 * Looks who holds a set. A lease counts only under a trusted signer: nobody else can keep backups from being made.
 *
 * @throws {DbackedError} `store`
 */
export async function lookForLeases(place: LeasePlace, signal: AbortSignal): Promise<Sight> {
  const { objects, now } = await listRecent(place, signal);
  const known = objects.flatMap((object) => {
    const parsed = parseLeaseKey(place.set, object.key);
    return parsed === null ? [] : [{ ...parsed, object }];
  });
  const held: HeldLease[] = [];
  for (const [lease, pieces] of Map.groupBy(known, (piece) => piece.lease)) {
    if (pieces.some(({ sign }) => sign === "end")) continue;
    const found = await findHolder(place, { lease, pieces, now }, signal);
    if (found !== null) held.push(found);
  }
  const last =
    known
      .map(({ lease }) => lease)
      .toSorted(byNumber)
      .at(-1) ?? null;
  return { held, last, now };
}

/** Days are those of the store's clock, which the first answer tells. */
async function listRecent({ set, store, now }: LeasePlace, signal: AbortSignal) {
  const guess = leasesOn(set, now());
  const first = await store.list(guess, signal);
  const objects = [...first.objects];
  const days = Array.from({ length: DAYS + 1 }, (_, back) =>
    leasesOn(set, new Date(first.now.getTime() - back * DAY_MS)),
  );
  for (const day of days) if (day !== guess) objects.push(...(await store.list(day, signal)).objects);
  return { objects, now: first.now };
}

type Piece = LeaseObject & { object: StoredObject };

async function findHolder(
  place: LeasePlace,
  { lease, pieces, now }: { lease: string; pieces: readonly Piece[]; now: Date },
  signal: AbortSignal,
): Promise<HeldLease | null> {
  const fresh = pieces
    .filter(({ object }) => Math.abs(now.getTime() - object.modifiedAt.getTime()) < place.timeoutMs)
    .toSorted((one, other) => Number(other.sign) - Number(one.sign))
    .slice(0, MOST_READ);
  for (const piece of fresh) {
    const read = await readNote(place, piece, signal);
    if (read === null) continue;
    const { process } = read.note;
    if (process !== null && (await isGone(process))) return null;
    const takenAt = pieces.find(({ sign }) => sign === 0)?.object.modifiedAt ?? piece.object.modifiedAt;
    return { lease, ...read, takenAt, lastSignAt: piece.object.modifiedAt };
  }
  return null;
}

/** Null if it is nobody's that we know. */
async function readNote(
  { set, store, trusted }: LeasePlace,
  { object, ...piece }: Piece,
  signal: AbortSignal,
): Promise<Pick<HeldLease, "note" | "signer"> | null> {
  if (object.size > NOTE_LIMIT) return null;
  try {
    const bytes = await collect(await store.get(object.key, null, signal), NOTE_LIMIT);
    const { payload, signer } = await verifyNote(bytes, LEASE_TYPE, keysAt(trusted, object.modifiedAt));
    const note = parseLease(payload, set, piece);
    return note === null ? null : { note, signer: signerText(signer) };
  } catch (error) {
    signal.throwIfAborted();
    const isOfOneObject = error instanceof NotFound || error instanceof Unreadable;
    if (isOfOneObject || error instanceof RangeError) return null;
    if (error instanceof DbackedError && error.kind !== "store") return null;
    throw error;
  }
}

function byNumber(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : 1);
}
