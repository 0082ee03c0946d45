import { createPrivateKey, createPublicKey } from "node:crypto";
import { type Bytes, concat } from "../base/bytes.ts";
import { isStrictPoint, PUBLIC_KEY_BYTES } from "./ed25519.ts";
import { pemText, readPem, writePem } from "./pem.ts";
import { Refusal } from "./refusal.ts";

/** The host's own key: every envelope and every note that it makes is signed by it. */
export interface Signer {
  /** 32 bytes, as in the envelope. */
  readonly publicKey: Bytes;
  /** `ed25519:<base64>`, as in lists of trusted signers. */
  readonly text: string;
  sign(message: Bytes): Promise<Bytes>;
}

const PREFIX = "ed25519:";

/** All of a PKCS#8 Ed25519 key but its 32 secret bytes; there is one encoding. @see RFC 8410, section 7 */
const PKCS8 = Uint8Array.fromHex("302e020100300506032b657004220420");

const PKCS8_BYTES = PKCS8.length + 32;

/** Makes a new signing key, as a PEM file that must stay on this host, readable for its owner only. */
export async function generateSigner(): Promise<{ pem: string }> {
  const seed = crypto.getRandomValues(new Uint8Array(32));
  const pem = writePem("PRIVATE KEY", concat(PKCS8, seed));
  seed.fill(0);
  return { pem };
}

/**
 * Reads the host's signing key: PEM, PKCS#8, Ed25519, as `openssl genpkey -algorithm ed25519` writes it.
 *
 * @throws {Refusal} `bad-key`
 */
export async function readSigner(pem: string | Bytes): Promise<Signer> {
  const der = findKey(pem);
  const key = await crypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]);
  const publicKey = publicPart(der);
  der.fill(0);
  return {
    publicKey,
    text: signerText(publicKey),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, message)),
  };
}

/** The text form of a signer's public key. */
export function signerText(publicKey: Bytes): string {
  return PREFIX + publicKey.toBase64();
}

/**
 * Reads the text form of a signer's public key, strictly: one encoding, a key that only its owner can sign under.
 *
 * @throws {Refusal} `bad-key`
 */
export function readSignerText(text: string): Bytes {
  const key = decode(text);
  if (key === null || signerText(key) !== text || !isStrictPoint(key)) {
    throw new Refusal("bad-key", `"${text}" is not the public key of a signer`, {
      hint: "`dbacked signer show` on the host that makes the backups prints it: ed25519: and 44 characters",
    });
  }
  return key;
}

function findKey(pem: string | Bytes): Bytes {
  const blocks = readPem(pemText(pem));
  const [block] = blocks;
  const der = block?.label === "PRIVATE KEY" ? block.der : null;
  const isEd25519 = der?.length === PKCS8_BYTES && Buffer.compare(der.subarray(0, PKCS8.length), PKCS8) === 0;
  if (der === null || blocks.length !== 1 || !isEd25519) {
    throw new Refusal(
      "bad-key",
      "Cannot read the signing key: it is not one Ed25519 private key in PKCS#8 PEM",
      {
        hint: "`dbacked signer new` makes one, and so does `openssl genpkey -algorithm ed25519`",
      },
    );
  }
  return der;
}

function publicPart(pkcs8: Bytes): Bytes {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return new Uint8Array(spki.subarray(-PUBLIC_KEY_BYTES));
}

function decode(text: string): Bytes | null {
  try {
    return text.startsWith(PREFIX) ? Uint8Array.fromBase64(text.slice(PREFIX.length)) : null;
  } catch {
    return null;
  }
}
