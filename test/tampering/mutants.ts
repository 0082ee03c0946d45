import { large, others, tiny, trustedOnes, two, zstd, zstdLarge } from "./genuine.ts";
import { flipped, type Mutant, overwritten } from "./mutant.ts";
import { byteMutants } from "./mutants-bytes.ts";
import { fieldMutants } from "./mutants-fields.ts";
import { insiderMutants } from "./mutants-insider.ts";
import { pieceMutants } from "./mutants-pieces.ts";
import { Random } from "./random.ts";

/** `count` envelopes that were tampered with, no two of them equal: of all sorts first, then at random. */
export function* mutants(seed: number, count: number): Generator<Mutant> {
  const random = new Random(seed);
  const seen = new Set<string>();
  for (const mutant of endless(random)) {
    if (seen.size === count) return;
    const { bytes } = mutant;
    // What is nothing but another genuine envelope is nobody's work.
    if (trustedOnes.some((genuine) => genuine.bytes.equals(bytes))) continue;
    const digest = new Bun.CryptoHasher("sha256").update(bytes).digest("base64");
    if (seen.has(digest)) continue;
    seen.add(digest);
    yield mutant;
  }
}

/** At least `count` of them: each family has its share, however many there are of it. */
export function sampleOf(seed: number, count: number): Mutant[] {
  const families = Map.groupBy(mutants(seed, 60_000), ({ family }) => family);
  const random = new Random(seed);
  const share = Math.ceil(count / families.size);
  return [...families.values()].flatMap((all) => Array.from({ length: share }, () => random.pick(all)));
}

function* endless(random: Random): Generator<Mutant> {
  yield* insiderMutants(random);
  yield* pieceMutants(random);
  yield* fieldMutants(random);
  yield* byteMutants(random);
  for (;;) yield anything(random);
}

/** One to four changes of any sort, anywhere. */
function anything(random: Random): Mutant {
  const of = random.pick([tiny, tiny, two, zstd, large, zstdLarge]);
  let bytes = of.bytes;
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) bytes = changedAnyhow(bytes, random);
  return { family: "changed at random", bytes, of };
}

function changedAnyhow(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const length = random.pick([1, 2, 8, 16, 32, 64, 216, 4112]);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at + length)];
  const donor = random.pick([tiny, large, ...others]).bytes;
  const from = random.below(donor.length);
  return random.pick([
    () => flipped(bytes, random.below(Math.max(1, bytes.length * 8 - 1))),
    () => Buffer.concat([head, tail]),
    () => Buffer.concat([head, random.bytes(length), bytes.subarray(at)]),
    () => overwritten(bytes, at, random.bytes(length)),
    () => overwritten(bytes, at, Buffer.alloc(length)),
    () => overwritten(bytes, at, donor.subarray(from, from + length)),
    () => Buffer.concat([head, donor.subarray(from, from + length), bytes.subarray(at)]),
    () => Buffer.concat([bytes, donor.subarray(from)]),
  ])();
}
