import type { Bytes } from "../base/bytes.ts";

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** p = 2^255 - 19, big-endian: coordinates from here on have a second encoding, which is refused. */
const P = `7${"f".repeat(61)}ed`;

/**
 * The y coordinates of the eight points of small order, big-endian. Under such a key anybody can sign.
 *
 * @see https://eprint.iacr.org/2020/1244, table 1
 */
const SMALL_ORDER = new Set([
  "0".repeat(64),
  `${"0".repeat(63)}1`,
  `7${"f".repeat(61)}ec`,
  "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
  "7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
]);

/** Says whether 32 bytes are the one encoding of a point that is not of small order. It may still lie off the curve. */
export function isStrictPoint(encoded: Bytes): boolean {
  if (encoded.length !== PUBLIC_KEY_BYTES) return false;
  const y = encoded.toReversed();
  // The top bit is the sign of x: both points with this y are meant.
  y[0] = (y[0] ?? 0) & 0x7f;
  const hex = y.toHex();
  return hex < P && !SMALL_ORDER.has(hex);
}

/** Verifies a signature strictly: a key or a nonce point that {@link isStrictPoint} refuses is false, whatever the rest says. */
export async function verifySignature(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES) return false;
  if (!isStrictPoint(publicKey) || !isStrictPoint(signature.slice(0, PUBLIC_KEY_BYTES))) return false;
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch {
    // Bytes that are no point of the curve cannot be imported.
    return false;
  }
}
