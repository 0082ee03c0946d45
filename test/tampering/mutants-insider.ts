import { createHmac } from "node:crypto";
import {
  type Design,
  derive,
  entryFor,
  forge,
  gcmSeal,
  nonceOf,
  recipientsOf,
  signerFrom,
} from "../seal/forge.ts";
import { design, keyOf } from "../seal/specimen.ts";
import { type Genuine, large, tiny, two } from "./genuine.ts";
import { bordersOf, flipped, type Mutant, overwritten } from "./mutant.ts";
import type { Random } from "./random.ts";

const mallory = signerFrom(keyOf("mallory"));

/** By people who know more than the public: whoever has the public key, and another recipient, who has the file key. */
export function* insiderMutants(random: Random): Generator<Mutant> {
  for (const of of [tiny, two, large]) {
    yield* byStranger(of);
    yield* sealedAnew(of, random);
    yield* recipientsAnew(of, random);
  }
}

/** A whole envelope of his own, of the same words, which opens for alice: only that nobody trusts him. */
function* byStranger(of: Genuine): Generator<Mutant> {
  for (let round = 0; round < 20; round += 1) {
    const made = design({ metadata: of.design.metadata, signer: mallory }, of.dump);
    const thefts: Partial<Design>[] = [{}, { salt: of.design.salt }, { recipients: of.design.recipients }];
    for (const theft of thefts)
      yield { family: "made by a stranger", bytes: forge({ ...made, ...theft }).bytes, of };
  }
}

/** Other content in a segment, under the right key: beneath the genuine trailer, and beneath one that only the host's signature lacks. */
function* sealedAnew(of: Genuine, random: Random): Generator<Mutant> {
  const key = derive(of.design, "payload", of.coreHash);
  const half = { publicKey: of.design.signer.publicKey, sign: mallory.sign };
  const headerSignature = of.header.subarray(-64);
  const family = "sealed anew by a recipient";
  for (const [index, plain] of of.design.segments.entries()) {
    for (let round = 0; round < 200; round += 1) {
      const other = flipped(plain, random.below(plain.length * 8));
      const sealed = gcmSeal(key, nonceOf(BigInt(index), 0), other);
      yield { family, bytes: overwritten(of.bytes, bordersOf(of)[index] ?? 0, sealed), of, byInsider: true };
      const segments = of.design.segments.with(index, other);
      const { bytes } = forge({ ...of.design, segments, signer: half, headerSignature });
      yield { family: `${family}, with its trailer`, bytes, of, byInsider: true };
    }
  }
}

/** A list of recipients with a right MAC, from which alice was removed or locked out. */
function* recipientsAnew(of: Genuine, random: Random): Generator<Mutant> {
  const { fileKey } = of.design;
  const key = derive(of.design, "header-mac", of.coreHash);
  const rest = [of.header.subarray(-64), of.bytes.subarray(of.header.length)];
  for (let round = 0; round < 50; round += 1) {
    const entries = [
      entryFor(keyOf("bob"), fileKey),
      entryFor(keyOf("alice"), random.bytes(32)),
      entryFor(keyOf("alice"), fileKey, { type: 0x8001 }),
      entryFor(keyOf("carol"), fileKey),
    ].filter(() => random.below(2) === 1);
    const recipients = recipientsOf(entries);
    const mac = createHmac("sha256", key).update(of.core).update(recipients).digest();
    const bytes = Buffer.concat([of.core, recipients, mac, ...rest]);
    yield { family: "recipients replaced by a recipient", bytes, of };
  }
}
