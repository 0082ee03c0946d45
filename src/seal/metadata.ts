import { type Bytes, utf8 } from "../base/bytes.ts";
import { Refusal } from "./refusal.ts";

/** What an envelope says of itself to everybody; it is authenticated, not secret. */
export interface PublicMetadata {
  takenAt: Date;
  /** The configured name of the database. */
  set: string;
  engine: string;
  /** Form of the dump: `pg-custom`, `sqlite`, … One that is not known leaves only raw decryption. */
  dump: string;
  /** `none`, `zstd` or `gzip`. One that is not known leaves only raw decryption. */
  compression: string;
  /** The dump program. */
  tool: { name: string; version: string };
  /** Number of this backup within its set. */
  seq: number;
  /** SHA-256 of the core of the newest verified backup of the set, in hex. */
  prev: string | null;
}

/** What an envelope says of itself to those who can open it. */
export interface SealedMetadata {
  host: string;
  database: string;
  /** Version of the server. */
  server: string;
  /** Arguments of the dump program. Never a secret; what exceeds 16 KiB is cut. */
  args: readonly string[];
  argsCut?: boolean;
  extensions: readonly string[];
  /** Entries of the dump that a restore leaves out; what exceeds 32 KiB is cut. */
  skip?: readonly string[];
}

/** Bounds of both blobs in bytes, before sealing. */
export const METADATA_BYTES = { public: { min: 2, max: 16_384 }, sealed: { min: 2, max: 65_536 } } as const;

const MAX_ARGS_BYTES = 16 * 1024;
const MAX_SKIP_BYTES = 32 * 1024;
const TAKEN_AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;

/** @throws {RangeError} if the text is too long. */
export function encodePublicMetadata(metadata: PublicMetadata): Bytes {
  const { takenAt, set, engine, dump, compression, tool, seq, prev } = metadata;
  const { name, version } = tool;
  return encode({ takenAt, set, engine, dump, compression, tool: { name, version }, seq, prev }, "public");
}

/** @throws {RangeError} if the text is too long. */
export function encodeSealedMetadata(metadata: SealedMetadata): Bytes {
  const { host, database, server, extensions } = metadata;
  const args = cutList(metadata.args, MAX_ARGS_BYTES);
  const skip = cutList(metadata.skip ?? [], MAX_SKIP_BYTES);
  const isCut = metadata.argsCut === true || args.length < metadata.args.length;
  const optional = { ...(isCut && { argsCut: true }), extensions, ...(skip.length > 0 && { skip }) };
  return encode({ host, database, server, args, ...optional }, "sealed");
}

/** @throws {Refusal} `metadata` */
export function parsePublicMetadata(bytes: Bytes): PublicMetadata {
  const parsed = parseObject(bytes);
  if (parsed === null) throw refuseMetadata("it is not a JSON object in UTF-8");
  if (!isCanonical(parsed, bytes)) {
    throw refuseMetadata("it is not written the one way that is allowed");
  }
  const metadata = pickPublic(parsed);
  if (metadata === null) throw refuseMetadata("what must be in it is not, or is of the wrong kind");
  return metadata;
}

/** @throws {Refusal} `sealed-metadata` */
export function parseSealedMetadata(bytes: Bytes): SealedMetadata {
  const { host, database, server, args, argsCut, extensions, skip } = parseObject(bytes) ?? {};
  if (isText(host) && isText(database) && isText(server) && isTexts(args) && isTexts(extensions)) {
    const optional = { ...(argsCut === true && { argsCut }), extensions, ...(isTexts(skip) && { skip }) };
    return { host, database, server, args, ...optional };
  }
  throw new Refusal("sealed-metadata", "The envelope's sealed metadata opens, but is not what it must be");
}

function pickPublic(parsed: Record<string, unknown>): PublicMetadata | null {
  const { takenAt, set, engine, dump, compression, seq, prev } = parsed;
  const tool = pickTool(parsed["tool"]);
  if (!isText(set) || !isText(engine) || !isText(dump) || !isText(compression) || tool === null) return null;
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 0) return null;
  if (prev !== null && !(isText(prev) && SHA256_HEX.test(prev))) return null;
  const moment = isText(takenAt) ? readMoment(takenAt) : null;
  if (moment === null) return null;
  return { takenAt: moment, set, engine, dump, compression, tool, seq, prev };
}

function readMoment(text: string): Date | null {
  const moment = new Date(text);
  const isExact = TAKEN_AT.test(text) && !Number.isNaN(moment.getTime()) && moment.toISOString() === text;
  return isExact ? moment : null;
}

function pickTool(tool: unknown): PublicMetadata["tool"] | null {
  if (typeof tool !== "object" || tool === null) return null;
  const { name, version } = tool as Record<string, unknown>;
  return isText(name) && isText(version) ? { name, version } : null;
}

function encode(metadata: object, which: "public" | "sealed"): Bytes {
  const bytes = utf8(JSON.stringify(metadata));
  const { max } = METADATA_BYTES[which];
  if (bytes.length > max)
    throw new RangeError(`${which} metadata of ${bytes.length} bytes; ${max} are allowed`);
  return bytes;
}

function cutList(texts: readonly string[], limit: number): readonly string[] {
  let bytes = 0;
  const end = texts.findIndex((text) => (bytes += utf8(JSON.stringify(text)).length + 1) > limit);
  return end === -1 ? texts : texts.slice(0, end);
}

function parseObject(bytes: Bytes): Record<string, unknown> | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Says whether `bytes` are the one text that `parsed` has: this rules out keys that occur twice. */
function isCanonical(parsed: object, bytes: Bytes): boolean {
  try {
    return Buffer.compare(utf8(JSON.stringify(parsed)), bytes) === 0;
  } catch {
    // Nested too deeply to be written again.
    return false;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

function refuseMetadata(why: string): Refusal {
  return new Refusal("metadata", `The envelope's public metadata cannot be used: ${why}`);
}
