import { createCipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { type Bytes, concat } from "../base/bytes.ts";
import type { Secret } from "../base/secret.ts";
import { encodeDer, encodeInteger, OID, TAG } from "./der.ts";

/**
 * Rounds of PBKDF2: a tenth of a second to open, and 300 times what `node:crypto` and OpenSSL take by themselves.
 *
 * @see OWASP Password Storage Cheat Sheet, PBKDF2-HMAC-SHA256
 */
const ITERATIONS = 600_000;

const SALT_BYTES = 16;
const derive = promisify(pbkdf2);

/** Protects a PKCS#8 private key by a passphrase, as `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256` does. */
export async function encryptPkcs8(pkcs8: Bytes, passphrase: Secret): Promise<Bytes> {
  const salt = new Uint8Array(randomBytes(SALT_BYTES));
  const iv = new Uint8Array(randomBytes(16));
  const key = await derive(passphrase.reveal(), salt, ITERATIONS, 32, "sha256");
  const cipher = createCipheriv("aes-256-cbc", key, iv);
  const encrypted = concat(cipher.update(pkcs8), cipher.final());
  key.fill(0);
  return encodeDer(TAG.sequence, encodeAlgorithm(salt, iv), encodeDer(TAG.octetString, encrypted));
}

function encodeAlgorithm(salt: Bytes, iv: Bytes): Bytes {
  const prf = encodeDer(TAG.sequence, encodeDer(TAG.objectId, OID.hmacWithSha256), encodeDer(TAG.null));
  const iterations = encodeInteger(Uint8Array.fromHex(ITERATIONS.toString(16).padStart(8, "0")));
  const kdf = encodeDer(
    TAG.sequence,
    encodeDer(TAG.objectId, OID.pbkdf2),
    encodeDer(TAG.sequence, encodeDer(TAG.octetString, salt), iterations, prf),
  );
  const cipher = encodeDer(
    TAG.sequence,
    encodeDer(TAG.objectId, OID.aes256Cbc),
    encodeDer(TAG.octetString, iv),
  );
  return encodeDer(TAG.sequence, encodeDer(TAG.objectId, OID.pbes2), encodeDer(TAG.sequence, kdf, cipher));
}
