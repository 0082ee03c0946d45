import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
} from "node:crypto";
import { promisify } from "node:util";
import { type Bytes, utf8 } from "../base/bytes.ts";
import type { Secret } from "../base/secret.ts";
import { encryptPkcs8 } from "./pbes2.ts";
import { type PemBlock, pemText, readPem, writePem } from "./pem.ts";
import { Refusal } from "./refusal.ts";
import { parseRsaKey } from "./rsa.ts";

/**
 * How a file key is wrapped by RSA-OAEP: 1 with SHA-256 and a label, 2 with SHA-256 and none, for cloud keys that
 * know no labels, `v1` with SHA-1 as the agent of 2018 did.
 */
export type Wrapping = 1 | 2 | "v1";

/** A public key that backups are sealed for. */
export interface Recipient {
  /** SHA-256 of the SPKI in hex: what `openssl pkey -pubin -outform DER | sha256sum` prints. */
  readonly fingerprint: string;
  readonly type: 1 | 2;
  /** What is allowed and yet not advised. */
  readonly warnings: readonly string[];
  wrap(fileKey: Bytes): Promise<Bytes>;
}

/** Whoever can open what was sealed for one public key: the private key at hand, or a program that has it. */
export interface Identity {
  /** Of the public key. */
  readonly fingerprint: string;
  /** The wrapped key. Whatever it throws means that this entry cannot be opened by this identity. */
  unwrap(type: Wrapping, wrapped: Bytes, signal: AbortSignal): Promise<Bytes>;
}

const LABEL = utf8("dbacked.v2.file-key");
/** Also one that is cut off, or stands beside a public key. */
const PRIVATE = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;

const ADVISED_BITS = 3072;
const makePair = promisify(generateKeyPair);

/**
 * Reads a public key for sealing: PEM, SPKI or PKCS#1, RSA of 2048 to 8192 bits.
 *
 * @throws {Refusal} `bad-key`, for anything else; loudly for a private key.
 */
export async function readRecipient(
  pem: string | Bytes,
  options: { label?: boolean } = {},
): Promise<Recipient> {
  const { label, der } = findPublicKey(pemText(pem));
  const { spki, bits } = parseRsaKey(der, label === "PUBLIC KEY" ? "spki" : "pkcs1");
  const oaep = { name: "RSA-OAEP", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("spki", spki, oaep, false, ["encrypt"]);
  const type = options.label === false ? 2 : 1;
  const algorithm = type === 1 ? { name: "RSA-OAEP", label: LABEL } : { name: "RSA-OAEP" };
  return {
    fingerprint: fingerprintOf(spki),
    type,
    warnings: bits < ADVISED_BITS ? [`it has ${bits} bits; at least ${ADVISED_BITS} are advised`] : [],
    wrap: async (fileKey) => new Uint8Array(await crypto.subtle.encrypt(algorithm, key, fileKey)),
  };
}

/**
 * Reads an RSA private key: PEM, PKCS#1 or PKCS#8, protected by a passphrase or not.
 *
 * @throws {Refusal} `bad-key`; `passphrase`, if it is missing or wrong.
 */
export async function readIdentity(
  pem: string | Bytes,
  passphrase?: () => Promise<Secret>,
): Promise<Identity> {
  const block = findPrivateKey(pemText(pem));
  const key = isProtected(block) ? await openProtected(block, passphrase) : openPlain(block);
  if (key.asymmetricKeyType !== "rsa") {
    throw refuseIdentity(
      `it is a key for ${key.asymmetricKeyType ?? "something else"}; backups are opened by an RSA key`,
    );
  }
  const spki = new Uint8Array(createPublicKey(key).export({ type: "spki", format: "der" }));
  return {
    fingerprint: fingerprintOf(spki),
    unwrap: async (type, wrapped) => unwrapWith(key, type, wrapped),
  };
}

/**
 * Makes an RSA key pair for sealing and opening; a second or two.
 *
 * @param passphrase protects the private key; null leaves it in clear.
 * @throws {Refusal} `passphrase`, if it is empty.
 */
export async function generateIdentity(
  bits: number,
  passphrase: Secret | null,
): Promise<{ publicPem: string; privatePem: string }> {
  if (passphrase?.reveal() === "") {
    throw new Refusal("passphrase", "An empty passphrase protects no private key");
  }
  const { publicKey, privateKey } = await makePair("rsa", { modulusLength: bits });
  const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  const pkcs8 = new Uint8Array(privateKey.export({ type: "pkcs8", format: "der" }));
  const privatePem =
    passphrase === null
      ? writePem("PRIVATE KEY", pkcs8)
      : writePem("ENCRYPTED PRIVATE KEY", await encryptPkcs8(pkcs8, passphrase));
  pkcs8.fill(0);
  return { publicPem: writePem("PUBLIC KEY", spki), privatePem };
}

function fingerprintOf(spki: Bytes): string {
  return createHash("sha256").update(spki).digest("hex");
}

function unwrapWith(key: KeyObject, type: Wrapping, wrapped: Bytes): Bytes {
  const oaep = {
    key,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: type === "v1" ? "sha1" : "sha256",
  };
  try {
    return new Uint8Array(privateDecrypt(type === 1 ? { ...oaep, oaepLabel: LABEL } : oaep, wrapped));
  } catch {
    // One answer for every failure: its details would help nobody but an attacker.
    throw new Error("RSA-OAEP fails");
  }
}

function findPublicKey(text: string): { label: string; der: Bytes } {
  if (PRIVATE.test(text)) {
    throw new Refusal("bad-key", "This is a private key, where a public key is needed", {
      hint: "a host that makes backups must not have it: take it away, and give `openssl pkey -in key.pem -pubout` instead",
    });
  }
  const blocks = readPem(text);
  const isKey = ({ label }: PemBlock) => label === "PUBLIC KEY" || label === "RSA PUBLIC KEY";
  const [block, ...others] = blocks.filter(isKey);
  if (block === undefined) throw refuseRecipient(describeOther(text, blocks));
  if (others.length > 0) throw refuseRecipient("there are several in it; give each a file of its own");
  if (block.der === null) throw refuseRecipient("it is not valid base64");
  return { label: block.label, der: block.der };
}

function describeOther(text: string, [block]: readonly PemBlock[]): string {
  if (block?.label === "CERTIFICATE") {
    return "it is a certificate; `openssl x509 -pubkey -noout -in it` prints its key";
  }
  if (block !== undefined) return `it holds "${block.label}", not "PUBLIC KEY"`;
  if (text.startsWith("ssh-")) return "it is an SSH key; `ssh-keygen -e -m PKCS8 -f it` converts it";
  return "there is no PEM block in it";
}

function findPrivateKey(text: string): PemBlock {
  const blocks = readPem(text);
  const [block, ...others] = blocks.filter(({ label }) => label.endsWith("PRIVATE KEY"));
  if (block === undefined) {
    const isPublic = blocks.some(({ label }) => label.endsWith("PUBLIC KEY"));
    throw refuseIdentity(isPublic ? "it is a public key" : "there is no PEM block of a private key in it");
  }
  if (others.length > 0) throw refuseIdentity("there are several in it; give each a file of its own");
  if (block.label === "OPENSSH PRIVATE KEY") {
    throw refuseIdentity("it is in OpenSSH's format; `ssh-keygen -p -m PKCS8 -f copy-of-it` converts a copy");
  }
  return block;
}

function isProtected(block: PemBlock): boolean {
  return block.label === "ENCRYPTED PRIVATE KEY" || block.text.includes("Proc-Type: 4,ENCRYPTED");
}

function openPlain(block: PemBlock): KeyObject {
  try {
    return createPrivateKey({ key: block.text, format: "pem" });
  } catch (cause) {
    throw refuseIdentity("it cannot be decoded", cause);
  }
}

async function openProtected(block: PemBlock, passphrase?: () => Promise<Secret>): Promise<KeyObject> {
  if (passphrase === undefined) {
    throw new Refusal("passphrase", "The private key is protected by a passphrase, and none was given", {
      hint: "give it at the prompt, or by DBACKED_PRIVATE_KEY_PASSPHRASE or --passphrase-file",
    });
  }
  const secret = await passphrase();
  try {
    return createPrivateKey({ key: block.text, format: "pem", passphrase: secret.reveal() });
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? "";
    if (code.includes("UNSUPPORTED") || code.includes("UNKNOWN")) throw refuseProtection(code, cause);
    throw new Refusal("passphrase", "The passphrase does not open the private key", {
      hint: "is it the passphrase of this very key? if it is, the key file is damaged",
      cause,
    });
  }
}

function refuseProtection(code: string, cause: unknown): Refusal {
  const how = code.includes("PRF")
    ? "PBKDF2 with another digest than SHA-1 or SHA-256"
    : code.includes("DERIVATION")
      ? "scrypt or another key derivation than PBKDF2"
      : "a cipher that is not known here";
  return new Refusal("bad-key", `Cannot open the private key: its passphrase protects it by ${how}`, {
    hint: "convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 600000 -in key.pem -out new.pem",
    cause,
  });
}

function refuseRecipient(why: string): Refusal {
  return new Refusal("bad-key", `Cannot read the public key: ${why}`);
}

function refuseIdentity(why: string, cause?: unknown): Refusal {
  return new Refusal("bad-key", `Cannot read the private key: ${why}`, { cause });
}
