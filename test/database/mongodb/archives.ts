import { join } from "node:path";
import fc from "fast-check";
import { concat, utf8, type Bytes } from "../../../src/base/bytes.ts";

/** An archive that the real mongodump wrote: what it holds stands in the README beside it. */
export async function recorded(name: string): Promise<Bytes> {
  return Bun.file(join(import.meta.dir, "../../testdata/mongodb", name)).bytes();
}

export interface Collection {
  database: string;
  collection: string;
  type: string;
  documents: readonly Bytes[];
}

const TERMINATOR = new Uint8Array([255, 255, 255, 255]);

/** Writes an archive as mongodump does, with the collections' documents in turns. */
export function encodeArchive(collections: readonly Collection[], turns: readonly number[] = [3]): Bytes {
  const header = document([
    ["version", "0.1"],
    ["server_version", "8.0.4"],
    ["tool_version", "100.9.4"],
  ]);
  const described = collections.map(({ database, collection, type }) =>
    document([
      ["db", database],
      ["collection", collection],
      ["metadata", "{}"],
      ["type", type],
    ]),
  );
  const prelude = [new Uint8Array([0x6d, 0xe2, 0x99, 0x81]), header, ...described, TERMINATOR];
  return concat(...prelude, ...blocks(collections, turns), ...collections.map(endOf));
}

function* blocks(collections: readonly Collection[], turns: readonly number[]): Generator<Bytes> {
  const rest = collections.map(({ documents }) => [...documents]);
  for (let turn = 0; rest.some((documents) => documents.length > 0); turn += 1) {
    for (const [at, collection] of collections.entries()) {
      const taken = rest[at]?.splice(0, turns[turn % turns.length]) ?? [];
      yield concat(namespace(collection, false, 0n), ...taken, TERMINATOR);
    }
  }
}

function endOf(collection: Collection): Bytes {
  return concat(namespace(collection, true, crc64(concat(...collection.documents))), TERMINATOR);
}

export function namespace({ database, collection, type }: Collection, isEnd: boolean, crc: bigint): Bytes {
  const name = type === "timeseries" ? `system.buckets.${collection}` : collection;
  return document([
    ["db", database],
    ["collection", name],
    ["EOF", isEnd],
    ["CRC", crc],
  ]);
}

/** A document of BSON. */
export function document(fields: readonly (readonly [string, string | boolean | bigint])[]): Bytes {
  const body = concat(...fields.map(([name, value]) => element(name, value)), new Uint8Array([0]));
  return concat(int32(body.length + 4), body);
}

function element(name: string, value: string | boolean | bigint): Bytes {
  const key = concat(utf8(name), new Uint8Array([0]));
  if (typeof value === "string") {
    const text = utf8(value);
    return concat(new Uint8Array([2]), key, int32(text.length + 1), text, new Uint8Array([0]));
  }
  if (typeof value === "boolean") return concat(new Uint8Array([8]), key, new Uint8Array([value ? 1 : 0]));
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return concat(new Uint8Array([0x12]), key, bytes);
}

function int32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

/** CRC-64 bit by bit, as its definition has it. */
export function crc64(bytes: Uint8Array): bigint {
  let crc = 0xffffffffffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1)
      crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n;
  }
  return crc ^ 0xffffffffffffffffn;
}

const someName = fc
  .string({ minLength: 1, maxLength: 8, unit: "grapheme" })
  .filter((name) => !name.includes("\0"));

const someDocument = fc.uint8Array({ maxLength: 200 }).map((body) => {
  // Whatever it holds: only the length and the last byte matter to whoever jumps over it.
  return concat(int32(body.length + 5), new Uint8Array(body), new Uint8Array([0]));
});

export const someCollections: fc.Arbitrary<Collection[]> = fc.uniqueArray(
  fc.record({
    database: someName.map((name) => name.replaceAll(".", "_")),
    collection: someName,
    type: fc.constantFrom("collection", "view", "timeseries"),
    documents: fc.array(someDocument, { maxLength: 8 }),
  }),
  { selector: ({ database, collection }) => `${database}.${collection}`, maxLength: 5 },
);
