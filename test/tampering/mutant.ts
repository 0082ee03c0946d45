import type { Genuine } from "./genuine.ts";

/** An envelope that somebody has tampered with. */
export interface Mutant {
  /** What was done to it. */
  family: string;
  bytes: Buffer;
  /** Whose header it has: nothing but a beginning of that one's dump may come out. */
  of: Genuine;
  /**
   * Signed by somebody else: it is tried once more on a reader who believes every signer.
   *
   * @default false
   */
  isSignedAnew?: boolean;
  /**
   * Made by somebody who has its file key, as another recipient has: a stream shows that at its end only.
   *
   * @default false
   */
  byInsider?: boolean;
}

/** Begin of each segment, and of the trailer. */
export function bordersOf({ header, segments }: Genuine): readonly number[] {
  let at = header.length;
  return [at, ...segments.map((segment) => (at += segment.length))];
}

/** A copy in which the bytes from `at` on are `bytes`. */
export function overwritten(whole: Buffer, at: number, bytes: Uint8Array): Buffer {
  const copy = Buffer.from(whole);
  copy.set(bytes.subarray(0, copy.length - at), at);
  return copy;
}

/** A copy in which one bit is another; bits count from the highest of the first byte. */
export function flipped(whole: Buffer, bit: number): Buffer {
  const copy = Buffer.from(whole);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (0x80 >> (bit & 7)), bit >> 3);
  return copy;
}
