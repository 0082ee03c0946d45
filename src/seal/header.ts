import { type Bytes, type ByteStream, concat, utf8 } from "../base/bytes.ts";
import { isStrictPoint, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, verifySignature } from "./ed25519.ts";
import { METADATA_BYTES, parsePublicMetadata, type PublicMetadata } from "./metadata.ts";
import { ByteReader } from "./reader.ts";
import { Refusal, type RefusalCode } from "./refusal.ts";
import { signerText } from "./signer.ts";

/** What stands at the head of an envelope. There is none whose signature was not verified by the signer that it names. */
export interface Header {
  /** The backup's id: 32 hex digits. */
  readonly id: string;
  /** SHA-256 of the core in hex: the identity of this very envelope. */
  readonly core: string;
  readonly coreHash: Bytes;
  /** 32 bytes. */
  readonly signer: Bytes;
  /** `ed25519:<base64>` */
  readonly signerText: string;
  readonly metadata: PublicMetadata;
  /** Also of types that this version does not know. */
  readonly recipients: readonly Stanza[];
  /** Length of the whole header; the first segment begins there. */
  readonly headerBytes: number;
  /** SHA-256 of the whole header, in hex. */
  readonly digest: string;
  /** Bytes of plaintext in each segment but the last. */
  readonly segmentSize: number;
  readonly raw: HeaderPieces;
}

/** A file key, wrapped for one recipient. */
export interface Stanza {
  type: number;
  /** SHA-256 of the recipient's SPKI, in hex. */
  fingerprint: string;
  body: Bytes;
}

/** The header's pieces as they are in the file. */
export interface HeaderPieces {
  core: Bytes;
  recipients: Bytes;
  mac: Bytes;
  signature: Bytes;
}

/** What the fixed part of the core says. */
export interface CoreFields {
  salt: Bytes;
  commitment: Bytes;
  signer: Bytes;
  segmentLog2: number;
  metadata: Bytes;
  /** Length of the sealed metadata with its tag. */
  sealedBytes: number;
}

export const MAC_BYTES = 32;
export const SALT_BYTES = 32;
export const SEGMENT_LOG2 = { min: 12, max: 24, default: 20 } as const;
export const MAX_RECIPIENTS = 64;

const MAGIC = utf8("DBACKED");
const MAJOR = 2;
const SUITE = 1;
const FIXED_BYTES = 120;
const TAG_BYTES = 16;
const MAX_BODY_BYTES = 8192;
const STANZA_HEAD_BYTES = 36;
const SIGNED = utf8("dbacked.v2 header-sig\0");

/** No header is longer than this. */
export const MAX_HEADER_BYTES =
  FIXED_BYTES +
  METADATA_BYTES.public.max +
  METADATA_BYTES.sealed.max +
  TAG_BYTES +
  2 +
  MAX_RECIPIENTS * (STANZA_HEAD_BYTES + MAX_BODY_BYTES) +
  MAC_BYTES +
  SIGNATURE_BYTES;

/** The core up to where the sealed metadata begins, which is what the sealed metadata is bound to. */
export function encodeCore(fields: CoreFields): Bytes {
  const head = new Uint8Array(16);
  const view = viewOf(head);
  head.set(MAGIC);
  view.setUint8(7, MAJOR);
  view.setUint16(8, SUITE);
  view.setUint8(10, fields.segmentLog2);
  view.setUint32(12, FIXED_BYTES + fields.metadata.length + fields.sealedBytes);
  const lengths = new Uint8Array(8);
  viewOf(lengths).setUint32(0, fields.metadata.length);
  viewOf(lengths).setUint32(4, fields.sealedBytes);
  return concat(head, fields.salt, fields.commitment, fields.signer, lengths, fields.metadata);
}

/** All stanzas, with their count before them. */
export function encodeRecipients(stanzas: readonly Stanza[]): Bytes {
  const count = new Uint8Array(2);
  viewOf(count).setUint16(0, stanzas.length);
  const encoded = stanzas.map(({ type, fingerprint, body }) => {
    const head = new Uint8Array(4);
    viewOf(head).setUint16(0, type);
    viewOf(head).setUint16(2, body.length);
    return concat(head, Uint8Array.fromHex(fingerprint), body);
  });
  return concat(count, ...encoded);
}

/** What the signer signs of a header. */
export function headerMessage(coreHash: Bytes): Bytes {
  return concat(SIGNED, coreHash);
}

/**
 * Reads the header that a stream begins with; `body` is everything behind it.
 *
 * @throws {Refusal} `damaged`, if it is not a header of version 2, or its signature does not verify.
 */
export async function readHeader(
  stream: ByteStream,
  signal?: AbortSignal,
): Promise<{ header: Header; body: ByteStream }> {
  const reader = new ByteReader(stream, signal);
  try {
    const core = await readCore(reader);
    const recipients = await readRecipients(reader);
    const mac = await takeAll(reader, MAC_BYTES);
    const signature = await takeAll(reader, SIGNATURE_BYTES);
    const header = await assemble({ core, recipients: recipients.bytes, mac, signature }, recipients.stanzas);
    return { header, body: reader.rest() };
  } catch (error) {
    reader.cancel(error);
    throw error;
  }
}

async function assemble(raw: HeaderPieces, stanzas: readonly Stanza[]): Promise<Header> {
  const coreHash = await sha256(raw.core);
  const signer = raw.core.slice(80, 80 + PUBLIC_KEY_BYTES);
  if (!(await verifySignature(signer, headerMessage(coreHash), raw.signature))) {
    throw refuse(
      "header-signature",
      "its signature does not verify",
      "the header was changed: fetch it again",
    );
  }
  const publicBytes = viewOf(raw.core).getUint32(112);
  const whole = concat(raw.core, raw.recipients, raw.mac, raw.signature);
  return {
    id: raw.core.subarray(16, 32).toHex(),
    core: coreHash.toHex(),
    coreHash,
    signer,
    signerText: signerText(signer),
    metadata: parsePublicMetadata(raw.core.subarray(FIXED_BYTES, FIXED_BYTES + publicBytes)),
    recipients: stanzas,
    headerBytes: whole.length,
    digest: (await sha256(whole)).toHex(),
    segmentSize: 2 ** (raw.core[10] ?? 0),
    raw,
  };
}

async function readCore(reader: ByteReader): Promise<Bytes> {
  const fixed = await reader.take(FIXED_BYTES);
  checkVersion(fixed);
  if (fixed.length < FIXED_BYTES) throw refuseCut();
  const view = viewOf(fixed);
  if (view.getUint16(8) !== SUITE) throw refuseNewer("suite", `the set of algorithms ${view.getUint16(8)}`);
  const segmentLog2 = view.getUint8(10);
  if (segmentLog2 < SEGMENT_LOG2.min || segmentLog2 > SEGMENT_LOG2.max) {
    throw refuse("segment-size", `segments of 2^${segmentLog2} bytes are not allowed`);
  }
  if (view.getUint8(11) !== 0) throw refuseNewer("flags", `the flags ${view.getUint8(11)}`);
  const [publicBytes, sealedBytes] = [view.getUint32(112), view.getUint32(116)];
  checkLength(publicBytes, METADATA_BYTES.public, 0);
  checkLength(sealedBytes, METADATA_BYTES.sealed, TAG_BYTES);
  if (view.getUint32(12) !== FIXED_BYTES + publicBytes + sealedBytes) {
    throw refuse("core-length", "its lengths contradict each other");
  }
  if (!isStrictPoint(fixed.subarray(80, 80 + PUBLIC_KEY_BYTES))) {
    throw refuse("signer", "its signer is no key that only its owner can sign under");
  }
  return concat(fixed, await takeAll(reader, publicBytes + sealedBytes));
}

function checkVersion(fixed: Bytes): void {
  if (Buffer.compare(fixed.subarray(0, MAGIC.length), MAGIC.subarray(0, fixed.length)) !== 0) {
    throw refuse("magic", "it does not begin with DBACKED", "is this file a backup made by dbacked?");
  }
  const major = fixed[MAGIC.length];
  if (major === 0 || major === 1) {
    throw refuse(
      "legacy",
      "it is of version 1, which nothing authenticates",
      "`--allow-legacy-v1` opens it all the same",
    );
  }
  if (major !== undefined && major !== MAJOR) throw refuseNewer("version", `version ${major}`);
}

function checkLength(length: number, bounds: { min: number; max: number }, tag: number): void {
  if (length >= bounds.min + tag && length <= bounds.max + tag) return;
  throw refuse("metadata-length", `metadata of ${length} bytes is not allowed`);
}

async function readRecipients(reader: ByteReader): Promise<{ bytes: Bytes; stanzas: readonly Stanza[] }> {
  const pieces = [await takeAll(reader, 2)];
  const count = viewOf(concat(...pieces)).getUint16(0);
  if (count < 1 || count > MAX_RECIPIENTS) throw refuse("recipients", `${count} recipients are not allowed`);
  const stanzas: Stanza[] = [];
  for (let index = 0; index < count; index += 1) {
    const head = await takeAll(reader, STANZA_HEAD_BYTES);
    const bodyBytes = viewOf(head).getUint16(2);
    if (bodyBytes < 1 || bodyBytes > MAX_BODY_BYTES) {
      throw refuse("recipients", `a wrapped key of ${bodyBytes} bytes is not allowed`);
    }
    const body = await takeAll(reader, bodyBytes);
    stanzas.push({ type: viewOf(head).getUint16(0), fingerprint: head.subarray(4).toHex(), body });
    pieces.push(head, body);
  }
  return { bytes: concat(...pieces), stanzas };
}

async function takeAll(reader: ByteReader, length: number): Promise<Bytes> {
  const bytes = await reader.take(length);
  if (bytes.length < length) throw refuseCut();
  return bytes;
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function viewOf(bytes: Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refuseCut(): Refusal {
  return refuse("truncated", "it ends within its header", "fetch it again: this copy is cut short");
}

function refuseNewer(code: "version" | "suite" | "flags", what: string): Refusal {
  return refuse(code, `it uses ${what}, which is not known here`, "was it written by a newer dbacked?");
}

function refuse(code: RefusalCode, why: string, hint?: string): Refusal {
  return new Refusal(
    code,
    `This is no envelope that can be opened: ${why}`,
    hint === undefined ? {} : { hint },
  );
}
