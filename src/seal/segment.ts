import { type Bytes, concat, utf8 } from "../base/bytes.ts";
import { u64 } from "./integer.ts";
import { Refusal } from "./refusal.ts";

/** What the cipher adds to each segment. */
export const TAG_BYTES = 16;

/** Most segments in one envelope. */
const MAX_SEGMENTS = 2 ** 32 - 1;

/** Most plaintext in one envelope: 64 TiB. */
const MAX_PLAINTEXT_BYTES = 2 ** 46;

const { subtle } = crypto;
const CHAIN_START = utf8("dbacked.v2 chain\0");

/** A sealed segment and its digest. */
export interface SealedSegment {
  bytes: Bytes;
  digest: Bytes;
}

/** An opened segment and the digest of what it was opened from. */
export interface OpenedSegment {
  plaintext: Bytes;
  digest: Bytes;
}

/** The nonce of segment `index`, or of the trailer that ends an envelope of `index` segments. */
export function nonceOf(index: number, last: boolean): Bytes {
  return concat(new Uint8Array(3), u64(index), new Uint8Array([last ? 1 : 0]));
}

/** Seals a segment. `plaintext` may change as soon as this has returned its promise. */
export async function sealSegment(key: CryptoKey, index: number, plaintext: Bytes): Promise<SealedSegment> {
  const algorithm = { name: "AES-GCM", iv: nonceOf(index, false) };
  const bytes = new Uint8Array(await subtle.encrypt(algorithm, key, plaintext));
  return { bytes, digest: await digestSegment(bytes) };
}

/**
 * Opens a segment. `bytes` may change as soon as this has returned its promise.
 *
 * @throws {Refusal} `segment`
 */
export async function openSegment(key: CryptoKey, index: number, bytes: Bytes): Promise<OpenedSegment> {
  const algorithm = { name: "AES-GCM", iv: nonceOf(index, false) };
  try {
    const [plaintext, digest] = await Promise.all([
      subtle.decrypt(algorithm, key, bytes),
      digestSegment(bytes),
    ]);
    return { plaintext: new Uint8Array(plaintext), digest };
  } catch (cause) {
    throw new Refusal("segment", `Segment ${index} of the envelope was changed, moved or cut`, {
      hint: "nothing behind it was given out; take another backup, or another copy of this one",
      cause,
      segment: index,
    });
  }
}

export async function digestSegment(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle.digest("SHA-256", bytes));
}

/** The running digest over all segments, which anybody can compute without a key; and their number and length. */
export class Chain {
  #digest: Bytes;
  #segments: number;
  #plaintextBytes: number;

  /** `segments` and `plaintextBytes` are where to begin to count. */
  constructor(coreHash: Bytes, segments = 0, plaintextBytes = 0) {
    this.#digest = hash(CHAIN_START, coreHash);
    this.#segments = segments;
    this.#plaintextBytes = plaintextBytes;
  }

  /**
   * Counts a segment in before it is worked on, and gives its index.
   *
   * @throws {Refusal} `too-long`, if that would be more than an envelope can hold.
   */
  begin(plaintextBytes: number): number {
    this.#plaintextBytes += plaintextBytes;
    checkLength(this.#segments + 1, this.#plaintextBytes);
    this.#segments += 1;
    return this.#segments - 1;
  }

  /** Takes the digest of the next segment in, in order. */
  add(digest: Bytes): void {
    this.#digest = hash(this.#digest, digest);
  }

  get digest(): Bytes {
    return this.#digest;
  }

  get segments(): number {
    return this.#segments;
  }

  get plaintextBytes(): number {
    return this.#plaintextBytes;
  }
}

/** @throws {Refusal} `too-long` */
export function checkLength(segments: number, plaintextBytes: number): void {
  if (segments <= MAX_SEGMENTS && plaintextBytes <= MAX_PLAINTEXT_BYTES) return;
  throw new Refusal("too-long", "An envelope holds at most 64 TiB in at most 4,294,967,295 segments", {
    hint: "split the dump, or use larger segments",
  });
}

/** Small inputs: a call that waits for a thread would cost more than the hash. */
function hash(...pieces: readonly Bytes[]): Bytes {
  return new Uint8Array(new Bun.CryptoHasher("sha256").update(concat(...pieces)).digest());
}
