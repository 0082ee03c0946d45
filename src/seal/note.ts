import { type Bytes, concat, utf8 } from "../base/bytes.ts";
import { verifySignature } from "./ed25519.ts";
import { Refusal } from "./refusal.ts";
import type { Signer } from "./signer.ts";

/** Longest note that is read, in bytes. */
export const MAX_NOTE_BYTES = 16 * 1024 * 1024;

/** A note with more signatures than this is nobody's. */
const MAX_SIGNATURES = 16;

/** The sixteen signatures need fewer, and base64 has none. */
const MAX_COMMAS = 200;

const COMMA = 0x2c;

/** How much of a stranger's word a message shows. */
const LONGEST_SHOWN = 80;

const NONCE_BYTES = 12;

/** All of an SPKI but the 32 bytes of an Ed25519 public key. @see RFC 8410, section 4 */
const SPKI = Uint8Array.fromHex("302a300506032b6570032100");

interface Dsse {
  payloadType: string;
  payload: string;
  signatures: readonly { keyid: string; sig: string }[];
}

/** How a note names the key that signed it: SHA-256 of the SPKI, in hex. */
export function keyIdOf(publicKey: Bytes): string {
  return new Bun.CryptoHasher("sha256").update(SPKI).update(publicKey).digest("hex");
}

/** Signs a manifest or a proof: a DSSE envelope. @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
export async function signNote(payloadType: string, payload: Bytes, signer: Signer): Promise<Bytes> {
  const sig = (await signer.sign(authenticated(payloadType, payload))).toBase64();
  const signatures = [{ keyid: keyIdOf(signer.publicKey), sig }];
  const note: Dsse = { payloadType, payload: payload.toBase64(), signatures };
  return utf8(JSON.stringify(note));
}

/**
 * Verifies a note against the raw public keys of those who may have signed it. What it says is not looked at.
 *
 * @throws {Refusal} `unknown-signer`, if none of `keys` signed it; `note`, if it is malformed or a signature of one
 * of `keys` does not verify.
 */
export async function verifyNote(
  note: Bytes,
  payloadType: string,
  keys: readonly Bytes[],
): Promise<{ payload: Bytes; signer: Bytes }> {
  const what = nameOf(payloadType);
  const dsse = parseDsse(note, what);
  if (dsse.payloadType !== payloadType) throw refuse(what, `its type is ${shown(dsse.payloadType)}`);
  const payload = decode(dsse.payload, what);
  const message = authenticated(payloadType, payload);
  const known = new Map(keys.map((key) => [keyIdOf(key), key]));
  for (const { keyid, sig } of dsse.signatures) {
    const signer = known.get(keyid);
    if (signer === undefined) continue;
    if (await verifySignature(signer, message, decode(sig, what))) return { payload, signer };
    throw refuse(what, "its signature does not verify");
  }
  const ids = dsse.signatures.map(({ keyid }) => shown(keyid)).join(", ");
  throw new Refusal(
    "unknown-signer",
    `The ${what} is signed by ${ids}, none of the signers that are trusted`,
    {
      hint: "is the signer of this host missing from trustedSigners?",
    },
  );
}

/** Seals a part of a note for those who can open the envelope: base64, bound to the type of note and to the envelope. */
export async function sealPart(
  key: CryptoKey,
  coreHash: Bytes,
  payloadType: string,
  part: unknown,
): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const algorithm = { name: "AES-GCM", iv, additionalData: partContext(payloadType, coreHash) };
  const sealed = await crypto.subtle.encrypt(algorithm, key, utf8(JSON.stringify(part)));
  return concat(iv, new Uint8Array(sealed)).toBase64();
}

/** Opens what {@link sealPart} sealed. @throws {Refusal} `note` */
export async function openPart(
  key: CryptoKey,
  coreHash: Bytes,
  payloadType: string,
  sealed: string,
): Promise<unknown> {
  const what = nameOf(payloadType);
  const bytes = decode(sealed, what);
  const iv = bytes.slice(0, NONCE_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: partContext(payloadType, coreHash) };
  try {
    const opened = await crypto.subtle.decrypt(algorithm, key, bytes.slice(NONCE_BYTES));
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(opened)) as unknown;
  } catch (cause) {
    throw refuse(what, "its sealed part cannot be opened by the key of its envelope", cause);
  }
}

/** DSSE's pre-authentication encoding. */
function authenticated(payloadType: string, payload: Bytes): Bytes {
  const type = utf8(payloadType);
  return concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}

function partContext(payloadType: string, coreHash: Bytes): Bytes {
  return concat(utf8(payloadType), new Uint8Array(1), coreHash);
}

function parseDsse(note: Bytes, what: string): Dsse {
  if (note.length > MAX_NOTE_BYTES)
    throw refuse(what, `it has ${note.length} bytes; ${MAX_NOTE_BYTES} are read`);
  const parsed = parseJson(note, what);
  if (!isDsse(parsed)) throw refuse(what, "it is not signed");
  const count = parsed.signatures.length;
  if (count < 1 || count > MAX_SIGNATURES) throw refuse(what, `it has ${count} signatures`);
  return parsed;
}

function parseJson(note: Bytes, what: string): unknown {
  if (countCommas(note) > MAX_COMMAS) throw refuse(what, "it holds more than it should");
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(note)) as unknown;
  } catch (cause) {
    throw refuse(what, "it is no JSON", cause);
  }
}

/** Parsed, millions of empty objects would take a hundred times the memory of their text. */
function countCommas(note: Bytes): number {
  let commas = 0;
  for (let at = note.indexOf(COMMA); at !== -1; at = note.indexOf(COMMA, at + 1)) commas += 1;
  return commas;
}

function isDsse(value: unknown): value is Dsse {
  if (!isRecord(value) || !Array.isArray(value["signatures"])) return false;
  const { payloadType, payload, signatures } = value;
  if (typeof payloadType !== "string" || typeof payload !== "string") return false;
  return signatures.every(
    (each) => isRecord(each) && typeof each["keyid"] === "string" && typeof each["sig"] === "string",
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Standard base64 in the one form that has padding and no spare bits. */
function decode(text: string, what: string): Bytes {
  try {
    const bytes = Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
    if (bytes.toBase64() === text) return bytes;
  } catch {
    // The same answer as below.
  }
  throw refuse(what, "it holds what is not base64");
}

/** Whoever writes to the store could make a message of 16 MiB. */
function shown(text: string): string {
  return /^[0-9a-f]{64}$/.test(text) ? text : JSON.stringify(text.slice(0, LONGEST_SHOWN));
}

/** What people call it: a manifest, a proof, an identity, a lease. */
function nameOf(payloadType: string): string {
  return /^application\/vnd\.dbacked\.([a-z]+)\+json$/.exec(payloadType)?.[1] ?? "note";
}

function refuse(what: string, why: string, cause?: unknown): Refusal {
  return new Refusal("note", `The ${what} is damaged or forged: ${why}`, { cause });
}
