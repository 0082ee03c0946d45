import { type Genuine, large, next, others, tiny, two, zstd, zstdLarge } from "./genuine.ts";
import { bordersOf, flipped, type Mutant, overwritten } from "./mutant.ts";
import type { Random } from "./random.ts";

/** Changes of single bits, and cuts: at every place of small envelopes. */
export function* byteMutants(random: Random): Generator<Mutant> {
  yield* everyBit(tiny, () => true);
  // To try a wrapped key takes the longest, and that of the first was tried bit by bit.
  for (const of of [two, zstd])
    yield* everyBit(of, (bit) => !isOfWrappedKey(of, bit) || bit % 8 === random.below(8));
  for (const of of [large, zstdLarge]) yield* bitInEachByte(of, random);
  for (const of of [tiny, two, zstd]) yield* everyCut(of, 1);
  for (const of of [large, zstdLarge]) yield* everyCut(of, 13);
  yield* crossings();
  yield* extensions(random);
}

function* everyBit(of: Genuine, isWanted: (bit: number) => boolean): Generator<Mutant> {
  for (let bit = 0; bit < of.bytes.length * 8; bit += 1)
    if (isWanted(bit)) yield { family: "a bit is flipped", bytes: flipped(of.bytes, bit), of };
}

function isOfWrappedKey({ core, header }: Genuine, bit: number): boolean {
  const at = bit >> 3;
  return at >= core.length + 38 && at < header.length - 96;
}

/** Behind the header only: the small ones have every bit of that. */
function* bitInEachByte(of: Genuine, random: Random): Generator<Mutant> {
  for (let at = of.header.length; at < of.bytes.length; at += 3)
    yield { family: "a bit is flipped", bytes: flipped(of.bytes, at * 8 + random.below(8)), of };
}

function* everyCut(of: Genuine, step: number): Generator<Mutant> {
  for (let length = 0; length < of.bytes.length; length += step)
    yield { family: "cut", bytes: of.bytes.subarray(0, length), of };
}

/** The beginning of one genuine envelope, and from the same place on another one. */
function* crossings(): Generator<Mutant> {
  for (const [of, by] of [
    [tiny, next],
    [next, tiny],
  ] as const) {
    for (let at = 1; at < of.bytes.length; at += 1)
      yield { family: "spliced", bytes: overwritten(of.bytes, at, by.bytes.subarray(at)), of };
  }
  for (const by of others) {
    for (let at = 1; at < large.bytes.length; at += 47)
      yield {
        family: "spliced",
        bytes: Buffer.concat([large.bytes.subarray(0, at), by.bytes.subarray(at)]),
        of: large,
      };
  }
}

function* extensions(random: Random): Generator<Mutant> {
  for (const of of [tiny, large]) {
    for (let more = 1; more <= 300; more += 1)
      yield { family: "extended", bytes: Buffer.concat([of.bytes, random.bytes(more)]), of };
    for (const end of bordersOf(of))
      yield { family: "extended", bytes: Buffer.concat([of.bytes, of.bytes.subarray(end)]), of };
    for (const by of [tiny, next, large, ...others])
      yield { family: "extended", bytes: Buffer.concat([of.bytes, by.bytes]), of };
  }
}
