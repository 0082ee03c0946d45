import type { Bytes, ByteStream } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";

/** There is no object under this key. */
export class NotFound extends DbackedError {
  constructor(label: string, key: string) {
    super("store", `${label} holds no ${key}`);
  }
}

/** The store works and does not give out this one object: it is sealed with a key of somebody else's, say. */
export class Unreadable extends DbackedError {
  constructor(refusal: DbackedError) {
    super("store", refusal.message, { hint: refusal.hint, cause: refusal });
  }
}

/** Where backups are kept. Keys are relative to the store's prefix, use `/`, and sort by time within a set. */
export interface Store {
  /** Which store, for messages: `s3://acme-backups/prefix` or `/srv/backups`. Never holds a secret. */
  readonly label: string;

  /**
   * Stores `body` under `key`, whole or not at all: if `body` errors, no object appears and nothing stays open.
   * Never replaces an object. What outgrows one object goes on in volumes `<key>.0001`, `.0002`, …; all of them
   * appear only after `body` has ended, the last one first, so that `key` never exists without what belongs to it.
   * Memory does not grow with the length of `body`, whose pieces are the store's: it detaches them when it is done.
   *
   * @returns the sizes of the volumes in bytes, in order.
   * @throws {DbackedError} `store`, if the key is taken or the store fails; the message says so if the object may have been stored nevertheless.
   */
  put(key: string, body: ByteStream, options: PutOptions, signal: AbortSignal): Promise<readonly number[]>;

  /**
   * Creates a small object, once. Its own lost answers are settled: an object with equal bytes is `created`.
   *
   * @returns `created`, or `exists` if the key holds other bytes.
   */
  create(key: string, bytes: Bytes, signal: AbortSignal): Promise<"created" | "exists">;

  /**
   * Reads one object, or the bytes [start, end) of it. The stream ends only after all bytes asked for have come.
   *
   * @throws {NotFound} if there is no such object; {DbackedError} `damaged`, if it is shorter than the range; `store`,
   * if the store fails.
   */
  get(key: string, range: ByteRange | null, signal: AbortSignal): Promise<ByteStream>;

  /** All objects whose key begins with `prefix`, sorted by key. Half-written objects never show. */
  list(prefix: string, signal: AbortSignal): Promise<Listing>;

  /** Removes one object; one that is not there is no error. */
  remove(key: string, signal: AbortSignal): Promise<void>;
}

export interface PutOptions {
  /** The backup's id: tells our own object from another's when an answer was lost. */
  id: string;
  /** Told whenever something arrived for good. */
  tookPart?: () => void;
  /** Told when all bytes have arrived, and the store makes an object of those of one volume. */
  completes?: () => void;
}

/** Bytes from `start` up to, not including, `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface StoredObject {
  key: string;
  /** Bytes. */
  size: number;
  /** By the store's clock. */
  modifiedAt: Date;
}

export interface Listing {
  objects: readonly StoredObject[];
  /** The store's own time when it answered. */
  now: Date;
}
