import { type Genuine, large, others, zstdLarge } from "./genuine.ts";
import type { Mutant } from "./mutant.ts";
import type { Random } from "./random.ts";

/** Most pieces behind a header: one more than there are. */
const MOST = 5;

/** Segments and trailers left out, doubled, put in another order, and exchanged with those of other envelopes. */
export function* pieceMutants(random: Random): Generator<Mutant> {
  for (const of of [large, zstdLarge]) yield* rearranged(of);
  for (const by of others) {
    yield* exchanged(large, by);
    yield* exchanged(by, large);
  }
  yield* volumes(random);
}

/** Every row of up to five of the pieces of one envelope. */
function* rearranged(of: Genuine): Generator<Mutant> {
  const pieces = [...of.segments, of.trailer];
  const rows = (length: number): Buffer[][] =>
    length === 0 ? [[]] : rows(length - 1).flatMap((row) => pieces.map((piece) => [...row, piece]));
  for (let length = 0; length <= Math.min(MOST, pieces.length + 1); length += 1) {
    for (const row of rows(length))
      yield { family: "segments rearranged", bytes: Buffer.concat([of.header, ...row]), of };
  }
}

/** Each piece is from one of two envelopes. */
function* exchanged(of: Genuine, by: Genuine): Generator<Mutant> {
  const [mine, its] = [
    [...of.segments, of.trailer],
    [...by.segments, by.trailer],
  ];
  for (let choice = 0; choice < 2 ** mine.length; choice += 1) {
    const row = mine.map((piece, index) => ((choice >> index) & 1 ? (its[index] ?? piece) : piece));
    yield { family: "segments exchanged", bytes: Buffer.concat([of.header, ...row]), of };
  }
}

/** Envelopes in volumes, cut anywhere: some removed, doubled, exchanged with those of another backup, or in another order. */
function* volumes(random: Random): Generator<Mutant> {
  for (let round = 0; round < 1500; round += 1) {
    const by = random.pick(others);
    const length = Math.min(large.bytes.length, by.bytes.length);
    const inside = Array.from(
      { length: 4 },
      () => large.header.length + random.below(length - large.header.length),
    );
    const cuts = [0, ...inside.toSorted((a, b) => a - b)];
    const cutUp = ({ bytes }: Genuine) => cuts.map((start, index) => bytes.subarray(start, cuts[index + 1]));
    const [mine, its] = [cutUp(large), cutUp(by)];
    const [at, other] = [1 + random.below(4), 1 + random.below(4)];
    const changed = random.pick([
      mine.toSpliced(at, 1),
      mine.toSpliced(at, 0, mine[other] ?? Buffer.alloc(0)),
      mine.with(at, its[at] ?? Buffer.alloc(0)),
      mine.with(at, mine[other] ?? Buffer.alloc(0)).with(other, mine[at] ?? Buffer.alloc(0)),
      [...mine, its[at] ?? Buffer.alloc(0)],
    ]);
    yield { family: "volumes exchanged", bytes: Buffer.concat(changed), of: large };
  }
}
