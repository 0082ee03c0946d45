import { randomBytes } from "node:crypto";
import { ALL, type BodyRow, large } from "./fault.ts";
import { chainOf, signerFrom, summaryOf } from "./forge.ts";
import { keyOf, textOf } from "./specimen.ts";

/** Wrong trailers, with right signatures wherever these are not what is wrong. */
export function trailerRows(): BodyRow[] {
  return [...fieldRows(), ...signatureRows()];
}

function fieldRows(): BodyRow[] {
  const flip = (at: number) => {
    const copy = Buffer.from(large().bytes);
    copy.writeUInt8(copy.readUInt8(copy.length - 216 + at) ^ 1, copy.length - 216 + at);
    return copy;
  };
  const summary = large({ mangleSummary: (sealed) => sealed.writeUInt8(sealed.readUInt8(95) ^ 1, 95) }).bytes;
  return [
    ["trailer-magic", "trailer", ALL, "a bit of the trailer's magic is flipped", flip(0)],
    ["trailer-sealed", "final-signature", ALL, "a bit of the sealed summary is flipped", flip(60)],
    [
      "summary-sealed",
      "summary",
      ALL,
      "the sealed summary cannot be opened, under right signatures",
      summary,
    ],
    [
      "trailer-count",
      "trailer",
      ALL,
      "the number of segments is wrong, under right signatures",
      large({ count: 4n }).bytes,
    ],
    ["trailer-count-cap", "trailer", ALL, "2^32 segments are claimed", large({ count: 2n ** 32n }).bytes],
    [
      "trailer-count-u64",
      "trailer",
      ALL,
      "2^64 - 1 segments are claimed",
      large({ count: 2n ** 64n - 1n }).bytes,
    ],
    [
      "trailer-length",
      "trailer",
      ALL,
      "the length is wrong, under right signatures",
      large({ length: BigInt(ALL + 1) }).bytes,
    ],
    [
      "trailer-chain",
      "chain",
      ALL,
      "the digest is random, under right signatures",
      large({ chain: randomBytes(32) }).bytes,
    ],
    [
      "trailer-chain-start",
      "chain",
      ALL,
      "the digest begins with another header's hash",
      large({ chain: chainOf(randomBytes(32), large().segments) }).bytes,
    ],
    [
      "summary-digest",
      "dump",
      ALL,
      "the dump has another SHA-256",
      large({ summary: summaryOf(textOf(ALL).fill(1)) }).bytes,
    ],
    [
      "summary-length",
      "dump",
      ALL,
      "the dump has another length",
      large({ summary: summaryOf(textOf(ALL + 1), 0) }).bytes,
    ],
  ];
}

function signatureRows(): BodyRow[] {
  const { publicKey, sign } = signerFrom(keyOf("signer"));
  const mallory = signerFrom(keyOf("mallory"));
  const isHeader = (message: Buffer) => message.toString("latin1").startsWith("dbacked.v2 header-sig");
  const half = {
    publicKey,
    sign: (message: Buffer) => (isHeader(message) ? sign(message) : mallory.sign(message)),
  };
  const other = large().trailer.subarray(-64);
  const check = "final-signature";
  return [
    [
      "final-zero",
      check,
      ALL,
      "an all-zero final signature",
      large({ finalSignature: Buffer.alloc(64) }).bytes,
    ],
    [
      "final-transplanted",
      check,
      ALL,
      "the final signature of another backup",
      large({ finalSignature: other }).bytes,
    ],
    ["final-other-host", check, ALL, "the end is signed by another host", large({ signer: half }).bytes],
    [
      "final-role",
      check,
      ALL,
      "a genuine signature over the role of the header's",
      large({ finalMessage: "dbacked.v2 header-sig" }).bytes,
    ],
  ];
}
