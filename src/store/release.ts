import type { Bytes } from "../base/bytes.ts";

/** Smaller pieces are not worth it, and may share their memory with others. */
const SMALLEST = 64 * 1024;

/**
 * Gives the memory of a piece back at once, when it has been copied or written. Left to the garbage collector, the
 * pieces of a fast stream pile up to 80 MB before it runs (measured).
 */
export function release(piece: Bytes): void {
  const isWhole = piece.byteOffset === 0 && piece.byteLength === piece.buffer.byteLength;
  if (isWhole && piece.byteLength >= SMALLEST) piece.buffer.transfer(0);
}
