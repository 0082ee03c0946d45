import { expect, test } from "bun:test";
import { constants, createCipheriv, publicEncrypt } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Bytes, collect, concat, utf8 } from "../../src/base/bytes.ts";
import { readIdentity } from "../../src/seal/key.ts";
import { detectLegacy, openLegacy } from "../../src/seal/legacy.ts";
import { codeOf } from "./refused.ts";
import { identity, makePair, NEVER, pair, pieces, randomBytes, sealAll } from "./sample.ts";

const dump = randomBytes(40_000);

/** A file as the agent of 2018 made it. */
function write(content: Bytes, wishes: { version?: readonly number[]; key?: Bytes } = {}): Bytes {
  const key = wishes.key ?? randomBytes(32);
  const iv = randomBytes(16);
  const options = { key: pair.publicPem, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" };
  const wrapped = publicEncrypt(options, key);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, wrapped.length, true);
  const cipher = createCipheriv("aes-256-cbc", key.length === 32 ? key : randomBytes(32), iv);
  const version = new Uint8Array(wishes.version ?? [0, 3, 1]);
  return concat(utf8("DBACKED"), version, length, wrapped, iv, cipher.update(content), cipher.final());
}

const file = write(new Uint8Array(gzipSync(dump)));

async function open(bytes: Bytes, pieceBytes = 65_536, identities = [identity]): Promise<Bytes> {
  const stream = await openLegacy(pieces(bytes, pieceBytes), identities, { allowed: true }, NEVER);
  return await collect(stream, Infinity);
}

test.each([1, 7, 4096, 65_536])("openLegacy() opens version 1 in pieces of %d bytes", async (size) => {
  expect(Buffer.compare(await open(file, size), dump)).toBe(0);
});

test("openLegacy() opens an empty dump", async () => {
  expect((await open(write(new Uint8Array(gzipSync(new Uint8Array(0)))))).length).toBe(0);
});

test("openLegacy() refuses version 1 unless it is allowed", async () => {
  const refused = openLegacy(pieces(file, 100), [identity], { allowed: false }, NEVER);
  expect(await codeOf(refused)).toBe("legacy");
});

test("openLegacy() tries every private key", async () => {
  const other = await readIdentity(makePair().privatePem);
  expect((await open(file, 4096, [other, identity])).length).toBe(dump.length);
  expect(await codeOf(open(file, 4096, [other]))).toBe("no-matching-key");
  expect(await codeOf(open(file, 4096, []))).toBe("no-matching-key");
});

test("openLegacy() refuses a file cut at any length", async () => {
  const small = write(new Uint8Array(gzipSync(randomBytes(50))));
  for (let length = 0; length < small.length; length += 1) {
    expect(["truncated", "legacy-content"]).toContain(await codeOf(open(small.slice(0, length))));
  }
});

test("openLegacy() refuses what is no gzip, or a key of another length", async () => {
  expect(await codeOf(open(write(randomBytes(1000))))).toBe("legacy-content");
  expect(await codeOf(open(write(randomBytes(10), { key: randomBytes(16) })))).toBe("no-matching-key");
});

test.each([0, 2049, 0xffffffff])("openLegacy() refuses a wrapped key of %d bytes", async (length) => {
  const changed = file.slice();
  new DataView(changed.buffer).setUint32(10, length, true);
  expect(await codeOf(open(changed))).toBe("recipients");
});

test("openLegacy() refuses version 2, also under the head of version 1", async () => {
  const { envelope } = await sealAll(randomBytes(100));
  expect(await codeOf(open(envelope))).toBe("magic");
  envelope[7] = 1;
  expect(["recipients", "no-matching-key", "truncated"]).toContain(await codeOf(open(envelope)));
});

test("openLegacy() passes a failure of its source on as it is", async () => {
  const failure = new Error("connection reset");
  let sent = 0;
  const broken = new ReadableStream<Bytes>({
    pull(controller) {
      if (sent > 0) controller.error(failure);
      else controller.enqueue(file.slice(0, 10_000));
      sent += 1;
    },
  });
  const stream = await openLegacy(broken, [identity], { allowed: true }, NEVER);
  expect(collect(stream, Infinity)).rejects.toBe(failure);
});

test("detectLegacy() tells the versions apart and gives every byte back", async () => {
  const { envelope } = await sealAll(randomBytes(100));
  const cases: readonly [Bytes, boolean][] = [
    [file, true],
    [write(dump, { version: [1, 0, 0] }), true],
    [envelope, false],
    [utf8("DBACKED"), false],
    [utf8("hello"), false],
    [new Uint8Array(0), false],
  ];
  for (const [bytes, expected] of cases) {
    const { isLegacy, stream } = await detectLegacy(pieces(bytes, 5), NEVER);
    expect(isLegacy).toBe(expected);
    expect(Buffer.compare(await collect(stream, Infinity), bytes)).toBe(0);
  }
});
