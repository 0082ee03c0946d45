import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { concat, streamOf, utf8, type Bytes } from "../../../src/base/bytes.ts";
import { readToc } from "../../../src/database/postgres/toc.ts";
import { errorOf } from "../../conformance/sample.ts";
import { sharedPostgres } from "../../services.ts";
import { createDatabase, dumpOf, EVERYTHING, open } from "./servers.ts";
import { watch } from "./pieces.ts";

setDefaultTimeout(60_000);

/** Writes archives as pg_dump does, of any version, for what no installed pg_dump writes. */
const encoder = {
  int: (value: number) => {
    const size = Math.abs(value);
    return new Uint8Array([value < 0 ? 1 : 0, size, size >> 8, size >> 16, size >> 24]);
  },
  text: (text: string | null) =>
    text === null ? encoder.int(-1) : concat(encoder.int(utf8(text).length), utf8(text)),
};

interface Table {
  id: number;
  name: string;
  rows: readonly Bytes[];
  isLargeObjects: boolean;
}

function encodeArchive(minor: number, tables: readonly Table[], copy: string | null = null): Bytes {
  const { int, text } = encoder;
  const time = [1, 2, 3, 4, 5, 126, 0].map(int);
  const compression = minor >= 15 ? new Uint8Array([0]) : int(0);
  const head = [utf8("PGDMP"), new Uint8Array([1, minor, 0, 4, 8, 1]), compression, ...time];
  const names = [text("shop"), text("15.18"), text(null), int(tables.length + 1)];
  const entries = [{ id: 1, kind: "ENCODING", name: "ENCODING" }, ...tables.map(kindOf)];
  const toc = entries.map((entry) => encodeEntry(minor, { ...entry, copy }));
  const blocks = tables.flatMap(({ id, rows, isLargeObjects }) => {
    const chunks = rows.flatMap((row) => (row.length === 0 ? [] : [int(row.length), row]));
    if (!isLargeObjects) return [new Uint8Array([1]), int(id), ...chunks, int(0)];
    return [new Uint8Array([3]), int(id), int(-5), ...chunks, int(0), int(7), int(0), int(0)];
  });
  return concat(...head, ...names, ...toc, ...blocks);
}

interface Entry {
  id: number;
  kind: string;
  name: string;
  /** The statement that loads it. */
  copy: string | null;
}

function encodeEntry(minor: number, { id, kind, name, copy }: Entry): Bytes {
  const { int, text } = encoder;
  const isData = kind !== "ENCODING";
  const pieces = [int(id), int(isData ? 1 : 0), text("1259"), text("16384"), text(name), text(kind), int(3)];
  pieces.push(text("CREATE …"), text(""), text(copy), text("public"), text(null));
  if (minor >= 14) pieces.push(text("heap"));
  if (minor >= 16) pieces.push(int(114));
  pieces.push(text("owner"), text("false"), text("1"), text("22"), text(null));
  return concat(...pieces, new Uint8Array([isData ? 1 : 3, 0, 0, 0, 0, 0, 0, 0, 0]));
}

function kindOf({ id, name, isLargeObjects }: Table) {
  return { id, name, kind: isLargeObjects ? "BLOBS" : "TABLE DATA" };
}

const someTables = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 2, max: 2 ** 30 }),
    name: fc.string(),
    rows: fc.array(fc.uint8Array({ maxLength: 300 }).map((row) => new Uint8Array(row))),
    isLargeObjects: fc.boolean(),
  }),
  { selector: ({ id }) => id, maxLength: 5 },
);
const someMinor = fc.integer({ min: 12, max: 16 });
const someSizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 });

test("ArchiveWatch takes archives of all versions, cut into any pieces", () => {
  fc.assert(
    fc.property(someMinor, someTables, someSizes, (minor, tables, sizes) => {
      expect(watch(encodeArchive(minor, tables), sizes).tables).toBe(
        tables.filter(({ isLargeObjects }) => !isLargeObjects).length,
      );
    }),
  );
});

const COPY = "COPY public.t (a) FROM stdin;\n";
const END = "\\.\n\n\n";

test.each([
  ["a row in each chunk", ["1\n", "22\n", END], 2],
  ["no rows", [END], 0],
  ["rows as long as the end", ["abcd\n", "abcd\n", END], 2],
  ["several rows in a chunk", ["1\n2\n", "3\n", END], null],
  ["the end in the same chunk", ["1\n\\.\n\n\n"], null],
  ["a row that ends in another chunk", ["1\n", "2", "2\n", END], null],
  ["a row of several chunks at first", ["1", "1\n", END], null],
  ["no end", ["1\n", "2\n"], null],
  ["nothing at all", [], null],
])("ArchiveWatch counts rows where chunks are rows: %s", (_, chunks, rows) => {
  const table = { id: 5, name: "t", rows: chunks.map((chunk) => utf8(chunk)), isLargeObjects: false };
  for (const size of [1, 2, 7, 65536]) {
    const seen = watch(encodeArchive(14, [table], COPY), [size]);
    const tableRows = rows === null ? [] : [{ table: "public.t", rows, kind: "exact" as const }];
    expect({ rows: seen.rows, tableRows: seen.tableRows }).toEqual({ rows, tableRows });
    expect(watch(encodeArchive(14, [table], null), [size]).rows).toBeNull();
  }
});

test("ArchiveWatch refuses every archive that is cut short", () => {
  fc.assert(
    fc.property(someMinor, someTables, someSizes, fc.nat(), (minor, tables, sizes, where) => {
      const archive = encodeArchive(minor, tables);
      const cut = where % archive.length;
      expect(() => watch(archive.subarray(0, cut), sizes)).toThrow();
    }),
  );
});

test("ArchiveWatch refuses blocks that are not listed, come twice, or are of an unknown type", () => {
  const table = { id: 5, name: "t", rows: [utf8("1\n")], isLargeObjects: false };
  const archive = encodeArchive(14, [table]);
  const block = concat(new Uint8Array([1]), encoder.int(5), encoder.int(0));
  expect(() => watch(concat(archive, block))).toThrow("data of an object that it does not list (5)");
  expect(() => watch(concat(archive, new Uint8Array([9])))).toThrow("a block of an unknown type (9)");
});

test.each([
  ["", "ends inside its table of contents"],
  ["PGDMP", "ends inside its table of contents"],
  ["-- PostgreSQL database dump", "no pg_dump archive"],
  ["PGDMP\x01\x11\x00\x04\x08\x01", "version 1.17, which is not known"],
  ["PGDMP\x01\x0e\x00\x04\x08\x03", "not in the custom format"],
])("ArchiveWatch refuses %j", (text, message) => {
  const refused = () => watch(utf8(text));
  expect(refused).toThrow(
    message === "not in the custom format" ? "no pg_dump archive in the custom format" : message,
  );
});

const server = await sharedPostgres();
const everything = await dumpOf(open({ url: server.url(await createDatabase(server, EVERYTHING)) }));

test("ArchiveWatch takes what pg_dump writes, cut into any pieces", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1 }), (sizes) => {
      expect(watch(everything, sizes).tables).toBe(9);
    }),
    { numRuns: 20 },
  );
  expect(watch(everything, [1]).tables).toBe(9);
});

test("ArchiveWatch refuses what pg_dump writes when it is cut short", () => {
  for (let cut = everything.length - 1; cut > 0; cut -= 1 + Math.floor(cut / 200)) {
    expect(() => watch(everything.subarray(0, cut))).toThrow();
  }
});

test("readToc() gives the entries, and the archive from its first byte", async () => {
  const { header, entries, bytes } = await readToc(streamOf(...piecesOf(everything, 10_000)));
  expect(header).toMatchObject({
    serverVersion: expect.stringMatching(/^\d+\.\d+/),
    entries: entries.length,
  });
  expect(entries.filter(({ kind }) => kind === "EXTENSION").map(({ tag }) => tag)).toEqual([
    "hstore",
    "pg_trgm",
  ]);
  expect(entries.find(({ tag }) => tag === "таблица")).toMatchObject({
    kind: "TABLE",
    schema: 'Größe, "quoted" ',
  });
  expect(Buffer.compare(new Uint8Array(await new Response(bytes).arrayBuffer()), everything)).toBe(0);
});

test("readToc() fails when the archive ends too early, and cancels it when it is none", async () => {
  expect((await errorOf(readToc(streamOf(everything.subarray(0, 1000))))).message).toContain("ends inside");
  let isCancelled = false;
  const endless = new ReadableStream<Bytes>({
    pull: (controller) => controller.enqueue(utf8("x")),
    cancel: () => void (isCancelled = true),
  });
  expect(await errorOf(readToc(endless))).toMatchObject({ kind: "damaged" });
  expect(isCancelled).toBe(true);
});

test("readToc() reads a table of contents that is longer than 256 MiB", async () => {
  const name = "x".repeat(20 * 1024 * 1024);
  const tables = Array.from({ length: 14 }, (_, at) => ({
    id: at + 2,
    name,
    rows: [],
    isLargeObjects: false,
  }));
  const archive = encodeArchive(14, tables);
  const { entries, bytes } = await readToc(streamOf(...piecesOf(archive, 4 * 1024 * 1024)));
  expect(entries.map(({ tag }) => tag.length)).toEqual([8, ...tables.map(() => name.length)]);
  let size = 0;
  for await (const piece of bytes) size += piece.length;
  expect(size).toBe(archive.length);
});

function piecesOf(bytes: Bytes, size: number): Bytes[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
}
