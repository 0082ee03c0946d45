import { type Bytes, concat, utf8 } from "../base/bytes.ts";
import { isStrictPoint, PUBLIC_KEY_BYTES } from "./ed25519.ts";
import { readU16, readU32, u16, u32 } from "./integer.ts";
import { METADATA_BYTES } from "./metadata.ts";
import type { ByteReader } from "./reader.ts";
import { type Refusal, refuseCut, refuseHeader } from "./refusal.ts";
import { TAG_BYTES } from "./segment.ts";

/** The core's parts: what every key that is used later is bound to. */
export interface CoreParts {
  segmentLog2: number;
  salt: Bytes;
  commitment: Bytes;
  /** Raw Ed25519 public key. */
  signer: Bytes;
  /** UTF-8 of the public metadata. */
  metadata: Bytes;
  /** With its tag. */
  sealedMetadata: Bytes;
}

export const SALT_BYTES = 32;
export const SEGMENT_LOG2 = { min: 12, max: 24, default: 20 } as const;

const MAGIC = utf8("DBACKED");
const MAJOR = 2;
const SUITE = 1;

/** Length of the part that has the same size in every core. */
const FIXED_BYTES = 120;

/** No core is longer than this. */
export const MAX_CORE_BYTES = FIXED_BYTES + METADATA_BYTES.public.max + METADATA_BYTES.sealed.max + TAG_BYTES;

/** The core up to the sealed metadata, which is bound to it. `sealedBytes` is their length, with the tag. */
export function encodeCore(parts: Omit<CoreParts, "sealedMetadata">, sealedBytes: number): Bytes {
  return concat(
    MAGIC,
    new Uint8Array([MAJOR]),
    u16(SUITE),
    new Uint8Array([parts.segmentLog2, 0]),
    u32(FIXED_BYTES + parts.metadata.length + sealedBytes),
    parts.salt,
    parts.commitment,
    parts.signer,
    u32(parts.metadata.length),
    u32(sealedBytes),
    parts.metadata,
  );
}

/** Takes a core apart that {@link readCore} has checked. */
export function splitCore(core: Bytes): CoreParts {
  const end = FIXED_BYTES + readU32(core, 112);
  return {
    segmentLog2: core[10] ?? 0,
    salt: core.slice(16, 48),
    commitment: core.slice(48, 80),
    signer: core.slice(80, 80 + PUBLIC_KEY_BYTES),
    metadata: core.slice(FIXED_BYTES, end),
    sealedMetadata: core.slice(end),
  };
}

/**
 * Reads a core. Every bound is checked before the bytes that it is a bound of are read.
 *
 * @throws {Refusal} with the code of the field that is wrong; `legacy`, if it is of version 1.
 */
export async function readCore(reader: ByteReader): Promise<Bytes> {
  const fixed = await reader.take(FIXED_BYTES);
  checkVersion(fixed);
  if (fixed.length < FIXED_BYTES) throw refuseCut();
  checkAlgorithms(fixed);
  const [publicBytes, sealedBytes] = [readU32(fixed, 112), readU32(fixed, 116)];
  checkLength(publicBytes, METADATA_BYTES.public, 0);
  checkLength(sealedBytes, METADATA_BYTES.sealed, TAG_BYTES);
  if (readU32(fixed, 12) !== FIXED_BYTES + publicBytes + sealedBytes) {
    throw refuseHeader("core-length", "its lengths contradict each other");
  }
  if (!isStrictPoint(fixed.slice(80, 80 + PUBLIC_KEY_BYTES))) {
    throw refuseHeader("signer", "its signer is no key that only its owner could sign under");
  }
  return concat(fixed, await reader.takeWhole(publicBytes + sealedBytes));
}

function checkVersion(fixed: Bytes): void {
  if (Buffer.compare(fixed.subarray(0, MAGIC.length), MAGIC.subarray(0, fixed.length)) !== 0) {
    throw refuseHeader("magic", "it does not begin with DBACKED", "is this file a backup made by dbacked?");
  }
  const major = fixed[MAGIC.length];
  if (major === 0 || major === 1) {
    const hint = "--allow-legacy-v1 opens it all the same; compare what comes out with what you know";
    throw refuseHeader("legacy", "it is of version 1, in which nothing is authenticated", hint);
  }
  if (major !== undefined && major !== MAJOR) throw refuseNewer("version", `version ${major}`);
}

function checkAlgorithms(fixed: Bytes): void {
  const suite = readU16(fixed, 8);
  if (suite !== SUITE) throw refuseNewer("suite", `the set of algorithms ${suite}`);
  const [log2 = 0, flags = 0] = fixed.subarray(10, 12);
  if (log2 < SEGMENT_LOG2.min || log2 > SEGMENT_LOG2.max) {
    throw refuseHeader("segment-size", `segments of 2^${log2} bytes are not allowed`);
  }
  if (flags !== 0) throw refuseNewer("flags", `the flags ${flags}`);
}

function checkLength(length: number, bounds: { min: number; max: number }, tagBytes: number): void {
  if (length >= bounds.min + tagBytes && length <= bounds.max + tagBytes) return;
  throw refuseHeader("metadata-length", `metadata of ${length} bytes are not allowed`);
}

function refuseNewer(code: "version" | "suite" | "flags", what: string): Refusal {
  return refuseHeader(code, `it uses ${what}, which is not known here`, "was it made by a newer dbacked?");
}
