import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  publicEncrypt,
  sign,
  type KeyObject,
} from "node:crypto";

/** One entry of RECIPIENTS. */
export interface Entry {
  type: number;
  fingerprint: Buffer;
  body: Buffer;
}

/** Signs as a host does; a forger may answer with anything. */
export interface Signer {
  publicKey: Buffer;
  sign: (message: Buffer) => Buffer;
}

/** All that an envelope is made of. What is null follows from the rest, as docs/format.md has it. */
export interface Design {
  magic: string;
  major: number;
  suite: number;
  segmentLog2: number;
  flags: number;
  coreLength: number | null;
  publicLength: number | null;
  sealedLength: number | null;
  salt: Buffer;
  fileKey: Buffer;
  commitment: Buffer | null;
  signer: Signer;
  metadata: Buffer;
  sealedMetadata: Buffer;
  recipients: Buffer;
  headerMac: Buffer | null;
  headerMessage: string;
  headerSignature: Buffer | null;
  /** Changes the finished core before it is hashed, and so before everything that depends on it. */
  mangleCore: (core: Buffer) => void;
  /** Plaintext of each segment. */
  segments: readonly Buffer[];
  /** What the file holds instead of the sealed segments; the trailer is still about the right ones. */
  mangleSegments: (sealed: readonly Buffer[], key: Buffer) => readonly Buffer[];
  /** The uncompressed dump, for the summary. */
  dump: Buffer;
  count: bigint | null;
  length: bigint | null;
  chain: Buffer | null;
  summary: Buffer | null;
  /** Changes the sealed summary before the trailer is signed. */
  mangleSummary: (sealed: Buffer) => void;
  finalMessage: string;
  finalSignature: Buffer | null;
}

export interface Forged {
  core: Buffer;
  coreHash: Buffer;
  header: Buffer;
  segments: readonly Buffer[];
  trailer: Buffer;
  bytes: Buffer;
}

/** Builds any envelope, right or wrong, by the words of docs/format.md and with no code of src/seal. */
export function forge(design: Design): Forged {
  const core = buildCore(design);
  const coreHash = sha256(core);
  const mac = createHmac("sha256", derive(design, "header-mac", coreHash))
    .update(core)
    .update(design.recipients);
  const signature = design.signer.sign(Buffer.concat([Buffer.from(`${design.headerMessage}\0`), coreHash]));
  const header = Buffer.concat([
    core,
    design.recipients,
    design.headerMac ?? mac.digest(),
    design.headerSignature ?? signature,
  ]);
  const key = derive(design, "payload", coreHash);
  const sealed = design.segments.map((plain, index) => gcmSeal(key, nonceOf(BigInt(index), 0), plain));
  const trailer = buildTrailer(design, { key, coreHash, segments: sealed });
  const segments = design.mangleSegments(sealed, key);
  return { core, coreHash, header, segments, trailer, bytes: Buffer.concat([header, ...segments, trailer]) };
}

function buildCore(design: Design): Buffer {
  const { metadata, sealedMetadata } = design;
  const sealedLength = sealedMetadata.length + 16;
  const fixed = Buffer.alloc(120);
  fixed.write(design.magic, 0, "latin1");
  fixed.writeUInt8(design.major, 7);
  fixed.writeUInt16BE(design.suite, 8);
  fixed.writeUInt8(design.segmentLog2, 10);
  fixed.writeUInt8(design.flags, 11);
  fixed.writeUInt32BE(design.coreLength ?? 120 + metadata.length + sealedLength, 12);
  design.salt.copy(fixed, 16);
  (design.commitment ?? derive(design, "commit")).copy(fixed, 48);
  design.signer.publicKey.copy(fixed, 80);
  fixed.writeUInt32BE(design.publicLength ?? metadata.length, 112);
  fixed.writeUInt32BE(design.sealedLength ?? sealedLength, 116);
  const open = Buffer.concat([fixed, metadata]);
  const core = Buffer.concat([open, gcmSeal(derive(design, "meta"), Buffer.alloc(12), sealedMetadata, open)]);
  design.mangleCore(core);
  return core;
}

function buildTrailer(design: Design, body: { key: Buffer; coreHash: Buffer; segments: Buffer[] }): Buffer {
  const count = BigInt(design.segments.length);
  const length = BigInt(design.segments.reduce((sum, each) => sum + each.length, 0));
  const fixed = Buffer.alloc(56);
  fixed.write("DBKEND\x02\x0a", 0, "latin1");
  fixed.writeBigUInt64BE(design.count ?? count, 8);
  fixed.writeBigUInt64BE(design.length ?? length, 16);
  (design.chain ?? chainOf(body.coreHash, body.segments)).copy(fixed, 24);
  const sealed = gcmSeal(body.key, nonceOf(count, 1), design.summary ?? summaryOf(design.dump), fixed);
  design.mangleSummary(sealed);
  const signed = Buffer.concat([fixed, sealed]);
  const message = Buffer.concat([Buffer.from(`${design.finalMessage}\0`), body.coreHash, signed]);
  return Buffer.concat([signed, design.finalSignature ?? design.signer.sign(message)]);
}

/** The 80 bytes that a trailer seals. */
export function summaryOf(dump: Uint8Array, flags = 1): Buffer {
  const summary = Buffer.alloc(80);
  summary.writeBigUInt64BE(BigInt(dump.length), 0);
  sha256(dump).copy(summary, 8);
  summary.writeBigUInt64BE(1_795_000_000_000n, 40);
  summary.writeUInt32BE(flags, 48);
  return summary;
}

/** D_n of these segments. */
export function chainOf(coreHash: Buffer, segments: readonly Buffer[]): Buffer {
  let digest = sha256(Buffer.from("dbacked.v2 chain\0"), coreHash);
  for (const segment of segments) digest = sha256(digest, sha256(segment));
  return digest;
}

/** The nonce of segment `index`, or of the trailer. */
export function nonceOf(index: bigint, last: 0 | 1): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(index, 3);
  nonce.writeUInt8(last, 11);
  return nonce;
}

export function sha256(...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

export function gcmSeal(
  key: Buffer,
  nonce: Buffer,
  plain: Uint8Array,
  aad: Uint8Array = Buffer.alloc(0),
): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** A key of docs/format.md's schedule. */
export function derive(
  from: Pick<Design, "fileKey" | "salt">,
  name: string,
  suffix: Buffer = Buffer.alloc(0),
): Buffer {
  const info = Buffer.concat([Buffer.from(`dbacked.v2 ${name}`), suffix]);
  return Buffer.from(hkdfSync("sha256", from.fileKey, from.salt, info, 32));
}

/** RECIPIENTS of these entries; `count` and the bodies' lengths are what the entries say, unless told otherwise. */
export function recipientsOf(entries: readonly Entry[], count = entries.length): Buffer {
  return Buffer.concat([
    u16(count),
    ...entries.flatMap(({ type, fingerprint, body }) => [u16(type), u16(body.length), fingerprint, body]),
  ]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** How a file key is wrapped; by default as recipient type 1 has it. */
export interface Wrap {
  type?: number;
  label?: string;
  hash?: string;
  fingerprint?: Buffer;
}

/** A file key, or anything else, wrapped for an RSA key. */
export function entryFor(pem: string, message: Uint8Array, wrap: Wrap = {}): Entry {
  const { type = 1, hash = "sha256" } = wrap;
  const label = wrap.label ?? (type === 1 ? "dbacked.v2.file-key" : "");
  const key = createPublicKey(pem);
  const body = publicEncrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash, oaepLabel: Buffer.from(label) },
    message,
  );
  return { type, fingerprint: wrap.fingerprint ?? fingerprintOf(key), body };
}

export function fingerprintOf(key: KeyObject): Buffer {
  return sha256(key.export({ type: "spki", format: "der" }));
}

/** A signer from the PEM of its private key. */
export function signerFrom(pem: string): Signer {
  const key = createPrivateKey(pem);
  const spki = createPublicKey(pem).export({ type: "spki", format: "der" });
  return { publicKey: spki.subarray(-32), sign: (message) => sign(null, message, key) };
}

/** Cuts a payload into segments. */
export function cut(payload: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(payload.length / size) }, (_, i) =>
    payload.subarray(i * size, (i + 1) * size),
  );
}
