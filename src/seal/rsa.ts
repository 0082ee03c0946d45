import type { Bytes } from "../base/bytes.ts";
import { reasonOf } from "../base/error.ts";
import { DerReader, encodeDer, encodeInteger, encodeRsaSpki, OID, TAG } from "./der.ts";
import { Refusal } from "./refusal.ts";

/** An RSA public key that passed every check. */
export interface RsaPublicKey {
  /** SubjectPublicKeyInfo: the form that fingerprints are made of. */
  spki: Bytes;
  /** Length of the modulus. */
  bits: number;
}

const MIN_BITS = 2048;
const MAX_BITS = 8192;
const MIN_EXPONENT = 65537;

/** Algorithms that people try, by their object identifiers. */
const OTHER_ALGORITHMS: Record<string, string> = {
  "2a864886f70d01010a": "an RSA key for PSS signatures only",
  "2a8648ce3d0201": "an elliptic curve key",
  "2b6570": "an Ed25519 key",
  "2b656e": "an X25519 key",
};

/**
 * Reads an RSA public key strictly, since Web Crypto is lax: it takes an exponent of 1, an even modulus, 1024 bits
 * and bytes after the key.
 *
 * @throws {Refusal} `bad-key`
 */
export function parseRsaKey(der: Bytes, form: "spki" | "pkcs1"): RsaPublicKey {
  const { modulus, exponent } = readNumbers(der, form);
  const pkcs1 = encodeDer(TAG.sequence, encodeInteger(modulus), encodeInteger(exponent));
  const spki = encodeRsaSpki(pkcs1);
  if (Buffer.compare(form === "spki" ? spki : pkcs1, der) !== 0)
    throw refuse("its encoding is not exact DER");
  const bits = countBits(modulus);
  if (bits < MIN_BITS || bits > MAX_BITS) {
    throw refuse(`it has ${bits} bits; ${MIN_BITS} to ${MAX_BITS} are taken, 4096 are advised`);
  }
  if (!isOdd(modulus)) throw refuse("its modulus is even");
  if (!isOdd(exponent) || BigInt(`0x${exponent.toHex()}`) < MIN_EXPONENT) {
    throw refuse(`its exponent is even or less than ${MIN_EXPONENT}`);
  }
  return { spki, bits };
}

function readNumbers(der: Bytes, form: "spki" | "pkcs1"): { modulus: Bytes; exponent: Bytes } {
  try {
    const key = new DerReader(new DerReader(form === "spki" ? unwrapSpki(der) : der).take(TAG.sequence));
    return { modulus: key.take(TAG.integer), exponent: key.take(TAG.integer) };
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw refuse(`it is not encoded as an RSA key is: ${reasonOf(cause)}`, cause);
  }
}

function unwrapSpki(der: Bytes): Bytes {
  const spki = new DerReader(new DerReader(der).take(TAG.sequence));
  const algorithm = new DerReader(spki.take(TAG.sequence)).take(TAG.objectId);
  if (Buffer.compare(algorithm, OID.rsaEncryption) !== 0) {
    throw refuse(`it is ${OTHER_ALGORITHMS[algorithm.toHex()] ?? "not an RSA key"}`);
  }
  return spki.take(TAG.bitString).subarray(1);
}

function countBits(modulus: Bytes): number {
  const first = modulus.findIndex((byte) => byte !== 0);
  if (first === -1) return 0;
  return (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24;
}

function isOdd(magnitude: Bytes): boolean {
  return ((magnitude.at(-1) ?? 0) & 1) === 1;
}

function refuse(why: string, cause?: unknown): Refusal {
  return new Refusal("bad-key", `Cannot seal for this public key: ${why}`, {
    hint: "make a pair with `dbacked keygen`, or `openssl genrsa -out key.pem 4096 && openssl pkey -in key.pem -pubout`",
    cause,
  });
}
