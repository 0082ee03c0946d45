import { expect, test } from "bun:test";
import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { verifySignature } from "../../src/seal/ed25519.ts";
import { writePem } from "../../src/seal/pem.ts";
import { generateSigner, readSigner, readSignerText, signerText } from "../../src/seal/signer.ts";
import { codeOf } from "./refused.ts";
import { pair, randomBytes, signer } from "./sample.ts";

test("readSigner() reads what generateSigner() made, and signs with it", async () => {
  const { pem } = await generateSigner();
  const signer = await readSigner(pem);
  const signature = await signer.sign(utf8("message"));
  expect(await verifySignature(signer.publicKey, utf8("message"), signature)).toBeTrue();
  expect(readSignerText(signer.text)).toEqual(signer.publicKey);
  expect((await readSigner(utf8(pem.replaceAll("\n", "\r\n")))).text).toBe(signer.text);
});

test("readSigner() signs as others do with the same key", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const signer = await readSigner(privateKey.export({ type: "pkcs8", format: "pem" }));
  const expected = sign(null, utf8("message"), privateKey);
  expect(Buffer.compare(await signer.sign(utf8("message")), expected)).toBe(0);
});

test("readSigner() refuses everything else", async () => {
  const { pem } = await generateSigner();
  const prefix = Uint8Array.fromHex("302e020100300506032b657004220420");
  const others = [
    "",
    pair.privatePem,
    pem + pem,
    pem.replaceAll("PRIVATE", "PUBLIC"),
    writePem("PRIVATE KEY", concat(prefix, randomBytes(33))),
    writePem("PRIVATE KEY", concat(prefix, randomBytes(31))),
    writePem("PRIVATE KEY", randomBytes(48)),
    generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }),
  ];
  for (const other of others) expect(await codeOf(readSigner(other))).toBe("bad-key");
});

test("readSignerText() takes one text for each key", () => {
  const text = signer.text;
  const others = [
    "",
    text.slice(8),
    text.replace("=", ""),
    `${text} `,
    `${text}\n`,
    text.toUpperCase(),
    text.replace("ed25519:", "ed25519: "),
    text.replace(/.=$/, (end) => (end === "B=" ? "C=" : "B=")),
    signerText(new Uint8Array(31)),
    signerText(new Uint8Array(33)),
    signerText(new Uint8Array(32)),
    signerText(new Uint8Array(32).fill(0xff)),
  ];
  for (const other of others)
    expect(() => readSignerText(other)).toThrow("is not the public key of a signer");
});

test("readSignerText() gives back the bytes that signerText() wrote", () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes));
  fc.assert(
    fc.property(key, (key) => {
      // Small enough to be below p, and of none of the eight points that are refused.
      key[31] = 0x21;
      expect(readSignerText(signerText(key))).toEqual(key);
    }),
  );
});
