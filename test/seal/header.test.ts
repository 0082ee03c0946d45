import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Bytes, collect, concat, streamOf } from "../../src/base/bytes.ts";
import { type Header, parseHeader, readHeader } from "../../src/seal/header.ts";
import type { RefusalCode } from "../../src/seal/refusal.ts";
import type { Stanza } from "../../src/seal/stanza.ts";
import { draft, stanza } from "./draft.ts";
import { codeOf } from "./refused.ts";
import { metadata, NEVER, pieces, randomBytes, recipient, sealAll, signer } from "./sample.ts";

const { envelope } = await sealAll(randomBytes(100));
const header = await parseHeader(envelope);

function flip(bytes: Bytes, bit: number): Bytes {
  const changed = bytes.slice();
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  return changed;
}

test("readHeader() gives what was sealed, and everything behind it", async () => {
  const { header, body } = await readHeader(streamOf(envelope), NEVER);
  expect(header.metadata).toEqual(metadata);
  expect(header.signerText).toBe(signer.text);
  expect(header.recipients.map(({ fingerprint }) => fingerprint)).toEqual([recipient.fingerprint]);
  expect(header.id).toBe(envelope.slice(16, 32).toHex());
  expect(header.segmentSize).toBe(4096);
  const rest = await collect(body, Infinity);
  expect(Buffer.compare(rest, envelope.subarray(header.headerBytes))).toBe(0);
  const digest = new Bun.CryptoHasher("sha256").update(envelope.slice(0, header.headerBytes)).digest("hex");
  expect(header.digest).toBe(digest);
});

test.each([1, 7, 4096, 65_536])("readHeader() is the same for pieces of %d bytes", async (size) => {
  const { header: other, body } = await readHeader(pieces(envelope, size), NEVER);
  expect(other).toEqual(header);
  expect(Buffer.compare(await collect(body, Infinity), envelope.subarray(header.headerBytes))).toBe(0);
});

test("readHeader() pulls no more than it needs", async () => {
  let pulled = 0;
  const source = pieces(envelope, 1).pipeThrough(
    new TransformStream<Bytes, Bytes>(
      {
        transform(piece, controller) {
          pulled += piece.length;
          controller.enqueue(piece);
        },
      },
      undefined,
      { highWaterMark: 0 },
    ),
  );
  await readHeader(source, NEVER);
  expect(pulled).toBeLessThanOrEqual(header.headerBytes + 2);
});

test("readHeader() refuses every prefix of a header as truncated", async () => {
  for (let length = 0; length < header.headerBytes; length += 1) {
    expect(await codeOf(parseHeader(envelope.slice(0, length)))).toBe("truncated");
  }
});

/** Which checks find a changed bit of the fixed part first. */
const FIXED: readonly [name: string, start: number, end: number, codes: readonly RefusalCode[]][] = [
  ["magic", 0, 7, ["magic"]],
  ["major", 7, 8, ["version", "legacy"]],
  ["suite", 8, 10, ["suite"]],
  ["segLog2", 10, 11, ["segment-size", "header-signature"]],
  ["flags", 11, 12, ["flags"]],
  ["coreLen", 12, 16, ["core-length"]],
  ["salt", 16, 48, ["header-signature"]],
  ["commitment", 48, 80, ["header-signature"]],
  ["signer", 80, 112, ["header-signature", "signer"]],
  ["P", 112, 116, ["core-length", "metadata-length"]],
  ["Q", 116, 120, ["core-length", "metadata-length"]],
];

test.each(FIXED)("readHeader() refuses every changed bit of %s", async (_name, start, end, codes) => {
  for (let bit = start * 8; bit < end * 8; bit += 1) {
    expect(codes).toContain(await codeOf(parseHeader(flip(envelope, bit))));
  }
});

test("readHeader() refuses every changed bit of both metadata and of the signature", async () => {
  const { headerBytes, raw } = header;
  const bits = [
    ...Array.from({ length: (raw.core.length - 120) * 8 }, (_, bit) => 120 * 8 + bit),
    ...Array.from({ length: 64 * 8 }, (_, bit) => (headerBytes - 64) * 8 + bit),
  ];
  for (const bit of bits) expect(await codeOf(parseHeader(flip(envelope, bit)))).toBe("header-signature");
});

test.each([0, 2, 0xffff])("readHeader() refuses the suite %d, though it is signed", async (suite) => {
  const bytes = await draft({ mangle: (core) => core.set([suite >> 8, suite & 255], 8) });
  expect(await codeOf(parseHeader(bytes))).toBe("suite");
});

test.each([
  [0, "legacy"],
  [1, "legacy"],
  [3, "version"],
  [255, "version"],
] as const)("readHeader() refuses the major version %d, though it is signed", async (major, code) => {
  expect(await codeOf(parseHeader(await draft({ mangle: (core) => core.set([major], 7) })))).toBe(code);
});

test("readHeader() takes segments of 2^12 to 2^24 bytes only", async () => {
  for (let segmentLog2 = 0; segmentLog2 < 256; segmentLog2 += 1) {
    const bytes = await draft({ segmentLog2 });
    if (segmentLog2 >= 12 && segmentLog2 <= 24) {
      expect((await parseHeader(bytes)).segmentSize).toBe(2 ** segmentLog2);
    } else {
      expect(await codeOf(parseHeader(bytes))).toBe("segment-size");
    }
  }
});

test("readHeader() refuses lengths out of bounds before it reads what they are lengths of", async () => {
  const claim = async (publicBytes: number, sealedBytes: number) => {
    const fixed = (await draft({})).slice(0, 120);
    const view = new DataView(fixed.buffer);
    view.setUint32(12, (120 + publicBytes + sealedBytes) >>> 0);
    view.setUint32(112, publicBytes);
    view.setUint32(116, sealedBytes);
    return await codeOf(parseHeader(fixed));
  };
  const wrong = [
    [0, 100],
    [1, 100],
    [16_385, 100],
    [0xffffffff, 100],
    [100, 0],
    [100, 17],
    [100, 65_553],
    [100, 0xffffffff],
  ] as const;
  for (const [publicBytes, sealedBytes] of wrong) {
    expect(await claim(publicBytes, sealedBytes)).toBe("metadata-length");
  }
  // Within bounds: only the bytes are missing.
  expect(await claim(2, 18)).toBe("truncated");
  expect(await claim(16_384, 65_552)).toBe("truncated");
});

test.each([18, 65_552])("readHeader() takes sealed metadata of %d bytes", async (sealedBytes) => {
  expect((await parseHeader(await draft({ sealedBytes }))).parts.sealedMetadata.length).toBe(sealedBytes);
});

test("readHeader() takes 1 to 64 recipients, of any type", async () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, type): Stanza => ({ ...stanza, type: 0x8000 + type }));
  for (const count of [1, 64]) {
    expect((await parseHeader(await draft({ stanzas: many(count) }))).recipients).toEqual(many(count));
  }
  for (const count of [0, 65]) {
    expect(await codeOf(parseHeader(await draft({ stanzas: many(count) })))).toBe("recipients");
  }
});

test("readHeader() takes wrapped keys of 1 to 8192 bytes", async () => {
  const withBody = (length: number) => draft({ stanzas: [{ ...stanza, body: randomBytes(length) }] });
  for (const length of [1, 8192]) {
    expect((await parseHeader(await withBody(length))).recipients[0]?.body.length).toBe(length);
  }
  for (const length of [0, 8193, 65_535]) {
    expect(await codeOf(parseHeader(await withBody(length)))).toBe("recipients");
  }
});

test("readHeader() refuses signers under which anybody can sign", async () => {
  const lax = [new Uint8Array(32), new Uint8Array(32).fill(0xff), Uint8Array.fromHex(`01${"00".repeat(31)}`)];
  for (const signer of lax) expect(await codeOf(parseHeader(await draft({ signer })))).toBe("signer");
});

test("readHeader() refuses the signature of another header of the same signer", async () => {
  const other = await draft({});
  const mixed = concat(envelope.slice(0, header.headerBytes - 64), other.slice(-64));
  expect(await codeOf(parseHeader(mixed))).toBe("header-signature");
});

test("readHeader() refuses or reads any bytes, and fails in no other way", async () => {
  const start: Header = header;
  const mutation = fc.record({
    at: fc.nat({ max: start.headerBytes - 1 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    cut: fc.nat({ max: start.headerBytes }),
  });
  await fc.assert(
    fc.asyncProperty(mutation, async ({ at, bytes, cut }) => {
      const changed = envelope.slice(0, Math.max(cut, at + bytes.length));
      changed.set(bytes.subarray(0, changed.length - at), at);
      const read = await parseHeader(changed).catch((error: unknown) => error);
      if (read instanceof Error) await codeOf(Promise.reject(read));
      else expect((read as Header).core).toBe(start.core);
    }),
    { numRuns: 300 },
  );
});
