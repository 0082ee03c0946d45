import { randomBytes } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import { type Design, entryFor, type Forged, forge, recipientsOf, signerFrom } from "../seal/forge.ts";
import { cut } from "../seal/forge.ts";
import { design, keyOf, METADATA, SEGMENT, textOf } from "../seal/specimen.ts";

/** A genuine envelope, to be tampered with. */
export interface Genuine extends Forged {
  /** What tells it from the others. */
  name: string;
  /** What it was made of: only who holds its file key knows. */
  design: Design;
  /** The dump: all that may ever come out of whatever is made of its header. */
  dump: Buffer;
  /** The same as it was sealed. */
  payload: Buffer;
}

/** The host that made them, as `--trust-signer` has it. */
export const HOST = `ed25519:${signerFrom(keyOf("signer")).publicKey.toString("base64")}`;

const SMALL = textOf(100);
const LARGE = textOf(2 * SEGMENT + 100);

function genuine(name: string, dump: Buffer, changes: Partial<Design> = {}): Genuine {
  const made = design(changes, dump);
  const payload = Buffer.concat([...made.segments]);
  return { name, design: made, dump, payload, ...forge(made) };
}

function publicWith(more: Partial<Record<keyof typeof METADATA, unknown>>): Buffer {
  return Buffer.from(JSON.stringify({ ...METADATA, ...more }));
}

/** For alice and bob, with an entry of a type that nobody knows. */
function recipientsOfTwo(fileKey: Buffer): Buffer {
  const grease = { type: 0x8a8a, fingerprint: randomBytes(32), body: randomBytes(50) };
  return recipientsOf([entryFor(keyOf("bob"), fileKey), grease, entryFor(keyOf("alice"), fileKey)]);
}

function compressed(dump: Buffer): Partial<Design> {
  const payload = Buffer.concat([
    zstdCompressSync(dump.subarray(0, 5000)),
    zstdCompressSync(dump.subarray(5000)),
  ]);
  return { metadata: publicWith({ compression: "zstd" }), segments: cut(payload, SEGMENT) };
}

const sharedKey = randomBytes(32);
const twoKey = randomBytes(32);
const mixed = Buffer.concat([LARGE, randomBytes(SEGMENT)]);

/** One segment. */
export const tiny = genuine("small", SMALL);
/** The next backup of the same set, of the same length. */
export const next = genuine("the next backup", Buffer.from(SMALL).fill("x", 50));
const empty = genuine("empty", textOf(0));
/** Three segments. */
export const large = genuine("large", LARGE, {
  fileKey: sharedKey,
  recipients: recipientsOf([entryFor(keyOf("alice"), sharedKey)]),
});
/** Two recipients: each could seal anew what the other opens. */
export const two = genuine("for two", SMALL, { fileKey: twoKey, recipients: recipientsOfTwo(twoKey) });
export const zstd = genuine("compressed", SMALL, compressed(SMALL));
/** Some segments of it do not compress. */
export const zstdLarge = genuine("large and compressed", mixed, compressed(mixed));

/** What pieces of `large` may be exchanged with: all are genuine, of three segments, and other than `large` in one thing. */
export const others: readonly Genuine[] = [
  genuine("another backup of the set", Buffer.from(LARGE).fill("y", 10, 8000)),
  genuine("a backup of another set", LARGE, { metadata: publicWith({ set: "mail" }) }),
  genuine("a backup under the same file key", LARGE, {
    fileKey: sharedKey,
    recipients: recipientsOf([entryFor(keyOf("alice"), sharedKey)]),
  }),
  otherRecipient(),
  otherSigner(),
];

function otherRecipient(): Genuine {
  const fileKey = randomBytes(32);
  return genuine("a backup for another recipient", LARGE, {
    fileKey,
    recipients: recipientsOf([entryFor(keyOf("bob"), fileKey)]),
  });
}

function otherSigner(): Genuine {
  return genuine("a backup of another host", LARGE, { signer: signerFrom(keyOf("mallory")) });
}

/** All that are signed by the host that is trusted, for alice. */
export const trustedOnes: readonly Genuine[] = [
  tiny,
  next,
  empty,
  large,
  two,
  zstd,
  zstdLarge,
  ...others.slice(0, 3),
];
