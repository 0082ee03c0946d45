import { expect, test } from "bun:test";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { type Bytes, concat, utf8 } from "../../src/base/bytes.ts";
import { Secret } from "../../src/base/secret.ts";
import { encodeDer, encodeInteger, encodeRsaSpki, TAG } from "../../src/seal/der.ts";
import { generateIdentity, readIdentity, readRecipient } from "../../src/seal/key.ts";
import { writePem } from "../../src/seal/pem.ts";
import { codeOf } from "./refused.ts";
import { NEVER, pair, randomBytes } from "./sample.ts";

const PASSPHRASE = "correct horse";
const E = Uint8Array.fromHex("010001");

async function file(name: string): Promise<string> {
  return await Bun.file(join(import.meta.dir, "../testdata/keys", name)).text();
}

function ask(passphrase: string): () => Promise<Secret> {
  return () => Promise.resolve(new Secret(passphrase));
}

/** A number of just so many bits, and odd: as good as a modulus for everything but opening. */
function modulusOf(bits: number): Bytes {
  const modulus = randomBytes(Math.ceil(bits / 8));
  const spare = modulus.length * 8 - bits;
  modulus[0] = ((modulus[0] ?? 0) >> spare) | (0x80 >> spare);
  modulus[modulus.length - 1] = (modulus.at(-1) ?? 0) | 1;
  return modulus;
}

function publicPem(modulus: Bytes, exponent: Bytes = E): string {
  return writePem("PUBLIC KEY", encodeRsaSpki(rsaKey(modulus, exponent)));
}

function rsaKey(modulus: Bytes, exponent: Bytes = E): Bytes {
  return encodeDer(TAG.sequence, encodeInteger(modulus), encodeInteger(exponent));
}

test.each(["public.pem", "public-pkcs1.pem"])(
  "readRecipient() reads %s, and names it as OpenSSL does",
  async (name) => {
    const recipient = await readRecipient(await file(name));
    expect(recipient.fingerprint).toBe((await file("fingerprint")).trim());
    expect(recipient.warnings).toEqual(["it has 2048 bits; at least 3072 are advised"]);
  },
);

test("readRecipient() takes bytes, Windows line ends, and text around the key", async () => {
  const pem = `Key of the shop\r\n${pair.publicPem.replaceAll("\n", "\r\n")}\r\nbye`;
  const { fingerprint } = await readRecipient(pair.publicPem);
  expect((await readRecipient(pem)).fingerprint).toBe(fingerprint);
  expect((await readRecipient(utf8(pem))).fingerprint).toBe(fingerprint);
});

test.each([2048, 3071, 3072, 4096, 8191, 8192])("readRecipient() takes %d bits", async (bits) => {
  const recipient = await readRecipient(publicPem(modulusOf(bits)));
  expect(recipient.warnings.length).toBe(bits < 3072 ? 1 : 0);
  expect((await recipient.wrap(new Uint8Array(32))).length).toBe(Math.ceil(bits / 8));
});

test.each([512, 1024, 2047, 8193, 16_384])("readRecipient() refuses %d bits", async (bits) => {
  expect(await codeOf(readRecipient(publicPem(modulusOf(bits))))).toBe("bad-key");
});

test.each(["01", "03", "ffff", "010000", "0100000000000000"])(
  "readRecipient() refuses the exponent %s",
  async (exponent) => {
    const pem = publicPem(modulusOf(2048), Uint8Array.fromHex(exponent));
    expect(await codeOf(readRecipient(pem))).toBe("bad-key");
  },
);

test("readRecipient() refuses an even modulus", async () => {
  const modulus = modulusOf(2048);
  modulus[255] = (modulus[255] ?? 0) & 0xfe;
  expect(await codeOf(readRecipient(publicPem(modulus)))).toBe("bad-key");
});

test("readRecipient() refuses what is not exact DER", async () => {
  const modulus = modulusOf(2048);
  const exact = encodeRsaSpki(rsaKey(modulus));
  const padded = encodeDer(
    TAG.sequence,
    encodeDer(TAG.integer, concat(new Uint8Array(2), modulus)),
    encodeInteger(E),
  );
  const negative = encodeDer(TAG.sequence, encodeDer(TAG.integer, modulus), encodeInteger(E));
  const inexact = [
    concat(exact, new Uint8Array(1)),
    exact.slice(0, -1),
    encodeRsaSpki(concat(rsaKey(modulus), new Uint8Array(2))),
    encodeRsaSpki(padded),
    encodeRsaSpki(negative),
    new Uint8Array(0),
    Uint8Array.fromHex("3080"),
    Uint8Array.fromHex("30ffffffffff"),
  ];
  for (const der of inexact) expect(await codeOf(readRecipient(writePem("PUBLIC KEY", der)))).toBe("bad-key");
});

test("readRecipient() refuses any changed byte, or still has the same bytes to show for it", async () => {
  const exact = encodeRsaSpki(rsaKey(modulusOf(2048)));
  const index = fc.nat({ max: exact.length - 1 });
  const flip = fc.integer({ min: 1, max: 255 });
  await fc.assert(
    fc.asyncProperty(index, flip, async (index, flip) => {
      const changed = exact.slice();
      changed[index] = (changed[index] ?? 0) ^ flip;
      const recipient = await readRecipient(writePem("PUBLIC KEY", changed)).catch(() => null);
      if (recipient === null) return;
      const digest = new Bun.CryptoHasher("sha256").update(changed).digest("hex");
      expect(recipient.fingerprint).toBe(digest);
    }),
  );
});

test.each(["pkcs8.pem", "pkcs1.pem", "pbes2-sha256.pem", "traditional-aes256.pem"])(
  "readRecipient() refuses the private key %s, and says so",
  async (name) => {
    const pem = await file(name);
    expect(readRecipient(pem)).rejects.toThrow("This is a private key");
    expect(readRecipient(pem + pair.publicPem)).rejects.toThrow("This is a private key");
    expect(readRecipient(pem.slice(0, 200))).rejects.toThrow("This is a private key");
  },
);

test("readRecipient() refuses other things, each by its name", async () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const elliptic = publicKey.export({ type: "spki", format: "pem" });
  expect(readRecipient(elliptic)).rejects.toThrow("elliptic curve");
  const edwards = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" });
  expect(readRecipient(edwards)).rejects.toThrow("Ed25519");
  expect(readRecipient(await file("public-pss.pem"))).rejects.toThrow("PSS");
  expect(readRecipient(await file("certificate.pem"))).rejects.toThrow("certificate");
  expect(readRecipient("ssh-rsa AAAAB3NzaC1yc2E me@host")).rejects.toThrow("SSH key");
  expect(readRecipient(pair.publicPem + pair.publicPem)).rejects.toThrow("several");
  expect(readRecipient("")).rejects.toThrow("no PEM block");
  expect(readRecipient("-----BEGIN PUBLIC KEY-----\n?\n-----END PUBLIC KEY-----\n")).rejects.toThrow(
    "base64",
  );
});

test("wrap() and unwrap() agree for both types, and only for the same type", async () => {
  const identity = await readIdentity(pair.privatePem);
  const secret = randomBytes(32);
  for (const label of [true, false]) {
    const recipient = await readRecipient(pair.publicPem, { label });
    expect(recipient.type).toBe(label ? 1 : 2);
    expect(recipient.fingerprint).toBe(identity.fingerprint);
    const wrapped = await recipient.wrap(secret);
    expect(await identity.unwrap(recipient.type, wrapped, NEVER)).toEqual(secret);
    expect(identity.unwrap(recipient.type === 1 ? 2 : 1, wrapped, NEVER)).rejects.toThrow();
    expect(identity.unwrap("v1", wrapped, NEVER)).rejects.toThrow();
  }
});

test.each(["pkcs8.pem", "pkcs1.pem", "pbes2-sha1.pem", "pbes2-sha256.pem", "traditional-aes256.pem"])(
  "readIdentity() reads %s, with any line ends and text before it",
  async (name) => {
    const pem = await file(name);
    const windows = `Bag Attributes\r\n    friendlyName: shop\r\n${pem.replaceAll("\n", "\r\n")}`;
    for (const form of [pem, utf8(pem), windows]) {
      const identity = await readIdentity(form, ask(PASSPHRASE));
      expect(identity.fingerprint).toBe((await file("fingerprint")).trim());
    }
  },
);

test.each(["pbes2-sha1.pem", "pbes2-sha256.pem", "traditional-aes256.pem"])(
  "readIdentity() tells a missing, empty or wrong passphrase of %s",
  async (name) => {
    const pem = await file(name);
    expect(await codeOf(readIdentity(pem))).toBe("passphrase");
    expect(await codeOf(readIdentity(pem, ask("")))).toBe("passphrase");
    expect(await codeOf(readIdentity(pem, ask("correct horsf")))).toBe("passphrase");
  },
);

test.each([
  ["pbes2-sha512.pem", "another digest than SHA-1 or SHA-256"],
  ["scrypt.pem", "scrypt"],
])("readIdentity() says how %s can be opened", async (name, words) => {
  const opened = readIdentity(await file(name), ask(PASSPHRASE));
  expect(opened).rejects.toThrow(words);
  expect(opened).rejects.toHaveProperty("hint", expect.stringContaining("openssl pkcs8 -topk8"));
});

test("readIdentity() never asks for a passphrase that is not needed", async () => {
  const never = () => Promise.reject(new Error("asked"));
  expect((await readIdentity(pair.privatePem, never)).fingerprint).toHaveLength(64);
});

test("readIdentity() refuses what is no RSA private key", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const elliptic = privateKey.export({ type: "pkcs8", format: "pem" });
  expect(readIdentity(elliptic)).rejects.toThrow("ec");
  expect(readIdentity(pair.publicPem)).rejects.toThrow("public key");
  expect(readIdentity(pair.privatePem + pair.privatePem)).rejects.toThrow("several");
  expect(readIdentity("")).rejects.toThrow("no PEM block");
  expect(readIdentity(writePem("OPENSSH PRIVATE KEY", new Uint8Array(3)))).rejects.toThrow("OpenSSH");
  expect(await codeOf(readIdentity(writePem("PRIVATE KEY", randomBytes(99))))).toBe("bad-key");
});

test("generateIdentity() makes a pair that everybody can read, under its passphrase or none", async () => {
  const open = await generateIdentity(2048, null);
  const shut = await generateIdentity(2048, new Secret("Schloß"));
  expect((await readIdentity(open.privatePem)).fingerprint).toBe(
    (await readRecipient(open.publicPem)).fingerprint,
  );
  expect((await readIdentity(shut.privatePem, ask("Schloß"))).fingerprint).toBe(
    (await readRecipient(shut.publicPem)).fingerprint,
  );
  const key = createPrivateKey({ key: shut.privatePem, passphrase: "Schloß" });
  expect(createPublicKey(key).export({ type: "spki", format: "pem" })).toBe(shut.publicPem);
  // 600,000 rounds of PBKDF2 with HMAC-SHA-256.
  const der = Buffer.from(shut.privatePem.replaceAll(/-----.*-----|\n/g, ""), "base64").toString("hex");
  expect(der).toContain("02030927c0300c06082a864886f70d02090500");
  expect(await codeOf(readIdentity(shut.privatePem, ask("Schloss")))).toBe("passphrase");
  expect(await codeOf(generateIdentity(2048, new Secret("")))).toBe("passphrase");
});
