import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { streamOf } from "../../src/base/bytes.ts";
import { readHeader } from "../../src/seal/header.ts";
import { large, PAYLOAD, SHORT } from "./fault.ts";
import { cut, derive, entryFor, forge, recipientsOf, type Design } from "./forge.ts";
import { type Outcome, tryOpen } from "./outcome.ts";
import { codeOf } from "./refused.ts";
import { design, keyOf, METADATA } from "./specimen.ts";

const LONG_MS = 60_000;
const RUNS = { numRuns: 1500 };
const good = large();

/** Fails unless the envelope was refused, or opened to `truth`, and nothing else came out in between. */
function expectNothingFalse({ code, released }: Outcome, truth: Buffer): void {
  expect(truth.subarray(0, released.length).equals(released)).toBe(true);
  if (code === null) expect(released.length).toBe(truth.length);
}

/** Something that happens to a file: a range is replaced by other bytes, zeros, another range, or nothing. */
const change = fc.record({
  at: fc.nat(good.bytes.length),
  length: fc.oneof(fc.nat(8), fc.nat(5000)),
  from: fc.nat(good.bytes.length),
  kind: fc.constantFrom("delete", "insert", "overwrite", "zero", "repeat"),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
});

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function apply(file: Buffer, { at, length, from, kind, bytes }: Change): Buffer {
  const [head, range, tail] = [
    file.subarray(0, at),
    file.subarray(at, at + length),
    file.subarray(at + length),
  ];
  const middle = {
    delete: Buffer.alloc(0),
    insert: Buffer.concat([bytes, range]),
    overwrite: Buffer.from(range.map((byte, index) => bytes[index % bytes.length] ?? byte)),
    zero: Buffer.alloc(range.length),
    repeat: Buffer.concat([range, file.subarray(from, from + length)]),
  }[kind];
  return Buffer.concat([head, middle, tail]);
}

test(
  "an envelope that was changed anyhow is refused, or opens to the same plaintext",
  async () => {
    const changes = fc.array(change, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(changes, fc.constantFrom("stream", "one pass", "two passes"), async (all, way) => {
        const changed = all.reduce(apply, good.bytes);
        const outcome = await tryOpen(changed, way);
        expectNothingFalse(outcome, PAYLOAD);
        if (!changed.equals(good.bytes)) expect(outcome.code).toBeString();
      }),
      RUNS,
    );
  },
  LONG_MS,
);

const u32 = fc.oneof(
  fc.nat(300),
  fc.constantFrom(2 ** 14, 2 ** 14 + 1, 2 ** 16 + 16, 2 ** 16 + 17, 2 ** 31, 2 ** 32 - 1),
);
const text = fc.oneof(
  fc.json().map((json) => Buffer.from(json)),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  fc
    .dictionary(fc.string(), fc.jsonValue())
    .map((more) => Buffer.from(JSON.stringify({ ...more, ...METADATA }))),
);

/** Any header, signed by the host and bound to its keys all the same: what a broken writer could make. */
const changedDesign: fc.Arbitrary<Partial<Design>> = fc.record(
  {
    major: fc.nat(255),
    suite: fc.nat(0xffff),
    segmentLog2: fc.nat(30),
    flags: fc.nat(255),
    coreLength: u32,
    publicLength: u32,
    sealedLength: u32,
    metadata: text,
    sealedMetadata: text,
    recipients: fc.uint8Array({ minLength: 2, maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    count: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    length: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    summary: fc.uint8Array({ minLength: 80, maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  },
  { requiredKeys: [] },
);

test(
  "an envelope of any design is refused, or opens to its plaintext",
  async () => {
    await fc.assert(
      fc.asyncProperty(changedDesign, async (changes) => {
        const segments = cut(SHORT, 2 ** Math.min(24, changes.segmentLog2 ?? 12));
        const { bytes } = forge(design({ ...changes, segments }, SHORT));
        expectNothingFalse(await tryOpen(bytes, "stream", { isCompressed: true }), SHORT);
      }),
      RUNS,
    );
  },
  LONG_MS,
);

test(
  "a list of recipients that a holder of the file key made opens to the same plaintext, or not at all",
  async () => {
    const chosen = design({}, SHORT);
    const { core, coreHash, bytes, header } = forge(chosen);
    const mine = entryFor(keyOf("alice"), chosen.fileKey);
    const entry = fc.oneof(
      fc.constantFrom(mine, { ...mine, type: 2 }, entryFor(keyOf("alice"), chosen.fileKey, { type: 2 })),
      fc.constantFrom(entryFor(keyOf("alice"), Buffer.alloc(32, 1)), entryFor(keyOf("bob"), chosen.fileKey)),
      fc.record({
        type: fc.nat(0xffff),
        fingerprint: fc.constantFrom(mine.fingerprint, Buffer.alloc(32)),
        body: fc.uint8Array({ minLength: 1, maxLength: 600 }).map((body) => Buffer.from(body)),
      }),
    );
    const key = derive(chosen, "header-mac", coreHash);
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async (entries) => {
        const recipients = recipientsOf(entries);
        const mac = createHmac("sha256", key).update(core).update(recipients).digest();
        const rest = [header.subarray(-64), bytes.subarray(header.length)];
        const outcome = await tryOpen(Buffer.concat([core, recipients, mac, ...rest]), "stream");
        expectNothingFalse(outcome, SHORT);
        if (entries.includes(mine)) expect(outcome.code).toBeNull();
      }),
      { numRuns: 500 },
    );
  },
  LONG_MS,
);

test("readHeader() refuses any bytes, and fails in no other way", async () => {
  const start = fc.constantFrom("", "DBACKED", "DBACKED\x02", "DBACKED\x02\0\x01\x0c\0");
  await fc.assert(
    fc.asyncProperty(start, fc.uint8Array({ maxLength: 3000 }), async (magic, rest) => {
      const bytes = new Uint8Array(Buffer.concat([Buffer.from(magic, "latin1"), rest]));
      expect(await codeOf(readHeader(streamOf(bytes)))).toBeString();
    }),
    RUNS,
  );
});
