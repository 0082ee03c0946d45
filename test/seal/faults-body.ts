import { randomBytes } from "node:crypto";
import { ALL, type BodyRow, type Fault, large, PAYLOAD } from "./fault.ts";
import { trailerRows } from "./faults-trailer.ts";
import { cut, forge, gcmSeal, nonceOf, type Design } from "./forge.ts";
import { design, SEGMENT } from "./specimen.ts";

/** Faults behind the header: cut, extended, rearranged or exchanged segments, and wrong trailers. */
export function bodyFaults(): Fault[] {
  const rows = [...cutRows(), ...segmentRows(), ...writerRows(), ...foreignRows(), ...trailerRows()];
  const faults = rows.map(([name, checks, released, why, bytes]) => {
    const [check = "", early = check] = checks.split(" ");
    return { name, check, early, released, why, bytes, payload: PAYLOAD };
  });
  return [...faults, rewritten()];
}

function cutRows(): BodyRow[] {
  const good = large();
  const { bytes, header, trailer } = good;
  const upTo = (length: number) => bytes.subarray(0, length);
  const step = SEGMENT + 16;
  return [
    ["cut-empty", "truncated", 0, "an empty file", upTo(0)],
    ["cut-core", "truncated", 0, "cut within the core", upTo(200)],
    ["cut-header", "truncated", 0, "cut after the header", upTo(header.length)],
    ["cut-segment", "trailer", 0, "cut after the first segment", upTo(header.length + step)],
    [
      "cut-in-segment",
      "trailer",
      SEGMENT,
      "cut within the second segment",
      upTo(header.length + step + 2000),
    ],
    ["cut-trailer", "trailer", 2 * SEGMENT, "the trailer is missing", upTo(bytes.length - trailer.length)],
    ["cut-last-byte", "trailer", 2 * SEGMENT, "the last byte is missing", upTo(bytes.length - 1)],
    ["extended-by-1", "trailer", 2 * SEGMENT, "one byte too much", Buffer.concat([bytes, Buffer.alloc(1)])],
    [
      "extended-trailer",
      "segment trailer",
      2 * SEGMENT,
      "the trailer twice",
      Buffer.concat([bytes, trailer]),
    ],
    ["extended-file", "segment trailer", 2 * SEGMENT, "the whole file twice", Buffer.concat([bytes, bytes])],
  ];
}

function segmentRows(): BodyRow[] {
  const mangled = (mangle: Design["mangleSegments"]) => large({ mangleSegments: mangle }).bytes;
  const pick = (...order: number[]) =>
    mangled((sealed) => order.map((index) => sealed[index] ?? Buffer.alloc(0)));
  const zero = (sealed: readonly Buffer[], key: Buffer) => [
    ...sealed,
    gcmSeal(key, nonceOf(BigInt(sealed.length), 0), Buffer.alloc(0)),
  ];
  const final = (sealed: readonly Buffer[], key: Buffer) => [
    ...sealed.slice(0, 2),
    gcmSeal(key, nonceOf(2n, 1), PAYLOAD.subarray(2 * SEGMENT)),
  ];
  return [
    [
      "segment-flipped",
      "segment chain",
      SEGMENT,
      "a bit of the second segment is flipped",
      mangled(flipSecond),
    ],
    ["segment-swapped", "segment chain", 0, "the first two segments are swapped", pick(1, 0, 2)],
    ["segment-twice", "segment trailer", SEGMENT, "the first segment twice", pick(0, 0, 1, 2)],
    ["segment-dropped-first", "segment trailer", 0, "the first segment is missing", pick(1, 2)],
    ["segment-dropped-middle", "segment trailer", SEGMENT, "the second segment is missing", pick(0, 2)],
    ["segment-dropped-last", "trailer", 2 * SEGMENT, "the last segment is missing", pick(0, 1)],
    ["segment-dropped-two", "trailer", SEGMENT, "the last two segments are missing", pick(0)],
    ["segment-dropped-all", "trailer", 0, "all segments are missing", pick()],
    [
      "segment-last-in-the-middle",
      "segment chain",
      SEGMENT,
      "the short segment stands in the middle",
      pick(0, 2, 1),
    ],
    ["segment-short-first", "segment chain", 0, "the short segment stands first", pick(2, 0, 1)],
    ["segment-empty", "segment trailer", ALL, "a segment without plaintext at the end", mangled(zero)],
    [
      "segment-final-nonce",
      "segment chain",
      2 * SEGMENT,
      "the last segment under a trailer's nonce",
      mangled(final),
    ],
    ["trailer-first", "segment trailer", 0, "the trailer stands before the segments", trailerFirst()],
  ];
}

/** What a broken writer could make: all of it is signed. */
function writerRows(): BodyRow[] {
  const [first, second, last] = cut(PAYLOAD, SEGMENT);
  const of = (...pieces: (Buffer | undefined)[]) =>
    large({ segments: pieces.map((each) => each ?? Buffer.alloc(0)) }).bytes;
  const why = "right signatures, but";
  return [
    [
      "writer-empty-last",
      "truncated",
      2 * SEGMENT,
      `${why} an empty segment at the end`,
      of(first, second, undefined),
    ],
    ["writer-empty-only", "truncated", 0, `${why} one empty segment`, of(undefined)],
    [
      "writer-short-middle",
      "segment chain",
      SEGMENT,
      `${why} a short segment in the middle`,
      of(first, last, second),
    ],
  ];
}

function flipSecond(sealed: readonly Buffer[]): Buffer[] {
  return sealed.map((segment, index) => {
    const copy = Buffer.from(segment);
    if (index === 1) copy.writeUInt8(copy.readUInt8(1000) ^ 0x10, 1000);
    return copy;
  });
}

function trailerFirst(): Buffer {
  const { header, segments, trailer } = large();
  return Buffer.concat([header, trailer, ...segments]);
}

/** Pieces of another backup that was made for the same recipient, and with the very same file key. */
function foreignRows(): BodyRow[] {
  const fileKey = randomBytes(32);
  const mine = large({ fileKey });
  const other = forge(design({ fileKey }, Buffer.from(PAYLOAD.map((byte) => byte ^ 1))));
  const [first = Buffer.alloc(0), second = Buffer.alloc(0), third = Buffer.alloc(0)] = mine.segments;
  const splice = Buffer.concat([mine.header, first, other.segments[1] ?? second, third, mine.trailer]);
  return [
    ["foreign-segment", "segment chain", SEGMENT, "the second segment is of another backup", splice],
    [
      "foreign-trailer",
      "final-signature",
      ALL,
      "the trailer is of another backup",
      Buffer.concat([mine.header, ...mine.segments, other.trailer]),
    ],
    [
      "foreign-header",
      "segment final-signature",
      0,
      "the header is of another backup",
      Buffer.concat([other.header, ...mine.segments, mine.trailer]),
    ],
  ];
}

/**
 * What another holder of the file key can do: other content in segment 0, under the genuine trailer. Only a reader of
 * two passes gives nothing of it out.
 */
function rewritten(): Fault {
  const evil = Buffer.from(PAYLOAD.subarray(0, SEGMENT).map((byte) => byte ^ 1));
  const mangleSegments: Design["mangleSegments"] = (sealed, key) => [
    gcmSeal(key, nonceOf(0n, 0), evil),
    ...sealed.slice(1),
  ];
  return {
    name: "rewritten-segment",
    check: "chain",
    why: "another recipient has sealed a segment anew",
    released: ALL,
    payload: Buffer.concat([evil, PAYLOAD.subarray(SEGMENT)]),
    bytes: large({ mangleSegments }).bytes,
  };
}
