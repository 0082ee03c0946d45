import { type Bytes, type ByteStream, concat, streamOf, utf8 } from "../base/bytes.ts";
import { type CoreParts, MAX_CORE_BYTES, readCore, splitCore } from "./core.ts";
import { SIGNATURE_BYTES, verifySignature } from "./ed25519.ts";
import { parsePublicMetadata, type PublicMetadata } from "./metadata.ts";
import { ByteReader } from "./reader.ts";
import { refuseHeader } from "./refusal.ts";
import { signerText } from "./signer.ts";
import { MAX_STANZAS_BYTES, readStanzas, type Stanza } from "./stanza.ts";

/** The head of an envelope. There is none whose signature, by the signer that it names, was not verified. */
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
  readonly parts: CoreParts;
  readonly raw: HeaderPieces;
}

/** The header's pieces as they are in the file. */
interface HeaderPieces {
  core: Bytes;
  recipients: Bytes;
  mac: Bytes;
  signature: Bytes;
}

const MAC_BYTES = 32;
const SIGNED = utf8("dbacked.v2 header-sig\0");

/** No header is longer than this. */
export const MAX_HEADER_BYTES = MAX_CORE_BYTES + MAX_STANZAS_BYTES + MAC_BYTES + SIGNATURE_BYTES;

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
    const { bytes, stanzas } = await readStanzas(reader);
    const mac = await reader.takeWhole(MAC_BYTES);
    const signature = await reader.takeWhole(SIGNATURE_BYTES);
    const header = await assemble({ core, recipients: bytes, mac, signature }, stanzas);
    return { header, body: reader.rest() };
  } catch (error) {
    reader.cancel(error);
    throw error;
  }
}

/** Reads a header that is at hand as bytes; what follows it does not matter. @throws {Refusal} as `readHeader()` does. */
export async function parseHeader(bytes: Bytes): Promise<Header> {
  return (await readHeader(streamOf(bytes))).header;
}

async function assemble(raw: HeaderPieces, recipients: readonly Stanza[]): Promise<Header> {
  const coreHash = await sha256(raw.core);
  const parts = splitCore(raw.core);
  if (!(await verifySignature(parts.signer, headerMessage(coreHash), raw.signature))) {
    throw refuseHeader("header-signature", "its signature does not verify: it was changed");
  }
  const whole = concat(raw.core, raw.recipients, raw.mac, raw.signature);
  return {
    id: parts.salt.subarray(0, 16).toHex(),
    core: coreHash.toHex(),
    coreHash,
    signer: parts.signer,
    signerText: signerText(parts.signer),
    metadata: parsePublicMetadata(parts.metadata),
    recipients,
    headerBytes: whole.length,
    digest: (await sha256(whole)).toHex(),
    segmentSize: 2 ** parts.segmentLog2,
    parts,
    raw,
  };
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
