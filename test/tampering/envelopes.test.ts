// Whoever can write to the store, or sits on the line, changes envelopes. Not one of them is taken, and not one byte comes out
// that was not authenticated: from a file or a store nothing at all, from a stream a beginning of the genuine dump.
import { expect, test } from "bun:test";
import { trustedOnes } from "./genuine.ts";
import type { Mutant } from "./mutant.ts";
import { mutants } from "./mutants.ts";
import { open, type Outcome, type Said, type Way, WAYS } from "./opening.ts";

/** `DBACKED_TAMPERING=2000000 bun test test/tampering/envelopes.test.ts` tries more; `DBACKED_TAMPERING_SEED`, others. Keys are new each time. */
const COUNT = Number(process.env["DBACKED_TAMPERING"] ?? 60_000);
const SEED = Number(process.env["DBACKED_TAMPERING_SEED"] ?? 20_261_122);

/** Tried at the same time. */
const AT_ONCE = 8;

test("every genuine envelope opens, in every way", async () => {
  for (const { bytes, dump, payload } of trustedOnes) {
    for (const way of WAYS) {
      const opened = await open(bytes, way);
      expect(opened).toMatchObject({ kind: null, reason: "" });
      expect(dump.equals(opened.released)).toBeTrue();
      expect(payload.equals((await open(bytes, way, { asSealed: true })).released)).toBeTrue();
    }
  }
});

test(
  `${COUNT} envelopes that were tampered with are refused, and give out nothing that was not authenticated (seed ${SEED})`,
  async () => {
    const tried = new Map<string, number>();
    const wrong: string[] = [];
    const queue = mutants(SEED, COUNT);
    const worker = async () => {
      for (const mutant of queue) {
        const index = [...tried.values()].reduce((sum, each) => sum + each, 0);
        tried.set(mutant.family, (tried.get(mutant.family) ?? 0) + 1);
        wrong.push(...(await faultsOf(mutant)).map((fault) => `${index}, ${mutant.family}: ${fault}`));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(wrong).toEqual([]);
    expect([...tried.values()].reduce((sum, each) => sum + each, 0)).toBe(COUNT);
    process.stderr.write(`tampering, seed ${SEED}: ${JSON.stringify(Object.fromEntries(tried))}\n`);
  },
  Math.max(180_000, COUNT * 10),
);

/** What is wrong with how an envelope was refused; nothing, if all is right. */
async function faultsOf(mutant: Mutant): Promise<string[]> {
  const faults: string[] = [];
  for (const [way, said] of waysFor(mutant)) {
    const outcome = await open(mutant.bytes, way, said);
    const fault = faultOf(mutant, outcome, { way, said });
    if (fault !== null) faults.push(`${way}, ${JSON.stringify(said)}: ${fault} ${outcome.reason}`);
  }
  return faults;
}

function waysFor({ bytes, byInsider, isSignedAnew }: Mutant): (readonly [Way, Said])[] {
  const isLegacy = bytes.subarray(0, 7).equals(Buffer.from("DBACKED")) && (bytes[7] ?? 9) < 2;
  if (byInsider === true)
    return [
      ["two passes", {}],
      ["stream", {}],
      // Without the digest of the dump, which would tell as well.
      ["one pass", { asSealed: true }],
      ["stream", { asSealed: true }],
    ];
  return [
    ["two passes", {}],
    ["stream", {}],
    // Without a decompressor in between.
    ...(bytes.length % 8 === 0 ? [["one pass", { asSealed: true }] as const] : []),
    ...(isSignedAnew === true ? [["two passes", { believesAll: true }] as const] : []),
    ...(isSignedAnew === true ? [["stream", { believesAll: true }] as const] : []),
    ...(isLegacy ? [["stream", { allowsLegacy: true }] as const] : []),
  ];
}

function faultOf(
  { of, byInsider }: Mutant,
  { released, kind }: Outcome,
  { way, said }: { way: Way; said: Said },
): string | null {
  if (kind === null) return "it was taken";
  if (kind !== "damaged" && kind !== "key") return `it failed as ${kind}`;
  if (way === "two passes" && released.length > 0) return `it gave out ${released.length} bytes`;
  const truth = said.asSealed === true ? of.payload : of.dump;
  // What another recipient made is found out at the end only; but then the end is missing.
  if (byInsider === true) return released.length < truth.length ? null : "it gave out all of it";
  return truth.subarray(0, released.length).equals(released)
    ? null
    : "it gave out what was not authenticated";
}
