import { describe, expect, test } from "bun:test";
import { type Bytes, concat } from "../../src/base/bytes.ts";
import { expectRefused, forEachUpTo, tryBody, unlockForged } from "./body.ts";
import { large, PAYLOAD } from "./fault.ts";
import { tryOpen } from "./outcome.ts";

const good = large();
const bytes = new Uint8Array(good.bytes);
const subject = await unlockForged(good, PAYLOAD);
const { header, body } = subject;
const segmentBytes = body.length - good.trailer.length;

/** For the tests that open thousands of envelopes. */
const LONG_MS = 60_000;

function flipped(whole: Bytes, bit: number): Bytes {
  const copy = whole.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

test("the envelope opens as it is", async () => {
  expect((await tryOpen(bytes, "stream")).code).toBeNull();
  expect((await tryBody(subject, body, "stream")).code).toBeNull();
  expect((await tryBody(subject, body, "two passes")).code).toBeNull();
});

describe("an envelope of another length is refused", () => {
  test("cut anywhere in its header", async () => {
    await forEachUpTo(header.length, async (length) => {
      for (const way of ["stream", "two passes"] as const) {
        const { code, released } = await tryOpen(bytes.subarray(0, length), way);
        expect([code, released.length]).toEqual(["truncated", 0]);
      }
    });
  });

  test(
    "cut anywhere behind it",
    async () => {
      await forEachUpTo(body.length, (length) => expectRefused(subject, body.slice(0, length)));
    },
    LONG_MS,
  );

  test("longer by 1 to 300 bytes, zeros or its own last ones", async () => {
    await forEachUpTo(300, async (index) => {
      await expectRefused(subject, concat(body, new Uint8Array(index + 1)));
      await expectRefused(subject, concat(body, body.slice(-index - 1)));
    });
  });

  test("longer by any of its own pieces", async () => {
    for (const piece of [...good.segments, good.trailer, body, bytes]) {
      await expectRefused(subject, concat(body, piece));
    }
  });
});

describe("an envelope with a bit flipped is refused", () => {
  test(
    "any bit of its header",
    async () => {
      await forEachUpTo(header.length * 8, async (bit) => {
        const { code, released } = await tryOpen(flipped(bytes, bit), "stream");
        expect([bit, code, released.length]).toEqual([bit, expect.any(String), 0]);
      });
    },
    LONG_MS,
  );

  test(
    "a bit of every byte of its segments",
    async () => {
      await forEachUpTo(segmentBytes, (at) => expectRefused(subject, flipped(body, at * 8 + (at % 8))));
    },
    LONG_MS,
  );

  test(
    "any bit of its trailer",
    async () => {
      const bits = good.trailer.length * 8;
      await forEachUpTo(bits, (bit) => expectRefused(subject, flipped(body, segmentBytes * 8 + bit)));
    },
    LONG_MS,
  );
});
