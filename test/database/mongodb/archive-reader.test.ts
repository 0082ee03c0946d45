import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { concat, utf8, type Bytes } from "../../../src/base/bytes.ts";
import { ArchiveReader } from "../../../src/database/mongodb/archive-reader.ts";
import { Crc64 } from "../../../src/database/mongodb/crc64.ts";
import { crc64, document, encodeArchive, namespace, recorded, someCollections } from "./archives.ts";

setDefaultTimeout(60_000);

/** Feeds an archive in pieces of these sizes, again and again. */
function readPieces(archive: Bytes, sizes: readonly number[] = [65536]): ArchiveReader {
  const reader = new ArchiveReader();
  for (let at = 0, turn = 0; at < archive.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.push(archive.subarray(at, at + size));
    at += size;
  }
  reader.end();
  return reader;
}

function countsOf(reader: ArchiveReader): string[] {
  return reader.namespaces.map(({ database, collection, type, documents }) =>
    [database, collection, type, documents].join("|"),
  );
}

/** How many of an archive's beginnings are taken for a whole one. */
function wholeBeginnings(archive: Bytes): number {
  const reader = new ArchiveReader();
  let whole = 0;
  for (let at = 0; at < archive.length; at += 1) {
    try {
      reader.end();
      whole += 1;
    } catch {
      // As it should be.
    }
    reader.push(archive.subarray(at, at + 1));
  }
  reader.end();
  return whole;
}

const someSizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 10 });
const someTurns = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

const SHOP = [
  "shop_é|empty|collection|0",
  "shop_é|orders|collection|1000",
  "shop_é|v|view|0",
  "shop_é|we ird.coll|collection|500",
  "shop_é|big|collection|5",
  "shop_é|cap|collection|7",
];

test("Crc64 is the CRC that its definition has, however its bytes come", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      const crc = new Crc64();
      crc.update(bytes, 0, Math.min(cut, bytes.length));
      crc.update(bytes, Math.min(cut, bytes.length), bytes.length);
      expect(crc.value).toBe(crc64(bytes));
    }),
  );
  const check = new Crc64();
  check.update(utf8("123456789"), 0, 9);
  expect(check.value).toBe(0x995dc9bbdf1939fan);
});

test("ArchiveReader counts the documents of what mongodump wrote, cut into any pieces", async () => {
  const shop = await recorded("shop.archive");
  expect(countsOf(readPieces(shop)).toSorted()).toEqual(SHOP.toSorted());
  expect(countsOf(readPieces(shop, [1])).toSorted()).toEqual(SHOP.toSorted());
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1 }), (sizes) => {
      expect(countsOf(readPieces(shop, sizes)).toSorted()).toEqual(SHOP.toSorted());
    }),
    { numRuns: 20 },
  );
  expect(readPieces(shop).serverVersion).toBe("8.2.11");
});

test("ArchiveReader tells the oplog from the collections of a whole server", async () => {
  const counts = countsOf(readPieces(await recorded("instance-oplog.archive")));
  expect(counts.toSorted()).toEqual(["|oplog|oplog|1", "other|t|collection|3", ...SHOP].toSorted());
});

test("ArchiveReader finds no collections in the archive of a database that does not exist", async () => {
  expect(readPieces(await recorded("no-such-database.archive")).namespaces).toEqual([]);
});

test.each(["shop.archive", "instance-oplog.archive", "no-such-database.archive"])(
  "ArchiveReader refuses %s wherever it is cut",
  async (name) => {
    expect(wholeBeginnings(await recorded(name))).toBe(0);
  },
);

test("ArchiveReader refuses a compressed archive", async () => {
  const compressed = await recorded("shop.archive.gz");
  expect(() => readPieces(compressed)).toThrow("the dump is no mongodump archive");
});

test("ArchiveReader takes any collections, in any turns and pieces", () => {
  fc.assert(
    fc.property(someCollections, someTurns, someSizes, (collections, turns, sizes) => {
      const counts = countsOf(readPieces(encodeArchive(collections, turns), sizes));
      expect(counts).toEqual(
        collections.map(({ database, collection, type, documents }) =>
          [database, collection, type, documents.length].join("|"),
        ),
      );
    }),
  );
});

test("ArchiveReader refuses any archive wherever it is cut", () => {
  fc.assert(
    fc.property(someCollections, someTurns, (collections, turns) => {
      expect(wholeBeginnings(encodeArchive(collections, turns))).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test("ArchiveReader refuses documents of which a single bit changed", async () => {
  const shop = await recorded("shop.archive");
  // Behind the prelude; not every byte, since each needs a reading of its own.
  fc.assert(
    fc.property(fc.integer({ min: 3000, max: shop.length - 1 }), fc.nat(7), (at, bit) => {
      const changed = shop.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      expect(() => readPieces(changed)).toThrow();
    }),
    { numRuns: 200 },
  );
});

test("ArchiveReader never fails otherwise than with a reason, whatever the bytes", () => {
  const magic = new Uint8Array([0x6d, 0xe2, 0x99, 0x81]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, withMagic) => {
      const archive = withMagic ? concat(magic, new Uint8Array(bytes)) : new Uint8Array(bytes);
      expect(() => readPieces(archive)).toThrow(/the dump /);
    }),
  );
});

const ORDERS = {
  database: "shop",
  collection: "orders",
  type: "collection",
  documents: [document([["name", "x"]])],
};

test("ArchiveReader refuses what no mongodump writes", () => {
  const archive = encodeArchive([ORDERS]);
  const terminator = new Uint8Array([255, 255, 255, 255]);
  const unlisted = namespace({ ...ORDERS, collection: "other" }, false, 0n);
  const refused = [
    [concat(archive, unlisted), "documents of shop.other, which it does not list"],
    [concat(archive, namespace(ORDERS, false, 0n)), "documents of shop.orders behind its end"],
    [concat(archive, terminator), "a block without a beginning"],
    [concat(archive, new Uint8Array([4, 0, 0, 0])), "a document of an impossible size (4 bytes)"],
    [concat(archive, new Uint8Array([1, 0, 0, 1])), "a document of an impossible size (16777217 bytes)"],
    [encodeArchive([ORDERS, ORDERS]), "lists shop.orders twice"],
  ] as const;
  for (const [bytes, message] of refused) expect(() => readPieces(bytes)).toThrow(message);
});

test("ArchiveReader refuses a format that it does not know", () => {
  const header = document([["version", "0.2"]]);
  const archive = concat(new Uint8Array([0x6d, 0xe2, 0x99, 0x81]), header);
  expect(() => readPieces(archive)).toThrow("a mongodump archive of version 0.2, which is not known");
});
