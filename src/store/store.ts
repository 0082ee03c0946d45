import type { Bytes, ByteStream } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { Trials } from "./trial.ts";

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

/** The store keeps an object whoever asks for its removal. */
export class Retained extends DbackedError {
  /** When it may go; null if nobody has said when. */
  readonly until: Date | null;

  constructor(label: string, key: string, until: Date | null) {
    const why = until === null ? "a legal hold lies on it" : `it is retained until ${until.toISOString()}`;
    super("store", `${label} does not give up ${key}: ${why}`);
    this.until = until;
  }
}

/** Where backups are kept. Keys are relative to the store's prefix, use `/`, and sort by time within a set. */
export interface Store {
  /** Which store, for messages: `s3://acme-backups/prefix` or `/srv/backups`. Never holds a secret. */
  readonly label: string;

  /**
   * Whether of two that create the same key at once only one does. Null or left out while nobody knows; some stores take
   * part in it without keeping it, and never tell.
   */
  readonly createsOnce?: boolean | null;

  /** Bytes of the largest object here: what is longer goes on in a volume after each so many. Left out where none is too large. */
  readonly volumeBytes?: number;

  /** Its time is this host's, so that it cannot tell whether that is wrong. @default false */
  readonly hasHostTime?: boolean;

  /** What was begun here and is no object yet, or never will be. */
  readonly drafts: Drafts;

  /** What this sort of store can be tried for; left out where there is nothing but what every store promises. */
  readonly trials?: Trials;

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

  /**
   * Removes objects for good, in this order, with whatever versions the store has of them. One that is not there is no error.
   *
   * @throws {Retained} before anything is removed, if the store keeps one of them; {DbackedError} `store`, if it fails.
   */
  remove(keys: readonly string[], signal: AbortSignal): Promise<void>;
}

/** Half-written objects, which no listing of objects shows: temporary files, or uploads that are open. */
export interface Drafts {
  /** All of those that would have a key that begins with `prefix`. */
  list(prefix: string, signal: AbortSignal): Promise<readonly Draft[]>;

  /** Gives one up; one that is gone is no error. */
  discard(draft: Draft, signal: AbortSignal): Promise<void>;
}

/** An object that was begun. */
export interface Draft {
  /** The key that it would have; where that is not known, its own, in the same set. */
  key: string;
  /** Tells it from others of the same key. */
  id: string;
  /** Bytes that have arrived. */
  size: number;
  /** When it was last written to. */
  modifiedAt: Date;
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
