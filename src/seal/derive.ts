import { type Bytes, concat, utf8 } from "../base/bytes.ts";

/** Bytes of a file key, and of every key that is derived from it. */
export const KEY_BYTES = 32;

const { subtle } = crypto;

/** The three keys of one envelope that work on its content. They can be used, never exported, until they are dropped. */
export class EnvelopeKeys implements Disposable {
  #keys: Record<"payload" | "manifest" | "mac", CryptoKey> | null;

  constructor(payload: CryptoKey, manifest: CryptoKey, mac: CryptoKey) {
    this.#keys = { payload, manifest, mac };
  }

  /** Seals segments and the trailer's summary. */
  get payload(): CryptoKey {
    return this.#alive.payload;
  }

  /** Seals what a manifest or a proof tells only to those who can open the envelope. */
  get manifest(): CryptoKey {
    return this.#alive.manifest;
  }

  /** Authenticates the header. */
  get mac(): CryptoKey {
    return this.#alive.mac;
  }

  get #alive(): Record<"payload" | "manifest" | "mac", CryptoKey> {
    if (this.#keys === null) throw new Error("the keys of this envelope were dropped");
    return this.#keys;
  }

  [Symbol.dispose](): void {
    this.#keys = null;
  }
}

/** Takes a file key in, as a key that only derives others, and zeroes the bytes. */
export async function importFileKey(bytes: Bytes): Promise<CryptoKey> {
  try {
    return await subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey", "deriveBits"]);
  } finally {
    bytes.fill(0);
  }
}

/** What the header shows of the file key, so that one envelope cannot open to two contents. */
export async function deriveCommitment(fileKey: CryptoKey, salt: Bytes): Promise<Bytes> {
  return new Uint8Array(
    await subtle.deriveBits(hkdf(salt, utf8("dbacked.v2 commit")), fileKey, KEY_BYTES * 8),
  );
}

/** The key of the sealed metadata inside the header. It cannot depend on the header's hash, being under it. */
export function deriveMetadataKey(fileKey: CryptoKey, salt: Bytes): Promise<CryptoKey> {
  return deriveCipher(fileKey, salt, utf8("dbacked.v2 meta"));
}

/** The keys that are bound to the whole header through its hash. */
export async function deriveKeys(fileKey: CryptoKey, salt: Bytes, coreHash: Bytes): Promise<EnvelopeKeys> {
  const [payload, manifest, mac] = await Promise.all([
    deriveCipher(fileKey, salt, concat(utf8("dbacked.v2 payload"), coreHash)),
    deriveCipher(fileKey, salt, concat(utf8("dbacked.v2 manifest"), coreHash)),
    deriveMac(fileKey, salt, concat(utf8("dbacked.v2 header-mac"), coreHash)),
  ]);
  return new EnvelopeKeys(payload, manifest, mac);
}

function deriveCipher(fileKey: CryptoKey, salt: Bytes, info: Bytes): Promise<CryptoKey> {
  const aes = { name: "AES-GCM", length: KEY_BYTES * 8 };
  return subtle.deriveKey(hkdf(salt, info), fileKey, aes, false, ["encrypt", "decrypt"]);
}

function deriveMac(fileKey: CryptoKey, salt: Bytes, info: Bytes): Promise<CryptoKey> {
  // Without a length the key would have the size of a SHA-256 block, 64 bytes.
  const hmac = { name: "HMAC", hash: "SHA-256", length: KEY_BYTES * 8 };
  return subtle.deriveKey(hkdf(salt, info), fileKey, hmac, false, ["sign", "verify"]);
}

function hkdf(salt: Bytes, info: Bytes) {
  return { name: "HKDF", hash: "SHA-256", salt, info };
}
