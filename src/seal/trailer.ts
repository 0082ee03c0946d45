import { type Bytes, concat, utf8 } from "../base/bytes.ts";
import { SIGNATURE_BYTES, verifySignature } from "./ed25519.ts";
import type { Header } from "./header.ts";
import { readU32, readU64, u32, u64 } from "./integer.ts";
import { Refusal, type RefusalCode } from "./refusal.ts";
import { type Chain, nonceOf } from "./segment.ts";

/** What is known only when the dump has ended. */
export interface Summary {
  /** Length of the dump before compression. */
  sourceBytes: number;
  /** SHA-256 of the dump before compression: 32 bytes. */
  sourceDigest: Bytes;
  finishedAt: Date;
  /** The dump program gave warnings. */
  warned: boolean;
}

/** The same as a reader finds it: a writer may have left the digest out. */
export interface ReadSummary extends Omit<Summary, "sourceDigest"> {
  sourceDigest: Bytes | null;
}

/** A trailer's fields. Nothing in it is verified by parsing. */
export interface Trailer {
  segments: number;
  plaintextBytes: number;
  chain: Bytes;
  raw: Bytes;
}

export const TRAILER_BYTES = 216;

const MAGIC = concat(utf8("DBKEND"), new Uint8Array([0x02, 0x0a]));
const CLEAR_BYTES = 56;
const SIGNED_BYTES = TRAILER_BYTES - SIGNATURE_BYTES;
const RESERVED_BYTES = 28;
const FINAL = utf8("dbacked.v2 final-sig\0");
const FLAG = { digest: 1, warned: 2 } as const;

/** Seals the summary: everything of a trailer but the signature. */
export async function sealTrailer(key: CryptoKey, chain: Chain, summary: Summary): Promise<Bytes> {
  const clear = concat(MAGIC, u64(chain.segments), u64(chain.plaintextBytes), chain.digest);
  const algorithm = { name: "AES-GCM", iv: nonceOf(chain.segments, true), additionalData: clear };
  const sealed = await crypto.subtle.encrypt(algorithm, key, encodeSummary(summary));
  return concat(clear, new Uint8Array(sealed));
}

/** What the signer signs of a trailer, given all of it but the signature. */
export function finalMessage(coreHash: Bytes, trailer: Bytes): Bytes {
  return concat(FINAL, coreHash, trailer.subarray(0, SIGNED_BYTES));
}

/** @throws {Refusal} `trailer`, if these bytes are no trailer. */
export function parseTrailer(raw: Bytes): Trailer {
  if (raw.length !== TRAILER_BYTES || Buffer.compare(raw.subarray(0, MAGIC.length), MAGIC) !== 0) {
    throw refuse(
      "trailer",
      "it does not end with a trailer: it is cut short, or something was appended to it",
    );
  }
  return {
    segments: readU64(raw, 8),
    plaintextBytes: readU64(raw, 16),
    chain: raw.slice(24, CLEAR_BYTES),
    raw,
  };
}

/**
 * Checks what can be checked of a trailer without a key: count, length and signature.
 *
 * @throws {Refusal} `trailer` or `final-signature`
 */
export async function verifyTrailer(
  trailer: Trailer,
  header: Header,
  found: { segments: number; plaintextBytes: number },
): Promise<void> {
  if (trailer.segments !== found.segments || trailer.plaintextBytes !== found.plaintextBytes) {
    throw refuse("trailer", "its trailer counts other segments or bytes than there are");
  }
  const message = finalMessage(header.coreHash, trailer.raw);
  if (await verifySignature(header.signer, message, trailer.raw.slice(SIGNED_BYTES))) return;
  throw refuse("final-signature", "its trailer is not signed by the signer of its header");
}

/** @throws {Refusal} `chain`, if the segments that came are not those of the trailer. */
export function checkChain(trailer: Trailer, chain: Chain): void {
  if (Buffer.compare(trailer.chain, chain.digest) === 0) return;
  throw refuse("chain", "its segments are not those that its trailer was signed for");
}

/** @throws {Refusal} `summary` */
export async function openSummary(key: CryptoKey, trailer: Trailer): Promise<ReadSummary> {
  const iv = nonceOf(trailer.segments, true);
  const additionalData = trailer.raw.slice(0, CLEAR_BYTES);
  const sealed = trailer.raw.slice(CLEAR_BYTES, SIGNED_BYTES);
  try {
    const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, sealed);
    return decodeSummary(new Uint8Array(opened));
  } catch (cause) {
    throw refuse("summary", "its trailer cannot be opened by its key", cause);
  }
}

function encodeSummary(summary: Summary): Bytes {
  if (summary.sourceDigest.length !== 32) throw new RangeError("a SHA-256 digest has 32 bytes");
  return concat(
    u64(summary.sourceBytes),
    summary.sourceDigest,
    u64(summary.finishedAt.getTime()),
    u32(FLAG.digest | (summary.warned ? FLAG.warned : 0)),
    new Uint8Array(RESERVED_BYTES),
  );
}

function decodeSummary(bytes: Bytes): ReadSummary {
  const flags = readU32(bytes, 48);
  return {
    sourceBytes: readU64(bytes, 0),
    sourceDigest: (flags & FLAG.digest) === 0 ? null : bytes.slice(8, 40),
    finishedAt: new Date(readU64(bytes, 40)),
    warned: (flags & FLAG.warned) !== 0,
  };
}

function refuse(code: RefusalCode, why: string, cause?: unknown): Refusal {
  return new Refusal(code, `The envelope is refused: ${why}`, {
    hint: "take another copy of this backup, or another backup",
    cause,
  });
}
