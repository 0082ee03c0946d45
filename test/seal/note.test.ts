import { expect, test } from "bun:test";
import { createPublicKey, verify } from "node:crypto";
import fc from "fast-check";
import { type Bytes, utf8 } from "../../src/base/bytes.ts";
import { reasonOf } from "../../src/base/error.ts";
import { keyIdOf, MAX_NOTE_BYTES, openPart, sealPart, signNote, verifyNote } from "../../src/seal/note.ts";
import { generateSigner, readSigner } from "../../src/seal/signer.ts";
import { codeOf } from "./refused.ts";
import { randomBytes, signer } from "./sample.ts";

const TYPE = "application/vnd.dbacked.manifest+json";
const payload = utf8(`{"schema":1,"name":"üü"}`);
const note = await signNote(TYPE, payload, signer);
const other = await readSigner((await generateSigner()).pem);

interface Loose {
  payloadType?: unknown;
  payload?: unknown;
  signatures?: unknown;
}

/** The note with some of it replaced. */
function altered(
  change: (dsse: { payload: string; signatures: { keyid: string; sig: string }[] }) => Loose,
): Bytes {
  const dsse = JSON.parse(new TextDecoder().decode(note)) as Parameters<typeof change>[0];
  return utf8(JSON.stringify({ ...dsse, ...change(dsse) }));
}

test("verifyNote() gives back what signNote() signed, and by whom", async () => {
  expect(await verifyNote(note, TYPE, [other.publicKey, signer.publicKey])).toEqual({
    payload,
    signer: signer.publicKey,
  });
});

test("signNote() writes what any DSSE verifier takes", () => {
  const dsse = JSON.parse(new TextDecoder().decode(note)) as Record<string, unknown>;
  const [signature] = dsse["signatures"] as { keyid: string; sig: string }[];
  expect(dsse["payloadType"]).toBe(TYPE);
  expect(Buffer.from(String(dsse["payload"]), "base64").toString()).toBe(new TextDecoder().decode(payload));
  const x = Buffer.from(signer.publicKey).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const spki = key.export({ type: "spki", format: "der" });
  expect(signature?.keyid).toBe(new Bun.CryptoHasher("sha256").update(spki).digest("hex"));
  const message = `DSSEv1 ${TYPE.length} ${TYPE} ${payload.length} ${new TextDecoder().decode(payload)}`;
  expect(verify(null, Buffer.from(message), key, Buffer.from(signature?.sig ?? "", "base64"))).toBeTrue();
});

test("verifyNote() tells signers that are not known from signatures that are wrong", async () => {
  const { publicKey } = signer;
  expect(await codeOf(verifyNote(note, TYPE, []))).toBe("unknown-signer");
  expect(await codeOf(verifyNote(note, TYPE, [other.publicKey]))).toBe("unknown-signer");
  const claimed = altered(({ signatures: [first] }) => ({
    signatures: [{ ...first, keyid: keyIdOf(other.publicKey) }],
  }));
  expect(await codeOf(verifyNote(claimed, TYPE, [publicKey]))).toBe("unknown-signer");
  expect(await codeOf(verifyNote(claimed, TYPE, [other.publicKey]))).toBe("note");
});

test("verifyNote() shows no more than a little of what a stranger has written", async () => {
  const long = "x".repeat(1_000_000);
  const strange = altered(({ signatures: [first] }) => ({ signatures: [{ ...first, keyid: long }] }));
  for (const note of [strange, altered(() => ({ payloadType: long }))]) {
    const failure = await verifyNote(note, TYPE, [signer.publicKey]).catch((error: unknown) => error);
    expect(reasonOf(failure).length).toBeLessThan(200);
  }
});

test("verifyNote() finds the signature that is known among several", async () => {
  const second = await signNote(TYPE, payload, other);
  const { signatures } = JSON.parse(new TextDecoder().decode(second)) as { signatures: object[] };
  const both = altered((dsse) => ({ signatures: [...signatures, ...dsse.signatures] }));
  expect((await verifyNote(both, TYPE, [signer.publicKey])).signer).toEqual(signer.publicKey);
  const many = altered((dsse) => ({ signatures: Array.from({ length: 17 }, () => dsse.signatures[0]) }));
  expect(await codeOf(verifyNote(many, TYPE, [signer.publicKey]))).toBe("note");
});

const BROKEN: readonly [name: string, note: Bytes][] = [
  ["another payload", altered(() => ({ payload: utf8("{}").toBase64() }))],
  ["another type", altered(() => ({ payloadType: "application/vnd.dbacked.proof+json" }))],
  ["no type", altered(() => ({ payloadType: undefined }))],
  ["a payload that is no text", altered(() => ({ payload: 7 }))],
  ["no signatures", altered(() => ({ signatures: [] }))],
  ["signatures that are no list", altered(() => ({ signatures: {} }))],
  ["a signature that is null", altered(() => ({ signatures: [null] }))],
  [
    "zeroes for a signature",
    altered(({ signatures: [first] }) => ({
      signatures: [{ ...first, sig: Buffer.alloc(64).toString("base64") }],
    })),
  ],
  [
    "a short signature",
    altered(({ signatures: [first] }) => ({ signatures: [{ ...first, sig: first?.sig.slice(4) }] })),
  ],
  ["base64 with spaces", altered((dsse) => ({ payload: `${dsse.payload} ` }))],
  ["base64 without padding", altered((dsse) => ({ payload: dsse.payload.replaceAll("=", "") }))],
  ["a byte behind it", utf8(`${new TextDecoder().decode(note)}x`)],
  [
    "a hundred thousand signatures",
    altered(() => ({ signatures: Array.from({ length: 100_000 }, () => ({})) })),
  ],
  [
    "a thousand other fields",
    altered(() => Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [at, 0]))),
  ],
  ["nothing", new Uint8Array(0)],
  ["null", utf8("null")],
  ["invalid UTF-8", new Uint8Array([0xff, 0xfe])],
  ["a million brackets", utf8("[".repeat(1_000_000))],
  ["more than 16 MiB", new Uint8Array(MAX_NOTE_BYTES + 1).fill(0x20)],
];

test.each(BROKEN)("verifyNote() refuses a note with %s", async (_name, broken) => {
  expect(await codeOf(verifyNote(broken, TYPE, [signer.publicKey]))).toBe("note");
});

test("verifyNote() gives out what was signed, or nothing, whatever is changed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: note.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const changed = note.slice();
      changed[at] = (changed[at] ?? 0) ^ flip;
      const read = await verifyNote(changed, TYPE, [signer.publicKey]).catch(() => null);
      if (read !== null) expect(read.payload).toEqual(payload);
    }),
    { numRuns: 300 },
  );
});

test("openPart() opens what sealPart() sealed: for the same envelope, type and key", async () => {
  const newKey = () =>
    crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const [key, wrongKey] = [await newKey(), await newKey()];
  const [core, wrongCore] = [randomBytes(32), randomBytes(32)];
  const sealed = await sealPart(key, core, TYPE, { rows: { shop: 7 } });
  expect(await openPart(key, core, TYPE, sealed)).toEqual({ rows: { shop: 7 } });
  expect(await sealPart(key, core, TYPE, {})).not.toBe(await sealPart(key, core, TYPE, {}));
  const wrong = [
    () => openPart(wrongKey, core, TYPE, sealed),
    () => openPart(key, wrongCore, TYPE, sealed),
    () => openPart(key, core, `${TYPE}x`, sealed),
    () => openPart(key, core, TYPE, ""),
    () => openPart(key, core, TYPE, "????"),
    () => openPart(key, core, TYPE, randomBytes(40).toBase64()),
  ];
  for (const open of wrong) expect(await codeOf(open())).toBe("note");
});
