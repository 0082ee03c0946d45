import { randomBytes } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Bytes, collect } from "../../src/base/bytes.ts";
import { readRecipient } from "../../src/seal/key.ts";
import { seal } from "../../src/seal/seal.ts";
import { readSigner } from "../../src/seal/signer.ts";
import { padTo } from "./faults-header.ts";
import { entryFor, forge, recipientsOf, sha256, summaryOf, type Design, type Entry } from "./forge.ts";
import { pieces } from "./sample.ts";
import { design, keyOf, METADATA, SEALED_METADATA, SEGMENT, SEGMENT_LOG2, textOf } from "./specimen.ts";

/** An envelope that must open. */
export interface Good {
  /** Name of its golden file, without the ending. */
  name: string;
  why: string;
  /** Whose private keys open it. */
  keys: readonly ("alice" | "bob")[];
  compression: "none" | "zstd" | "gzip";
  dump: Buffer;
  /** The volumes; most have one. */
  files: readonly Buffer[];
}

/** Two whole segments and a bit. */
const DUMP = textOf(2 * SEGMENT + 100);

/** Makes all of them anew: those of the usual sort with src/seal, others with the forge. */
export async function makeGoods(): Promise<Good[]> {
  return [
    ...(await sizes()),
    ...(await recipients()),
    ...(await compressions()),
    nothing(),
    volumes(),
    ...forged(),
  ];
}

type Usual = Partial<Pick<Good, "keys" | "compression">> & { types?: readonly (1 | 2)[]; log2?: number };

async function usual(name: string, why: string, dump: Buffer, options: Usual = {}): Promise<Good> {
  const { keys = ["alice"], types = [1], compression = "none", log2 = SEGMENT_LOG2 } = options;
  await using sealing = await seal({
    metadata: { ...METADATA, takenAt: new Date(METADATA.takenAt), compression },
    sealedMetadata: SEALED_METADATA,
    recipients: await Promise.all(
      keys.map((key, at) => readRecipient(publicOf(key), { label: types[at] !== 2 })),
    ),
    signer: await readSigner(keyOf("signer")),
    segmentLog2: log2,
  });
  const summary = { sourceBytes: dump.length, sourceDigest: plain(sha256(dump)), warned: false };
  const payload = pieces(plain(compressed(dump, compression)), 1000);
  const stream = sealing.envelope(
    payload,
    Promise.resolve({ ...summary, finishedAt: new Date("2026-11-22T02:05:00.000Z") }),
  );
  return {
    name,
    why,
    keys: [...new Set(keys)],
    compression,
    dump,
    files: [Buffer.from(await collect(stream, 2 ** 20))],
  };
}

function publicOf(name: "alice" | "bob"): string {
  return keyOf(`${name}.pub`);
}

function plain(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

/** zstd in two frames, as several threads write them. */
function compressed(dump: Buffer, compression: Good["compression"]): Buffer {
  if (compression === "gzip") return gzipSync(dump);
  const halves = [dump.subarray(0, 5000), dump.subarray(5000)];
  return compression === "zstd" ? Buffer.concat(halves.map((half) => zstdCompressSync(half))) : dump;
}

async function sizes(): Promise<Good[]> {
  const { length } = DUMP;
  return await Promise.all([
    ...[0, 1, 15, 16, 17, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 5 * SEGMENT + 123].map((bytes) =>
      usual(`good-${bytes}`, `a payload of ${bytes} bytes`, textOf(bytes)),
    ),
    usual("good-segment-20", "the default size of segments", textOf(length), { log2: 20 }),
    usual("good-segment-24", "the largest size of segments", textOf(length), { log2: 24 }),
  ]);
}

async function recipients(): Promise<Good[]> {
  return await Promise.all([
    usual("good-type-2", "a recipient of type 2", DUMP, { types: [2] }),
    usual("good-two", "two recipients", DUMP, { keys: ["bob", "alice"], types: [1, 1] }),
    usual("good-mixed", "recipients of types 1 and 2", DUMP, { keys: ["alice", "bob"], types: [1, 2] }),
    usual("good-both-types", "one key, as type 2 and as type 1", DUMP, {
      keys: ["alice", "alice"],
      types: [2, 1],
    }),
  ]);
}

async function compressions(): Promise<Good[]> {
  return await Promise.all([
    usual("good-zstd", "a payload of two zstd frames", DUMP, { compression: "zstd" }),
    usual("good-zstd-empty", "an empty dump, as zstd", textOf(0), { compression: "zstd" }),
    usual("good-gzip", "a payload in gzip", DUMP, { compression: "gzip" }),
  ]);
}

function nothing(): Good {
  const metadata = Buffer.from(JSON.stringify({ ...METADATA, compression: "zstd" }));
  const dump = textOf(0);
  const files = [forge(design({ metadata }, dump)).bytes];
  const why = "an empty payload is an empty dump, whatever the compression";
  return { name: "good-zstd-nothing", why, keys: ["alice"], compression: "zstd", dump, files };
}

function volumes(): Good {
  const { bytes, header } = forge(design({}, DUMP));
  const cuts = [0, header.length, header.length + 1, bytes.length - 300, bytes.length - 100, bytes.length];
  const files = cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
  return {
    name: "good-volumes",
    why: "cut into five volumes",
    keys: ["alice"],
    compression: "none",
    dump: DUMP,
    files,
  };
}

type Row = readonly [name: string, why: string, changes: Partial<Design>];

function forged(): Good[] {
  const fileKey = randomBytes(32);
  const alice = entryFor(keyOf("alice"), fileKey);
  const grease: Entry = { type: 0x8a8a, fingerprint: randomBytes(32), body: randomBytes(100) };
  const tiny: Entry = { ...grease, body: randomBytes(1) };
  const broken = entryFor(keyOf("alice"), randomBytes(31));
  const other = entryFor(keyOf("alice"), randomBytes(32));
  const text = JSON.stringify(METADATA);
  const withEntries = (...entries: Entry[]) => ({ fileKey, recipients: recipientsOf(entries) });
  const rows: Row[] = [
    ["good-grease", "an entry of an unknown type", withEntries(grease, alice)],
    [
      "good-grease-own",
      "an entry of an unknown type for the same key",
      withEntries({ ...grease, fingerprint: alice.fingerprint }, alice),
    ],
    [
      "good-64-recipients",
      "as many entries as there may be",
      withEntries(...Array.from({ length: 63 }, () => tiny), alice),
    ],
    [
      "good-second-entry",
      "the first entries for this key cannot be opened, or are of another file key",
      withEntries(broken, other, alice),
    ],
    [
      "good-metadata-more",
      "a key in the metadata that is not known",
      { metadata: Buffer.from(text.replace("}", '},"later":[1,"é"]')) },
    ],
    ["good-metadata-16384", "the longest public metadata", { metadata: Buffer.from(padTo(text, 16_384)) }],
    ["good-no-digest", "no digest of the dump", { summary: summaryOf(Buffer.alloc(DUMP.length), 0) }],
    [
      "good-warned",
      "the dump program had warned, and flags that are not known",
      { summary: summaryOf(DUMP, 0xffff_ffff) },
    ],
  ];
  return rows.map(([name, why, changes]) => {
    const files = [forge(design(changes, DUMP)).bytes];
    return { name, why, keys: ["alice"], compression: "none", dump: DUMP, files };
  });
}
