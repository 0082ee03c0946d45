import { Database as Connection } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, readdir, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../scripts/services/service.ts";
import { collect, streamOf, utf8, type Bytes, type ByteStream } from "../../../src/base/bytes.ts";
import type { Database, RestorePlan } from "../../../src/database/database.ts";
import { databaseDrivers } from "../../../src/database/registry.ts";
import { errorOf } from "../../conformance/sample.ts";
import { PLAINEST } from "../plainest.ts";
import { never } from "../postgres/servers.ts";

const folder = await temporaryFolder("sqlite");
afterAll(() => folder[Symbol.asyncDispose]());

const { sqlite } = databaseDrivers;
const open = (path: string, more = {}): Database =>
  sqlite.create(sqlite.options.parse({ url: `sqlite://${path}`, ...more }));

const PLAN: RestorePlan = {
  kind: "sqlite",
  tool: { name: "sqlite", version: "3.54.0" },
  ...PLAINEST,
};

let made = 0;

/** A folder of its own, and a database in it. */
async function create(sql: string, name = "app.db"): Promise<string> {
  const directory = join(folder.path, `case-${(made += 1)}`);
  await mkdir(directory);
  using connection = new Connection(join(directory, name));
  connection.run(sql);
  return join(directory, name);
}

const here = (path: string) => readdir(join(path, ".."));

async function dumpOf(path: string): Promise<Bytes> {
  const dump = await open(path).dump(never);
  return collect(dump.bytes, 1 << 28);
}

function query(path: string, sql: string): unknown[] {
  using connection = new Connection(path, { readonly: true });
  return connection.query(sql).values();
}

const SHOP = `
  CREATE TABLE "naïve ""orders""" (id INTEGER PRIMARY KEY, data BLOB, doubled AS (id * 2) STORED);
  INSERT INTO "naïve ""orders""" (data) VALUES (x'00ff0a'), ('日本語'), (NULL);
  CREATE VIEW v AS SELECT * FROM "naïve ""orders"""; CREATE INDEX i ON "naïve ""orders""" (data);
  CREATE VIRTUAL TABLE found USING fts5(words); INSERT INTO found VALUES ('hello world');
  CREATE TRIGGER t AFTER DELETE ON "naïve ""orders""" BEGIN SELECT RAISE(ABORT, 'no'); END;
`;
const ROWS = `SELECT * FROM "naïve ""orders"""`;

describe("Sqlite.dump()", () => {
  test("counts the rows of every table that the dump itself holds", async () => {
    const path =
      await create(`${SHOP} CREATE TABLE none (a); CREATE TABLE "rows" (a PRIMARY KEY) WITHOUT ROWID;
      INSERT INTO "rows" VALUES (1), (2); CREATE TABLE narrow (a, b TEXT); CREATE INDEX j ON narrow (a) WHERE a > 5;
      INSERT INTO narrow VALUES (NULL, 'x'), (9, 'y'); DELETE FROM "rows" WHERE a = 1`);
    const dump = await open(path).dump(never);
    const copy = join(path, "..", "copy.db");
    await Bun.write(copy, await collect(dump.bytes, 1 << 28));
    const { rows, tableRows, tables } = await dump.report;
    const counted = tableRows.map(({ table }) =>
      query(copy, `SELECT count(*) FROM "${table.replaceAll('"', '""')}"`),
    );
    expect(tableRows.map((each) => [[each.rows]])).toEqual(counted as number[][][]);
    expect(tableRows).toContainEqual({ table: 'naïve "orders"', rows: 3, kind: "exact" });
    expect(tableRows).toContainEqual({ table: "rows", rows: 1, kind: "exact" });
    // The virtual table is a table, and holds no rows itself.
    expect(tables).toBe(tableRows.length + 1);
    expect(rows).toBe(tableRows.reduce((sum, each) => sum + each.rows, 0));
  });

  test("counts nothing where there is no table", async () => {
    const dump = await open(await create("CREATE VIEW v AS SELECT 1")).dump(never);
    await dump.bytes.pipeTo(new WritableStream());
    expect(await dump.report).toMatchObject({ tables: 0, rows: 0, tableRows: [] });
  });

  test("gives a file that holds the same, and leaves nothing behind", async () => {
    const path = await create(SHOP);
    const dump = await open(path).dump(never);
    expect(dump).toMatchObject({
      kind: "sqlite",
      tool: { name: "sqlite", version: expect.stringMatching(/^3\./) },
    });
    const target = join(path, "..", "copy.db");
    await open(target).restore(dump.bytes, PLAN, never);
    expect(query(target, ROWS)).toEqual(query(path, ROWS));
    expect(query(target, "SELECT * FROM found WHERE found MATCH 'hello'")).toEqual([["hello world"]]);
    expect(await dump.report).toMatchObject({ consistent: "snapshot", complete: true, tables: 7 });
    expect((await here(path)).toSorted()).toEqual(["app.db", "copy.db"]);
  });

  test("takes one moment of a database that another process writes to", async () => {
    const path = await create(
      "CREATE TABLE a (id INTEGER PRIMARY KEY, x); CREATE TABLE b (id INTEGER PRIMARY KEY, x)",
    );
    const writer = Bun.spawn([process.execPath, join(import.meta.dir, "writer.ts"), path], {
      stdout: "pipe",
      stderr: "inherit",
    });
    try {
      await waitUntil(() => Bun.file(`${path}-wal`).size > 1_000_000, { what: "the writer" });
      for (let turn = 0; turn < 3; turn += 1) {
        const target = join(path, "..", `copy-${turn}.db`);
        await open(target).restore((await open(path).dump(never)).bytes, PLAN, never);
        const [[a, b]] = query(target, "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)") as [
          [number, number],
        ];
        expect(a).toBe(b);
        expect(a).toBeGreaterThan(100);
        expect(query(target, "PRAGMA integrity_check")).toEqual([["ok"]]);
      }
      expect(writer.exitCode).toBe(null);
    } finally {
      writer.kill();
      await writer.exited;
    }
  });

  test("lets nobody else read the snapshot, and removes its name before the first byte goes out", async () => {
    const path = await create(SHOP);
    const elsewhere = join(path, "..", "snapshots");
    await mkdir(elsewhere);
    const controller = new AbortController();
    const dump = await open(path, { snapshotDirectory: elsewhere }).dump(controller.signal);
    expect(await readdir(elsewhere)).toEqual([]);
    controller.abort(new Error("enough"));
    expect((await errorOf(dump.bytes.pipeTo(new WritableStream()))).message).toBe("enough");
    expect((await errorOf(dump.report)).message).toBe("enough");
    const cancelled = await open(path).dump(never);
    await cancelled.bytes.cancel();
    expect(await errorOf(cancelled.report)).toBeInstanceOf(Error);
  });

  test("removes what an earlier run left behind, and nothing else", async () => {
    const path = await create(SHOP);
    const directory = join(path, "..");
    const dead = Bun.spawn(["true"]);
    await dead.exited;
    const left = `.app.db.dbacked-${dead.pid}-0123abcd`;
    const others = [
      `.app.db.dbacked-${process.pid}-0123abcd`,
      ".app.db.dbacked-x",
      ".other.db.dbacked-1-0123abcd",
    ];
    for (const name of [left, `${left}-journal`, ...others]) await Bun.write(join(directory, name), "x");
    await dumpOf(path);
    expect((await readdir(directory)).toSorted()).toEqual([...others, "app.db"].toSorted());
  });

  test("removes the copy and its journal when it is stopped in the middle", async () => {
    const path = await create(
      "CREATE TABLE t AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 30000) SELECT x, randomblob(1000) FROM c",
    );
    const controller = new AbortController();
    const dumping = errorOf(open(path).dump(controller.signal));
    await waitUntil(async () => (await here(path)).some((name) => name.endsWith("-journal")), {
      what: "the journal",
    });
    controller.abort(new Error("stop"));
    expect((await dumping).message).toBe("stop");
    expect(await here(path)).toEqual(["app.db"]);
  });

  test.each(["nowhere", "app.db"])("says that it cannot write a snapshot into %s", async (name) => {
    const path = await create(SHOP);
    const snapshotDirectory = join(path, "..", name);
    expect(await errorOf(open(path, { snapshotDirectory }).dump(never))).toMatchObject({
      kind: "database",
      message: expect.stringContaining(`Cannot make a snapshot of ${path} in ${snapshotDirectory}: E`),
      hint: expect.stringContaining("snapshotDirectory"),
    });
  });

  test("changes nothing about the database", async () => {
    const path = await create(SHOP);
    const before = Bun.hash(await Bun.file(path).bytes());
    await dumpOf(path);
    expect(Bun.hash(await Bun.file(path).bytes())).toBe(before);
  });
});

describe("Sqlite.check()", () => {
  test("tells the file from others of the same name", async () => {
    const path = await create(SHOP);
    const check = await open(path).check(never);
    expect(check).toMatchObject({ server: expect.stringMatching(/^SQLite 3\./), gaps: [] });
    expect(check.source).toEndWith(` ${path}`);
    const link = join(path, "..", "link.db");
    await symlink(path, link);
    expect((await open(link).check(never)).source).toBe(check.source);
  });

  test("fails when there is no file, and does not create it", async () => {
    const path = join(folder.path, "absent.db");
    expect(await errorOf(open(path).check(never))).toMatchObject({
      kind: "database",
      message: `There is no file ${path}`,
    });
    expect(await errorOf(open(path).dump(never))).toMatchObject({ kind: "database" });
    expect(await Bun.file(path).exists()).toBe(false);
  });

  test("fails when the file is no database", async () => {
    const path = join(folder.path, "notes.txt");
    await Bun.write(path, "these are notes\n".repeat(100));
    expect(await errorOf(open(path).check(never))).toMatchObject({
      kind: "database",
      message: `Cannot read ${path}: file is not a database`,
    });
    expect(await errorOf(open(folder.path).check(never))).toMatchObject({ kind: "database" });
  });
});

describe("Sqlite.restore()", () => {
  const dump = async () => dumpOf(await create(SHOP));

  test("makes a new file that only its owner can read", async () => {
    const target = join(folder.path, "new.db");
    expect(await open(target).inspect("sqlite", never)).toEqual({ exists: false, objects: 0, examples: [] });
    await open(target).restore(streamOf(await dump()), PLAN, never);
    expect((await stat(target)).mode & 0o777).toBe(0o600);
  });

  test("refuses a target that holds objects, unless forced", async () => {
    const target = await create("CREATE TABLE mine (id); CREATE INDEX by_id ON mine (id)");
    await chmod(target, 0o640);
    expect(await open(target).inspect("sqlite", never)).toEqual({
      exists: true,
      objects: 2,
      examples: ["table mine", "index by_id"],
    });
    const failure = await errorOf(open(target).restore(streamOf(await dump()), PLAN, never));
    expect(failure).toMatchObject({ kind: "target", hint: expect.stringContaining("--force") });
    await open(target).restore(streamOf(await dump()), { ...PLAN, force: true }, never);
    expect(query(target, ROWS).length).toBe(3);
    expect((await stat(target)).mode & 0o777).toBe(0o640);
  });

  test("replaces a file that is no database only when forced", async () => {
    const target = await create("SELECT 1");
    await Bun.write(target, "garbage ".repeat(1000));
    expect(await errorOf(open(target).restore(streamOf(await dump()), PLAN, never))).toMatchObject({
      kind: "target",
    });
    await open(target).restore(streamOf(await dump()), { ...PLAN, force: true }, never);
    expect(query(target, ROWS).length).toBe(3);
  });

  test("replaces the file behind a link, and what lay beside it", async () => {
    const target = await create("PRAGMA journal_mode = WAL; CREATE TABLE mine (id)");
    const link = join(target, "..", "link.db");
    await symlink(target, link);
    await Bun.write(`${target}-journal`, "left behind");
    await open(link).restore(streamOf(await dump()), { ...PLAN, force: true }, never);
    expect(query(link, ROWS).length).toBe(3);
    expect((await here(target)).toSorted()).toEqual(["app.db", "link.db"]);
  });

  test.each(["DELETE", "WAL"])(
    "refuses a target that another program has open (journal mode %s)",
    async (mode) => {
      const target = await create("CREATE TABLE mine (id)");
      const user = Bun.spawn([process.execPath, join(import.meta.dir, "writer.ts"), target, mode], {
        stdout: "pipe",
      });
      await user.stdout.getReader().read();
      try {
        const failure = await errorOf(
          open(target).restore(streamOf(await dump()), { ...PLAN, force: true }, never),
        );
        expect(failure).toMatchObject({ kind: "target", message: expect.stringContaining("is in use") });
      } finally {
        user.kill("SIGKILL");
        await user.exited;
      }
      await open(target).restore(streamOf(await dump()), { ...PLAN, force: true }, never);
    },
  );

  test("refuses a target that is locked inside of this process", async () => {
    const target = await create("PRAGMA journal_mode = WAL; CREATE TABLE mine (id)");
    using connection = new Connection(target);
    connection.query("SELECT * FROM mine").all();
    const failure = await errorOf(
      open(target).restore(streamOf(await dump()), { ...PLAN, force: true }, never),
    );
    expect(failure).toMatchObject({ kind: "target", message: expect.stringContaining("is in use") });
  });

  test.each([
    ["fails", (bytes: Bytes) => failing(bytes.subarray(0, 8192)), undefined],
    ["is cut short", (bytes: Bytes) => streamOf(bytes.subarray(0, bytes.length - 4096)), "damaged"],
    [
      "is damaged",
      (bytes: Bytes) =>
        streamOf(bytes.subarray(0, 4096), bytes.subarray(4096, 8192).fill(7), bytes.subarray(8192)),
      "damaged",
    ],
    ["is no database", () => streamOf(utf8("hello".repeat(1000))), "damaged"],
  ])("leaves the target as it was when the dump %s", async (_, body, kind) => {
    const target = await create("CREATE TABLE mine (id)");
    const failure = await errorOf(open(target).restore(body(await dump()), { ...PLAN, force: true }, never));
    expect(failure.kind).toBe(kind);
    expect(query(target, "SELECT count(*) FROM mine")).toEqual([[0]]);
    expect(await here(target)).toEqual(["app.db"]);
  });

  test("removes what a killed restore left beside the target", async () => {
    const target = await create("SELECT 1");
    const dead = Bun.spawn(["true"]);
    await dead.exited;
    const left = `${target.replace("app.db", ".app.db")}.dbacked-${dead.pid}-0123abcd`;
    for (const suffix of ["", "-wal", "-shm"]) await Bun.write(`${left}${suffix}`, "x");
    await open(target).restore(streamOf(await dump()), PLAN, never);
    expect(await here(target)).toEqual(["app.db"]);
  });

  test.each([
    ["a folder", ".", "is no file"],
    ["in a folder that is not there", "nowhere/new.db", "there is no folder"],
    ["beneath a file", "app.db/new.db", "ENOTDIR"],
  ])("refuses a target that is %s", async (_, name, message) => {
    const target = open(join(await create("SELECT 1"), "..", name));
    const refused = { kind: "target", message: expect.stringContaining(message) };
    expect(await errorOf(target.inspect("sqlite", never))).toMatchObject(refused);
    expect(await errorOf(target.restore(streamOf(await dump()), PLAN, never))).toMatchObject(refused);
  });

  test("refuses what means nothing for a file", async () => {
    const target = open(join(folder.path, "never.db"));
    const options = { ...PLAN, jobs: 2, noOwner: true, singleTransaction: false };
    expect(await errorOf(target.restore(streamOf(await dump()), options, never))).toMatchObject({
      kind: "usage",
      message: "--jobs, --no-owner, --no-single-transaction cannot be used with an SQLite file",
    });
    expect(
      await errorOf(target.restore(streamOf(await dump()), { ...PLAN, kind: "sql" }, never)),
    ).toMatchObject({ kind: "target" });
  });
});

test.each([
  [{}, "either a url or a path"],
  [{ url: "sqlite:///a", path: "/a" }, "either a url or a path"],
  [{ url: "sqlite://host/a" }, "sqlite:///absolute/path"],
  [{ url: "sqlite:app.db?mode=rw" }, "sqlite:///absolute/path"],
  [{ url: "postgres://db/a" }, "sqlite:///absolute/path"],
  [{ path: "app.db" }, "absolute"],
  [{ path: "/a", snapshotDirectory: "x" }, "absolute"],
])("sqliteOptions refuses %j", (options, message) => {
  expect(sqlite.options.safeParse(options).error?.issues[0]?.message).toContain(message);
});

test("sqliteOptions takes a path, and a url with %XX", () => {
  expect(open("/a%20b/c%25.db").label).toBe("/a b/c%.db");
  expect(sqlite.create(sqlite.options.parse({ path: "/a b/c%.db" })).label).toBe("/a b/c%.db");
});

function failing(bytes: Bytes): ByteStream {
  let isGiven = false;
  return new ReadableStream<Bytes>({
    async pull(controller) {
      if (isGiven) throw new Error("the last segment is damaged");
      isGiven = true;
      controller.enqueue(bytes);
    },
  });
}
