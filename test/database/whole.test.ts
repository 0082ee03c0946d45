import { Database as Connection } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { type Bytes, streamOf, utf8 } from "../../src/base/bytes.ts";
import type { DumpKind } from "../../src/database/database.ts";
import { BrokenDump, isReadable, readWhole } from "../../src/database/whole.ts";
import { failureOf } from "../conformance/sample.ts";
import { createDatabase, dumpOf, EVERYTHING, open } from "./postgres/servers.ts";
import { sharedPostgres } from "../services.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;
const spool = await temporaryFolder("whole");
afterAll(async () => spool[Symbol.asyncDispose]());

const readingOf = (kind: DumpKind) => ({
  kind,
  tool: { name: "any", version: "10.0" },
  databaseToolsDirectory: undefined,
  spoolDirectory: spool.path,
});

async function sqliteFile(): Promise<Bytes> {
  const path = join(spool.path, "source.db");
  using connection = new Connection(path);
  connection.run("CREATE TABLE noise AS SELECT randomblob(100000) AS noise");
  connection.run("CREATE TABLE words (word TEXT PRIMARY KEY)");
  for (let word = 0; word < 500; word += 1) connection.run("INSERT INTO words VALUES (?)", [`word ${word}`]);
  const bytes = await Bun.file(path).bytes();
  await Bun.file(path).delete();
  return bytes;
}

const server = await sharedPostgres();
const postgres = await dumpOf(open({ url: server.url(await createDatabase(server, EVERYTHING)) }));

const WHOLE: Record<DumpKind, Bytes> = {
  "pg-custom": postgres,
  "pg-globals": utf8("CREATE ROLE a;\n\n--\n-- PostgreSQL database cluster dump complete\n--\n\n"),
  sql: utf8(`${"INSERT INTO a VALUES (1);\n".repeat(40)}-- Dump completed on 2026-11-22  2:00:00\n`),
  "sql-accounts": utf8("CREATE USER a;\n\n-- Dump completed\n"),
  "mongo-archive": await Bun.file(join(import.meta.dir, "../testdata/mongodb/shop.archive")).bytes(),
  sqlite: await sqliteFile(),
};

const KINDS = Object.entries(WHOLE) as [DumpKind, Bytes][];

test.each(KINDS)("readWhole() takes a whole dump of the kind %s", async (kind, dump) => {
  expect(await readWhole(streamOf(dump.slice()), readingOf(kind), never)).toMatch(/\w/);
  expect(await readdir(spool.path)).toEqual([]);
});

test.each(KINDS)("readWhole() refuses a dump of the kind %s that is cut anywhere", async (kind, dump) => {
  for (const part of [0.1, 0.5, 0.9]) {
    const cut = dump.slice(0, Math.floor(dump.length * part));
    expect(await failureOf(readWhole(streamOf(cut), readingOf(kind), never))).toBeInstanceOf(BrokenDump);
  }
  expect(await readdir(spool.path)).toEqual([]);
});

test.each(KINDS)("readWhole() passes on what its source of the kind %s fails with", async (kind, dump) => {
  const failure = new Error("the envelope is damaged");
  const half = dump.slice(0, dump.length / 2);
  const body = streamOf(half).pipeThrough(
    new TransformStream({
      flush() {
        throw failure;
      },
    }),
  );
  expect(await failureOf(readWhole(body, readingOf(kind), never))).toBe(failure);
  expect(await readdir(spool.path)).toEqual([]);
});

test("readWhole() refuses an SQLite database with a page that is damaged", async () => {
  const dump = WHOLE.sqlite.slice();
  dump.fill(0xff, dump.length - 8192, dump.length - 4096);
  const failure = await failureOf(readWhole(streamOf(dump), readingOf("sqlite"), never));
  expect(failure).toMatchObject({ kind: "damaged", hint: expect.stringContaining("it is what was sealed") });
});

test("readWhole() says where there is no room for an SQLite database", async () => {
  const reading = { ...readingOf("sqlite"), spoolDirectory: "/nowhere" };
  const failure = await failureOf(readWhole(streamOf(WHOLE.sqlite.slice()), reading, never));
  expect(failure).toMatchObject({ kind: "target", hint: expect.stringContaining("--spool-directory") });
});

test("readWhole() says which program is missing", async () => {
  const reading = { ...readingOf("pg-custom"), databaseToolsDirectory: "/nowhere" };
  const failure = await failureOf(readWhole(streamOf(WHOLE["pg-custom"].slice()), reading, never));
  expect(failure).toMatchObject({ kind: "tool", message: expect.stringContaining("/nowhere") });
});

test("isReadable() knows the kinds of dumps, and nothing else", () => {
  expect(KINDS.every(([kind]) => isReadable(kind))).toBe(true);
  expect(["redis-rdb", "constructor", ""].some(isReadable)).toBe(false);
});
