import { collect } from "../base/bytes.ts";
import { checkTrailer } from "./open.ts";
import { openSegment } from "./segment.ts";
import { segmentRange, type Source } from "./source.ts";
import { TRAILER_BYTES } from "./trailer.ts";
import type { Unlocked } from "./unlock.ts";

/**
 * Opens the trailer of a source and `most` of its segments: the first, the last, and others at random. It finds what is
 * cut, extended or replaced, and damage only where it looks.
 *
 * @returns how many bytes were read.
 * @throws {Refusal} as `checkTrailer()` does; `segment`
 */
export async function openSample(
  source: Source,
  unlocked: Unlocked,
  most: number,
  signal: AbortSignal,
): Promise<number> {
  const { trailer } = await checkTrailer(source, unlocked, signal);
  let bytes = TRAILER_BYTES;
  for (const index of chooseSegments(trailer.segments, most)) {
    const { start, end } = segmentRange(source.size, unlocked.header, index);
    const segment = await collect(await source.read(start, end, signal), end - start);
    await openSegment(unlocked.keys.payload, index, segment);
    bytes += segment.length;
  }
  return bytes;
}

/** All of `count` segments if `most` allow it, else the first, the last and others at random; in order. */
function chooseSegments(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, index) => index);
  const chosen = new Set([0, count - 1]);
  while (chosen.size < most) chosen.add(Math.floor(Math.random() * count));
  return [...chosen].toSorted((a, b) => a - b);
}
