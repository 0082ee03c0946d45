import { expect, test } from "bun:test";
import { constants, createPrivateKey, privateDecrypt } from "node:crypto";
import { readSigner } from "../../src/seal/signer.ts";
import { verifySignature } from "../../src/seal/ed25519.ts";
import { writePem } from "../../src/seal/pem.ts";
import vectors from "../testdata/primitives.json";

const hex = (text: string) => Uint8Array.fromHex(text);
const { subtle } = crypto;

test.each(vectors.aesGcm)("AES-256-GCM is that of Wycheproof's vector $tcId", async (vector) => {
  const key = await subtle.importKey("raw", hex(vector.key), "AES-GCM", false, ["encrypt", "decrypt"]);
  const algorithm = { name: "AES-GCM", iv: hex(vector.nonce), additionalData: hex(vector.context) };
  const opened = subtle.decrypt(algorithm, key, hex(vector.sealed));
  if (vector.isValid) {
    expect(new Uint8Array(await opened).toHex()).toBe(vector.message);
    const sealed = await subtle.encrypt(algorithm, key, hex(vector.message));
    expect(new Uint8Array(sealed).toHex()).toBe(vector.sealed);
  } else {
    expect(opened).rejects.toThrow();
  }
});

test.each(vectors.rsaOaep.tests)("RSA-OAEP is that of Wycheproof's vector $tcId", (vector) => {
  const der = Buffer.from(hex(vectors.rsaOaep.privateKey));
  const open = () =>
    privateDecrypt(
      {
        key: createPrivateKey({ key: der, format: "der", type: "pkcs8" }),
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: "sha256",
        oaepLabel: hex(vector.label),
      },
      hex(vector.ciphertext),
    );
  if (vector.isValid) expect(open().toString("hex")).toBe(vector.message);
  else expect(open).toThrow();
});

test.each(vectors.hmac)("HMAC-SHA-256 is that of RFC 4231 for a key of $key", async (vector) => {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", hex(vector.key), algorithm, false, ["sign"]);
  expect(new Uint8Array(await subtle.sign("HMAC", key, hex(vector.message))).toHex()).toBe(vector.mac);
});

test.each(vectors.hkdf)("HKDF-SHA-256 is that of RFC 5869 for the salt $salt", async (vector) => {
  const key = await subtle.importKey("raw", hex(vector.key), "HKDF", false, ["deriveBits"]);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: hex(vector.salt), info: hex(vector.info) };
  const bits = await subtle.deriveBits(algorithm, key, vector.bytes.length * 4);
  expect(new Uint8Array(bits).toHex()).toBe(vector.bytes);
});

test.each(vectors.ed25519)("Ed25519 is that of RFC 8032 for $publicKey", async (vector) => {
  const pkcs8 = hex(`302e020100300506032b657004220420${vector.seed}`);
  const signer = await readSigner(writePem("PRIVATE KEY", pkcs8));
  expect(signer.publicKey.toHex()).toBe(vector.publicKey);
  const signature = await signer.sign(hex(vector.message));
  expect(signature.toHex()).toBe(vector.signature);
  expect(await verifySignature(signer.publicKey, hex(vector.message), signature)).toBeTrue();
});
