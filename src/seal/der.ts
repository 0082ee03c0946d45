import { type Bytes, concat } from "../base/bytes.ts";

/** Tags of the few ASN.1 types that key files hold. */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectId: 0x06,
  sequence: 0x30,
} as const;

/** Object identifiers, as their encoded content. */
export const OID = {
  rsaEncryption: Uint8Array.fromHex("2a864886f70d010101"),
  pbes2: Uint8Array.fromHex("2a864886f70d01050d"),
  pbkdf2: Uint8Array.fromHex("2a864886f70d01050c"),
  hmacWithSha256: Uint8Array.fromHex("2a864886f70d0209"),
  aes256Cbc: Uint8Array.fromHex("60864801650304012a"),
} as const;

/** Writes one element. */
export function encodeDer(tag: number, ...content: readonly Bytes[]): Bytes {
  const body = concat(...content);
  return concat(new Uint8Array([tag]), encodeLength(body.length), body);
}

/** Writes a non-negative INTEGER from its big-endian bytes, in the one form that DER allows. */
export function encodeInteger(magnitude: Bytes): Bytes {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? new Uint8Array(1) : magnitude.subarray(first);
  const sign = (digits[0] ?? 0) >= 0x80 ? new Uint8Array(1) : new Uint8Array(0);
  return encodeDer(TAG.integer, sign, digits);
}

/** The SubjectPublicKeyInfo of an RSA key, given its RSAPublicKey. */
export function encodeRsaSpki(rsaPublicKey: Bytes): Bytes {
  const algorithm = encodeDer(TAG.sequence, encodeDer(TAG.objectId, OID.rsaEncryption), encodeDer(TAG.null));
  const bits = encodeDer(TAG.bitString, new Uint8Array(1), rsaPublicKey);
  return encodeDer(TAG.sequence, algorithm, bits);
}

function encodeLength(length: number): Bytes {
  if (length < 0x80) return new Uint8Array([length]);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return new Uint8Array([0x80 | digits.length, ...digits]);
}

/**
 * Reads elements one after the other. It takes any definite length: whoever needs exact DER encodes again what was
 * read and compares.
 */
export class DerReader {
  #rest: Bytes;

  constructor(bytes: Bytes) {
    this.#rest = bytes;
  }

  /** The tag of the next element; undefined at the end. */
  get tag(): number | undefined {
    return this.#rest[0];
  }

  /**
   * The content of the next element, which must have this tag.
   *
   * @throws {RangeError} if it has another tag, or is not whole.
   */
  take(tag: number): Bytes {
    if (this.tag !== tag) throw new RangeError(`expected tag ${tag}, found ${this.tag ?? "the end"}`);
    const { start, length } = this.#measure();
    if (start + length > this.#rest.length) throw new RangeError("an element is longer than what holds it");
    const content = this.#rest.subarray(start, start + length);
    this.#rest = this.#rest.subarray(start + length);
    return content;
  }

  #measure(): { start: number; length: number } {
    const first = this.#rest[1];
    if (first === undefined || first === 0x80) throw new RangeError("an element without a length");
    if (first < 0x80) return { start: 2, length: first };
    const digits = this.#rest.subarray(2, 2 + (first & 0x7f));
    if (digits.length > 4) throw new RangeError("an element of more than 4 GiB");
    return { start: 2 + digits.length, length: digits.reduce((sum, digit) => sum * 256 + digit, 0) };
  }
}
