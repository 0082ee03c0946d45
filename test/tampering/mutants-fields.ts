import { signerFrom } from "../seal/forge.ts";
import { keyOf } from "../seal/specimen.ts";
import { createHash } from "node:crypto";
import { coreFields, type Field, stanzaFields, trailerFields } from "./fields.ts";
import { type Genuine, large, next, tiny, two, zstd } from "./genuine.ts";
import { type Mutant, overwritten } from "./mutant.ts";
import type { Random } from "./random.ts";

/** Each field of header and trailer gets other values; and the same once more by somebody who signs that himself. */
export function* fieldMutants(random: Random): Generator<Mutant> {
  for (const of of [tiny, two, zstd, large]) {
    for (const field of [...coreFields(of), ...stanzaFields(of), ...trailerFields(of)]) {
      for (const value of valuesFor(of, field, random)) {
        const bytes = overwritten(of.bytes, field.at, value);
        yield { family: "a field is edited", bytes, of };
        if (field.at < of.core.length) yield* signedAnew(of, bytes);
      }
    }
    yield* edited(of);
  }
  for (const of of [tiny, two, zstd, large]) yield* signedAnew(of, of.bytes);
}

/** Every value of a byte; of what is longer, the ends of its range, its neighbours, others' values and random ones. */
function valuesFor(of: Genuine, { at, length }: Field, random: Random): Buffer[] {
  if (length === 1) return Array.from({ length: 256 }, (_, value) => Buffer.from([value]));
  const present = of.bytes.subarray(at, at + length);
  const near = [-2, -1, 1, 2, 16, 4096].map((step) => plus(present, step));
  const far = Array.from({ length: 12 }, () => random.bytes(length));
  const elsewhere = [tiny, next, large].map(({ bytes }) => bytes.subarray(at, at + length));
  const ends = [Buffer.alloc(length), Buffer.alloc(length, 0xff), Buffer.alloc(length, 0x7f)];
  return [...ends, ...near, ...far, ...elsewhere, Buffer.from(present.toReversed())].filter(
    (value) => value.length === length,
  );
}

/** The number that these bytes are, and `step`. */
function plus(bytes: Buffer, step: number): Buffer {
  const sum = BigInt(`0x${bytes.toString("hex")}`) + BigInt(step);
  return Buffer.from(
    BigInt.asUintN(bytes.length * 8, sum)
      .toString(16)
      .padStart(bytes.length * 2, "0"),
    "hex",
  );
}

const mallory = signerFrom(keyOf("mallory"));

/** Somebody puts himself in the signer's place, or leaves it, and makes both signatures anew; the file key he has not. */
function* signedAnew(of: Genuine, changed: Buffer): Generator<Mutant> {
  for (const signer of [mallory.publicKey, null]) {
    const bytes = signer === null ? Buffer.from(changed) : overwritten(changed, 80, signer);
    const coreHash = createHash("sha256").update(bytes.subarray(0, of.core.length)).digest();
    sign(bytes, of.header.length - 64, [Buffer.from("dbacked.v2 header-sig\0"), coreHash]);
    const signed = bytes.subarray(bytes.length - 216, -64);
    sign(bytes, bytes.length - 64, [Buffer.from("dbacked.v2 final-sig\0"), coreHash, signed]);
    yield { family: "signed anew by a stranger", bytes, of, isSignedAnew: true };
  }
}

function sign(bytes: Buffer, at: number, message: readonly Buffer[]): void {
  mallory.sign(Buffer.concat([...message])).copy(bytes, at);
}

/** The words of the public metadata are others, of the same length. */
function* edited(of: Genuine): Generator<Mutant> {
  const text = of.bytes.subarray(0, of.core.length).toString("latin1");
  const edits = [
    ['"set":"shop"', '"set":"mail"'],
    ['"compression":"none"', '"compression":"zstd"'],
    ['"compression":"zstd"', '"compression":"none"'],
    ['"compression":"none"', '"compression":"gzip"'],
    ['"dump":"pg-custom"', '"dump":"sqlite___"'],
    ['"seq":1', '"seq":9'],
    ["2026-11-22", "9999-11-22"],
  ] as const;
  for (const [before, after] of edits) {
    const bytes = overwritten(of.bytes, 0, Buffer.from(text.replace(before, after), "latin1"));
    yield { family: "metadata are edited", bytes, of };
    yield* signedAnew(of, bytes);
  }
}
