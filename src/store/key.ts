import { DbackedError } from "../base/error.ts";

/** S3 allows 1,024 bytes; Linux allows 255 for each part of a path. */
const LONGEST_KEY = 1000;
/** Bytes that a part of a key, between two `/`, may have. */
export const LONGEST_PART = 250;

/**
 * Says whether an object can have this key: not if it would leave the store, or not every store can hold it: `..`, empty
 * parts, a leading `/`, control characters. A part that begins with a dot is kept for files that are being written.
 */
export function isKey(key: string): boolean {
  const parts = key.split("/");
  const isTooLong =
    Buffer.byteLength(key) > LONGEST_KEY || parts.some((part) => Buffer.byteLength(part) > LONGEST_PART);
  const isOdd = parts.some((part) => part === "" || part.startsWith(".")) || /\p{Cc}/u.test(key);
  return !isTooLong && !isOdd && key.isWellFormed();
}

/**
 * Refuses what is no key of an object, by {@link isKey}.
 *
 * @throws {DbackedError} `store`
 */
export function checkKey(key: string): void {
  if (isKey(key)) return;
  throw new DbackedError("store", `${JSON.stringify(key)} cannot be the name of an object`);
}

/** Puts objects in the order of their keys, the same on every store. */
export function byKey(one: { key: string }, other: { key: string }): number {
  if (one.key === other.key) return 0;
  return one.key < other.key ? -1 : 1;
}

/** Key of volume `number`: the first has the object's own key, then come `.0001`, `.0002`, … */
export function volumeKey(key: string, number: number): string {
  return number === 0 ? key : `${key}.${String(number).padStart(4, "0")}`;
}
