import { expect, test } from "bun:test";
import { type Bytes, concat, streamOf } from "../../src/base/bytes.ts";
import { type Opened, openSource, openStream } from "../../src/seal/open.ts";
import { scanSource, type Source } from "../../src/seal/source.ts";
import { verifyDump } from "../../src/seal/dump.ts";
import { codeOf, codeOfError } from "./refused.ts";
import {
  NEVER,
  openFromSource,
  openFromStream,
  pieces,
  randomBytes,
  SEGMENT,
  sealAll,
  sourceOf,
  summaryOf,
  unlockSource,
} from "./sample.ts";

const STEP = SEGMENT + 16;
const payload = randomBytes(2 * SEGMENT + 100);
const { envelope, end } = await sealAll(payload);
const unlocked = await unlockSource(sourceOf(envelope));
const H = unlocked.header.headerBytes;
const segments = [0, 1, 2].map((index) =>
  envelope.slice(H + index * STEP, Math.min(H + (index + 1) * STEP, envelope.length - 216)),
);
const head = envelope.slice(0, H);
const trailer = envelope.slice(-216);

/** Opens what follows the genuine header, in all three ways, and asserts that nothing false ever comes out. */
async function codesOf(body: Bytes): Promise<{ codes: readonly string[]; released: readonly number[] }> {
  const whole = concat(head, body);
  const source = sourceOf(whole);
  const ways = [
    () => Promise.resolve(openStream(streamOf(body), unlocked, NEVER)),
    () => openSource(source, unlocked, { twoPass: false }, NEVER),
    () => openSource(source, unlocked, { twoPass: true }, NEVER),
  ];
  const codes: string[] = [];
  const released: number[] = [];
  for (const way of ways) {
    const { bytes, error } = await drain(way);
    expect(Buffer.compare(bytes, payload.subarray(0, bytes.length))).toBe(0);
    expect(bytes.length % SEGMENT).toBe(0);
    codes.push(codeOfError(error));
    released.push(bytes.length);
  }
  return { codes, released };
}

async function drain(begin: () => Promise<Opened>): Promise<{ bytes: Bytes; error: unknown }> {
  const got: Bytes[] = [];
  try {
    const { bytes, ended } = await begin();
    for await (const piece of bytes) got.push(piece);
    await ended;
    return { bytes: concat(...got), error: null };
  } catch (error) {
    return { bytes: concat(...got), error };
  }
}

test("openSource() and openStream() refuse a small file cut at any length", async () => {
  const { envelope } = await sealAll(randomBytes(50));
  for (let length = 0; length < envelope.length; length += 1) {
    const cut = envelope.slice(0, length);
    for (const { error, released } of [await openFromStream(cut), await openFromSource(cut, false)]) {
      expect(["truncated", "trailer"]).toContain(codeOfError(error));
      expect(released.length).toBe(0);
    }
  }
});

test("openSource() and openStream() refuse a larger file cut anywhere", async () => {
  const body = concat(...segments, trailer);
  for (let length = 0; length < body.length; length += 7) {
    const { codes, released } = await codesOf(body.slice(0, length));
    for (const code of codes) expect(["truncated", "trailer"]).toContain(code);
    expect(released.slice(1)).toEqual([0, 0]);
  }
});

test("openSource() and openStream() refuse every changed bit of the trailer", async () => {
  for (let bit = 0; bit < 216 * 8; bit += 1) {
    const changed = trailer.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
    const { codes, released } = await codesOf(concat(...segments, changed));
    const expected = bit < 24 * 8 ? "trailer" : "final-signature";
    expect(codes).toEqual([expected, expected, expected]);
    // A stream shows its trailer last, and still the last segment is held back.
    expect(released).toEqual([2 * SEGMENT, 0, 0]);
  }
});

test("openSource() and openStream() refuse a changed bit in any byte of the segments", async () => {
  const body = concat(...segments, trailer);
  for (let at = 0; at < body.length - 216; at += 37) {
    const changed = body.slice();
    changed[at] = (changed[at] ?? 0) ^ (1 << (at & 7));
    const { codes, released } = await codesOf(changed);
    const whole = Math.floor(at / STEP) * SEGMENT;
    expect(codes).toEqual(["segment", "segment", "chain"]);
    expect(released).toEqual([whole, whole, 0]);
  }
});

const [a, b, c] = segments as [Bytes, Bytes, Bytes];
const SHAPES: readonly [name: string, body: Bytes][] = [
  ["swapped segments", concat(b, a, c, trailer)],
  ["a segment twice", concat(a, a, b, c, trailer)],
  ["no first segment", concat(b, c, trailer)],
  ["no second segment", concat(a, c, trailer)],
  ["no last segment", concat(a, b, trailer)],
  ["the first segment only", concat(a, trailer)],
  ["no segments", trailer],
  ["nothing", new Uint8Array(0)],
  ["the trailer first", concat(trailer, a, b, c)],
  ["the last segment in the middle", concat(a, c, b, trailer)],
  ["two trailers", concat(a, b, c, trailer, trailer)],
  ["no trailer", concat(a, b, c)],
  ["another segment behind", concat(a, b, c, trailer, a)],
  ["another file behind", concat(a, b, c, trailer, envelope)],
  ["an empty segment at the end", concat(a, b, c, randomBytes(16), trailer)],
  ...[1, 15, 16, 17, 39].map((more): [string, Bytes] => [
    `${more} bytes behind`,
    concat(a, b, c, trailer, randomBytes(more)),
  ]),
];

test.each(SHAPES)("openSource() and openStream() refuse %s", async (_name, body) => {
  const { released } = await codesOf(body);
  expect(released[2]).toBe(0);
});

test("openSource() and openStream() refuse pieces of another envelope for the same key", async () => {
  const { envelope: other } = await sealAll(payload);
  const start = (await unlockSource(sourceOf(other))).header.headerBytes;
  const otherFirst = other.slice(start, start + STEP);
  expect((await codesOf(concat(otherFirst, b, c, trailer))).codes).toEqual(["segment", "segment", "chain"]);
  expect((await codesOf(concat(a, b, c, other.slice(-216)))).codes).toEqual(Array(3).fill("final-signature"));
});

/** Segment 0 with other content under the right key: what another holder of the file key can do. */
async function rewritten(): Promise<Bytes> {
  const algorithm = { name: "AES-GCM", iv: new Uint8Array(12) };
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, unlocked.keys.payload, randomBytes(SEGMENT)));
}

test("openSource() finds segments that a recipient sealed anew: with two passes before anything comes out", async () => {
  const whole = concat(head, await rewritten(), b, c, trailer);
  const once = await openFromSource(whole, false);
  expect(codeOfError(once.error)).toBe("chain");
  expect(once.released.length).toBe(2 * SEGMENT);
  const twice = await openFromSource(whole, true);
  expect(codeOfError(twice.error)).toBe("chain");
  expect(twice.released.length).toBe(0);
});

test("openSource() gives out what its first pass saw, or nothing", async () => {
  const genuine = sourceOf(envelope);
  const swapped = sourceOf(concat(head, await rewritten(), b, c, trailer));
  let reads = 0;
  const shifty: Source = {
    size: genuine.size,
    // Trailer and first pass are genuine; what is streamed is not.
    read: (start, end, signal) => (++reads <= 2 ? genuine : swapped).read(start, end, signal),
  };
  const { bytes, error } = await drain(() => openSource(shifty, unlocked, { twoPass: true }, NEVER));
  expect(codeOfError(error)).toBe("changed");
  expect(bytes.length).toBe(0);
});

test("openSource() refuses a source that shrinks or grows while it is read", async () => {
  const body = concat(...segments, trailer);
  for (const streamed of [body.slice(0, -STEP), concat(body, randomBytes(STEP))]) {
    const genuine = sourceOf(envelope);
    const shifty: Source = {
      size: genuine.size,
      read: (start, end, signal) =>
        start === H ? Promise.resolve(pieces(streamed, 999)) : genuine.read(start, end, signal),
    };
    const { error } = await drain(() => openSource(shifty, unlocked, { twoPass: false }, NEVER));
    codeOfError(error);
    expect(await codeOf(scanSource(shifty, unlocked.header, NEVER))).toBe("chain");
  }
});

test("scanSource() needs no key", async () => {
  const { segments, plaintextBytes, chain } = await scanSource(sourceOf(envelope), unlocked.header, NEVER);
  expect({ segments, chain }).toEqual({ segments: end.segments, chain: end.chain });
  expect(plaintextBytes).toBe(payload.length);
});

test("openStream() is stopped by its signal, and never takes that for an end", async () => {
  const controller = new AbortController();
  const reason = new Error("stop");
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const stuck = new ReadableStream<Bytes>({
    start: (stream) => stream.enqueue(concat(a, b)),
    cancel: resolve,
  });
  const opened = openStream(stuck, unlocked, controller.signal);
  setTimeout(() => controller.abort(reason), 5);
  expect(opened.bytes.getReader().read()).rejects.toBe(reason);
  expect(await promise).toBe(reason);
  expect(opened.ended).rejects.toBe(reason);
});

test("openStream() passes a failure of its source on as it is", async () => {
  const failure = new Error("connection reset");
  const broken = new ReadableStream<Bytes>({
    pull(stream) {
      stream.error(failure);
    },
  });
  const { error } = await drain(() => Promise.resolve(openStream(broken, unlocked, NEVER)));
  expect(error).toBe(failure);
});

test("verifyDump() lets the dump that was sealed pass, and no other", async () => {
  const through = async (dump: Bytes, opened: Pick<Opened, "summary" | "ended">) =>
    await drain(() =>
      Promise.resolve({
        ...opened,
        bytes: pieces(dump, 1000).pipeThrough(verifyDump({ ...opened, bytes: streamOf() })),
      }),
    );
  const ending = { ...summaryOf(payload), segments: 3, plaintextBytes: payload.length, chain: "" };
  const late = { summary: null, ended: Promise.resolve(ending) };
  const early = { summary: ending, ended: Promise.resolve(ending) };
  for (const opened of [late, early]) {
    expect(await through(payload, opened)).toEqual({ bytes: payload, error: null });
    const changed = payload.slice();
    changed[7] = (changed[7] ?? 0) ^ 1;
    for (const other of [changed, payload.slice(1), concat(payload, new Uint8Array(5000))]) {
      expect(codeOfError((await through(other, opened)).error)).toBe("dump");
    }
  }
  const bomb = await through(concat(payload, new Uint8Array(5000)), early);
  expect(bomb.bytes.length).toBeLessThanOrEqual(payload.length);
  const silent = { ...ending, sourceDigest: null };
  expect((await through(payload, { summary: null, ended: Promise.resolve(silent) })).error).toBeNull();
});
