import { DbackedError } from "../base/error.ts";
import type { ByteRange } from "./store.ts";

/**
 * Refuses a range that `object` does not have.
 *
 * @throws {DbackedError} `damaged`, if the object is shorter than whoever asks was told.
 */
export function checkRange(object: string, range: ByteRange, size: number): void {
  if (range.start < 0 || range.end < range.start) throw new RangeError(`from ${range.start} to ${range.end}`);
  if (range.end > size)
    throw new DbackedError("damaged", `${object} has ${size} bytes, and should have ${range.end} or more`);
}
