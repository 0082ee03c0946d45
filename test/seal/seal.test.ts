import { expect, test } from "bun:test";
import { openFromSource, openFromStream, randomBytes, SEGMENT, sealAll, summaryOf } from "./sample.ts";

const S = SEGMENT;
const SIZES = [0, 1, 15, 16, 17, S - 1, S, S + 1, 2 * S - 1, 2 * S, 2 * S + 1, 5 * S, 5 * S + 123];

test.each(SIZES)("seal() makes an envelope of %d bytes that opens in every way", async (size) => {
  const payload = randomBytes(size);
  const { envelope, end } = await sealAll(payload);
  expect(end.bytes).toBe(envelope.length);
  expect(end.segments).toBe(Math.ceil(size / S));
  const outcomes = [
    await openFromStream(envelope),
    await openFromSource(envelope, false),
    await openFromSource(envelope, true),
  ];
  for (const { released, error, ending } of outcomes) {
    expect(error).toBeNull();
    expect(Buffer.compare(released, payload)).toBe(0);
    expect(ending).toEqual({
      ...summaryOf(payload),
      segments: end.segments,
      plaintextBytes: size,
      chain: end.chain,
    });
  }
});
