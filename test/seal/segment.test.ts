import { expect, test } from "bun:test";
import { type Bytes, streamOf } from "../../src/base/bytes.ts";
import { Carver, workOn } from "../../src/seal/carver.ts";
import { readU64, u64 } from "../../src/seal/integer.ts";
import { Chain, nonceOf, openSegment, sealSegment } from "../../src/seal/segment.ts";
import { measure } from "../../src/seal/source.ts";
import { codeOf, codeOfThrown } from "./refused.ts";
import { pieces, randomBytes, SEGMENT } from "./sample.ts";
import fc from "fast-check";

const STEP = SEGMENT + 16;

test.each([
  [0, false, "000000000000000000000000"],
  [0, true, "000000000000000000000001"],
  [1, false, "000000000000000000000100"],
  [255, true, "00000000000000000000ff01"],
  [2 ** 32 - 1, false, "00000000000000ffffffff00"],
  [2 ** 32, true, "000000000000010000000001"],
  [2 ** 53 - 1, false, "000000001fffffffffffff00"],
] as const)("nonceOf() encodes %d, last %p", (index, last, nonce) => {
  expect(nonceOf(index, last).toHex()).toBe(nonce);
});

test("u64() and readU64() agree up to 2^53 - 1, and what is more stays more", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (value) => readU64(u64(value), 0) === value));
  expect(readU64(new Uint8Array(8).fill(0xff), 0)).toBeGreaterThan(2 ** 53);
});

test("openSegment() opens a segment at its own place only", async () => {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
  const plaintext = randomBytes(100);
  const copy = plaintext.slice();
  const sealing = sealSegment(key, 7, plaintext);
  // The buffer may be used again at once.
  plaintext.fill(0);
  const { bytes, digest } = await sealing;
  const opened = await openSegment(key, 7, bytes);
  expect(opened.plaintext).toEqual(copy);
  expect(opened.digest).toEqual(digest);
  expect(await codeOf(openSegment(key, 8, bytes))).toBe("segment");
  expect(await codeOf(openSegment(key, 7, bytes.slice(0, 15)))).toBe("segment");
});

test("Chain counts up to 2^32 - 1 segments and 2^46 bytes, and no further", () => {
  const hash = randomBytes(32);
  const full = new Chain(hash, 2 ** 32 - 2);
  expect(full.begin(1)).toBe(2 ** 32 - 2);
  expect(full.segments).toBe(2 ** 32 - 1);
  expect(codeOfThrown(() => full.begin(1))).toBe("too-long");
  const long = new Chain(hash, 5, 2 ** 46 - 10);
  long.begin(10);
  expect(codeOfThrown(() => long.begin(1))).toBe("too-long");
});

test.each([
  [0, 0, 0],
  [17, 1, 1],
  [STEP, 1, SEGMENT],
  [STEP + 17, 2, SEGMENT + 1],
  [5 * STEP, 5, 5 * SEGMENT],
  // Beyond 4 GiB, and the most that 2^32 - 1 segments hold.
  [1_500_000 * STEP + 20, 1_500_001, 1_500_000 * SEGMENT + 4],
  [(2 ** 32 - 1) * STEP, 2 ** 32 - 1, (2 ** 32 - 1) * SEGMENT],
])("measure() finds in %d bytes %d segments of %d bytes together", (length, segments, plaintextBytes) => {
  expect(measure(length, SEGMENT)).toEqual({ segments, plaintextBytes });
});

test.each([-1, -216, 1, 16, STEP + 1, STEP + 16])("measure() refuses %d bytes as truncated", (length) => {
  expect(codeOfThrown(() => measure(length, SEGMENT))).toBe("truncated");
});

test("measure() refuses more than an envelope can hold", () => {
  expect(codeOfThrown(() => measure((2 ** 32 - 1) * STEP + 17, SEGMENT))).toBe("too-long");
  const mebi = 2 ** 20;
  expect(measure(2 ** 26 * (mebi + 16), mebi).plaintextBytes).toBe(2 ** 46);
  expect(codeOfThrown(() => measure(2 ** 26 * (mebi + 16) + 17, mebi))).toBe("too-long");
});

test("Carver cuts any pieces into the same ones", async () => {
  const input = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
  const size = fc.integer({ min: 1, max: 30 });
  const hold = fc.nat({ max: 40 });
  await fc.assert(
    fc.asyncProperty(input, size, hold, async (input, size, hold) => {
      const whole = Buffer.concat(input);
      const carver = new Carver(streamOf(...input.map((piece) => new Uint8Array(piece))), size, hold);
      let at = 0;
      for (let piece = await carver.next(); piece !== null; piece = await carver.next()) {
        expect(Buffer.compare(piece, whole.subarray(at, at + size))).toBe(0);
        at += size;
      }
      expect(Buffer.compare(carver.tail, whole.subarray(at))).toBe(0);
      expect(carver.tail.length).toBeLessThan(size + hold);
      expect(at === 0 || carver.tail.length >= hold).toBeTrue();
    }),
  );
});

test("workOn() works on four pieces at a time, and gives results in order", async () => {
  let running = 0;
  let most = 0;
  let count = 0;
  const work = async (_piece: Bytes) => {
    const index = count;
    count += 1;
    running += 1;
    most = Math.max(most, running);
    await Bun.sleep(index % 3);
    running -= 1;
    return index;
  };
  const results: number[] = [];
  for await (const result of workOn(new Carver(pieces(randomBytes(200), 7), 10, 0), work))
    results.push(result);
  expect(results).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(most).toBe(4);
});
