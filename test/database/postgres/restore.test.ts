import { afterAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, temporaryFolder } from "../../../scripts/services/service.ts";
import { startPostgres } from "../../../scripts/services/postgres.ts";
import { release, streamOf, type Bytes, type ByteStream } from "../../../src/base/bytes.ts";
import { DbackedError } from "../../../src/base/error.ts";
import { compress, decompress, type Codec } from "../../../src/compress/codec.ts";
import { errorOf } from "../../conformance/sample.ts";
import { sharedPostgres } from "../../services.ts";
import { createDatabase, dumpOf, EVERYTHING, never, open, PLAN, print } from "./servers.ts";

const server = await sharedPostgres();
const folder = await temporaryFolder("restore");
afterAll(() => folder[Symbol.asyncDispose]());

const full = await createDatabase(server, EVERYTHING);
const everything = await dumpOf(open({ url: server.url(full) }));
const at = (database: string) => open({ url: server.url(database) });

/** In pieces, as a dump comes. */
function inPieces(bytes: Bytes, size = 10_000): Bytes[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

/** Everything but the last bytes, then an error: as a backup whose last segment is damaged. */
function damagedAtItsEnd(bytes: Bytes, missing = 1): ByteStream {
  const rest = inPieces(bytes.subarray(0, bytes.length - missing)).values();
  return new ReadableStream<Bytes>({
    async pull(controller) {
      const next = rest.next();
      if (!next.done) return controller.enqueue(next.value);
      await Bun.sleep(300);
      throw new DbackedError("damaged", "the last segment is damaged");
    },
  });
}

describe("Postgres.restore()", () => {
  test("brings everything back", async () => {
    const target = await createDatabase(server);
    const report = await at(target).restore(streamOf(...inPieces(everything)), PLAN, never);
    expect(await print(server, target)).toBe(await print(server, full));
    expect(report.notices).toEqual([
      "WARNING:  wal_level is insufficient to publish logical changes",
      expect.stringMatching(/^HINT:  Set wal_level/),
    ]);
  });

  test("brings back what pgbench makes", async () => {
    const source = await createDatabase(server);
    await runProgram([join(server.binDirectory, "pgbench"), "-iq", "-s", "2", server.url(source)]);
    const target = await createDatabase(server);
    await at(target).restore((await at(source).dump(never)).bytes, PLAN, never);
    expect(await print(server, target)).toBe(await print(server, source));
  });

  test.each([[{ name: "none" }], [{ name: "zstd", level: 3 }]] as [Codec][])(
    "brings back a function of 1 MiB when whoever reads the dump gives its memory back (%j)",
    async (codec) => {
      const source = await createDatabase(
        server,
        `DO $do$ BEGIN EXECUTE format('CREATE FUNCTION long() RETURNS text LANGUAGE sql AS %L',
           'SELECT ''' || repeat('0123456789abcdef', 65536) || ''''); END $do$;
         CREATE TABLE numbers AS SELECT g, repeat('x', 100) AS t FROM generate_series(1, 20000) g`,
      );
      const stored: Bytes[] = [];
      for await (const piece of (await at(source).dump(never)).bytes.pipeThrough(compress(codec))) {
        stored.push(piece.slice());
        release(piece);
      }
      const target = await createDatabase(server);
      await at(target).restore(streamOf(...stored).pipeThrough(decompress(codec.name)), PLAN, never);
      expect(await print(server, target)).toBe(await print(server, source));
    },
  );

  test("brings back an empty database", async () => {
    const [source, target] = [await createDatabase(server), await createDatabase(server)];
    await at(target).restore(streamOf(await dumpOf(at(source))), PLAN, never);
    expect(await print(server, target)).toBe(await print(server, source));
  });

  test("works without the transaction, and in parallel by way of a file", async () => {
    const target = await createDatabase(server);
    await at(target).restore(streamOf(everything), { ...PLAN, singleTransaction: false }, never);
    const other = await createDatabase(server);
    const plan = { ...PLAN, jobs: 3, spoolDirectory: folder.path };
    const dead = Bun.spawn(["true"]);
    await dead.exited;
    await Bun.write(join(folder.path, `dbacked-spool-${dead.pid}-0123abcd`), "of a restore that was killed");
    await at(other).restore(streamOf(...inPieces(everything)), plan, never);
    expect(await print(server, target)).toBe(await print(server, full));
    expect(await print(server, other)).toBe(await print(server, full));
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("gives what belongs to the database itself as commands", async () => {
    const source = await createDatabase(server);
    const target = await createDatabase(server, "", "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    await server.query(`ALTER DATABASE "${source}" SET work_mem = '64MB'; ALTER ROLE postgres IN DATABASE "${source}" SET jit = off;
      COMMENT ON DATABASE "${source}" IS 'mine'; GRANT CONNECT ON DATABASE "${source}" TO postgres`);
    const { notices } = await at(target).restore(streamOf(await dumpOf(at(source))), PLAN, never);
    expect(notices[0]).toMatch(
      /^The dumped database had encoding UTF8 \(here LATIN1\), LC_COLLATE C.UTF-8 \(here C\)/,
    );
    expect(notices[0]).toContain(`CREATE DATABASE "${target}" WITH TEMPLATE = template0 ENCODING = 'UTF8'`);
    expect(notices).toContain(`ALTER DATABASE "${target}" SET work_mem TO '64MB';`);
    expect(notices).toContain(`ALTER ROLE postgres IN DATABASE "${target}" SET jit TO 'off';`);
    expect(notices).toContain(`COMMENT ON DATABASE "${target}" IS 'mine';`);
    expect(notices.join("\n")).not.toContain(source);
  });
});

describe("Postgres.restore() refuses, before anything changes,", () => {
  test("a target that is not empty", async () => {
    const target = await createDatabase(server, "CREATE TABLE mine (id int)");
    expect(await at(target).inspect("pg-custom", never)).toEqual({
      exists: true,
      objects: 1,
      examples: ["table public.mine"],
    });
    const failure = await errorOf(at(target).restore(streamOf(everything), PLAN, never));
    expect(failure).toMatchObject({ kind: "target", hint: expect.stringContaining("--force") });
    expect(failure.message).toContain("it holds 1 objects, such as table public.mine");
  });

  test("a database that does not exist, and says how to create it", async () => {
    const database = open({ url: server.url("nobody's") });
    expect(await database.inspect("pg-custom", never)).toEqual({ exists: false, objects: 0, examples: [] });
    const failure = await errorOf(database.restore(streamOf(everything), PLAN, never));
    expect(failure).toMatchObject({
      kind: "target",
      hint: expect.stringContaining(`CREATE DATABASE "nobody's" WITH TEMPLATE = template0 ENCODING = 'UTF8'`),
    });
  });

  test("a server that lacks roles, extensions or tablespaces, and names all of them", async () => {
    await using other = await startPostgres();
    await other.query('CREATE ROLE "the owner"; CREATE ROLE reader; CREATE ROLE grantor');
    const space = join(other.socketDirectory, "space");
    await runProgram(["install", "-d", "-o", "postgres", space]).catch(() => runProgram(["mkdir", space]));
    await other.query(`CREATE TABLESPACE fast LOCATION '${space}'`);
    const source = await createDatabase(
      other,
      `CREATE TABLE a (id int) TABLESPACE fast; ALTER TABLE a OWNER TO "the owner"; GRANT SELECT ON a TO reader;
       CREATE POLICY p ON a TO reader USING (id IN (SELECT 1 FROM pg_class));
       ALTER DEFAULT PRIVILEGES FOR ROLE grantor GRANT SELECT ON TABLES TO reader`,
    );
    const dump = await dumpOf(open({ url: other.url(source) }));
    const target = await createDatabase(server);
    const failure = await errorOf(at(target).restore(streamOf(dump), PLAN, never));
    expect(failure).toMatchObject({ kind: "target" });
    expect(failure.message).toContain(
      'lacks the roles "reader", "grantor", "the owner", the tablespace "fast"',
    );
    expect(failure.hint?.split("\n")).toEqual([
      'CREATE ROLE "reader";',
      'CREATE ROLE "grantor";',
      'CREATE ROLE "the owner";',
      "or give --no-owner, and everything will be yours",
      `CREATE TABLESPACE "fast" LOCATION '/a/folder/of/the/server';`,
    ]);
    const withoutOwner = await errorOf(at(target).restore(streamOf(dump), { ...PLAN, noOwner: true }, never));
    expect(withoutOwner.message).not.toContain("the owner");
    await server.query(`CREATE ROLE reader; CREATE ROLE grantor; CREATE ROLE "the owner"`);
    expect((await at(target).inspect("pg-custom", never)).objects).toBe(0);
  });

  test("more objects than one transaction can lock", async () => {
    await using small = await startPostgres({
      settings: { max_locks_per_transaction: "10", max_connections: "10" },
    });
    const tables =
      "DO $$ BEGIN FOR i IN 1..150 LOOP EXECUTE format('CREATE TABLE t%s (id int)', i); COMMIT; END LOOP; END $$";
    const dump = await dumpOf(at(await createDatabase(server, tables)));
    const target = open({ url: small.url(await createDatabase(small)) });
    const failure = await errorOf(target.restore(streamOf(dump), PLAN, never));
    expect(failure).toMatchObject({
      kind: "target",
      hint: expect.stringContaining("--no-single-transaction"),
    });
    await target.restore(streamOf(dump), { ...PLAN, singleTransaction: false }, never);
    expect((await target.inspect("pg-custom", never)).objects).toBe(150);
  });

  test("a dump of another kind, or what is no dump at all", async () => {
    const target = at(await createDatabase(server));
    expect(
      await errorOf(target.restore(streamOf(everything), { ...PLAN, kind: "sql" }, never)),
    ).toMatchObject({ kind: "target" });
    const text = new TextEncoder().encode("-- SQL");
    expect(await errorOf(target.restore(streamOf(text), PLAN, never))).toMatchObject({ kind: "damaged" });
    const newer = { ...PLAN, tool: { name: "pg_dump", version: "99.1" } };
    expect(await errorOf(target.restore(streamOf(everything), newer, never))).toMatchObject({
      kind: "tool",
      message: expect.stringContaining("the dump was made by version 99.1"),
    });
  });
});

describe("Postgres.restore() with force", () => {
  const before = `CREATE TABLE precious (id int); INSERT INTO precious VALUES (42); SELECT lo_from_bytea(90001, 'old');`;

  test("empties a target that holds everything, in the same transaction", async () => {
    const target = await createDatabase(server, EVERYTHING);
    await server.query(
      `CREATE TABLE more (id int); CREATE SCHEMA more; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
       CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not allowed'; END $$;
       CREATE CAST (point AS text) WITH INOUT; DROP SCHEMA public CASCADE; CREATE SCHEMA public;
       CREATE FUNCTION more.note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not allowed'; END $$;
       CREATE EVENT TRIGGER noting ON sql_drop EXECUTE FUNCTION more.note()`,
      target,
    );
    await at(target).restore(streamOf(...inPieces(everything)), { ...PLAN, force: true }, never);
    expect(await print(server, target)).toBe(await print(server, full));
  });

  test.each([
    ["the stream fails at its end", () => damagedAtItsEnd(everything), "damaged"],
    ["the stream fails in the middle", () => damagedAtItsEnd(everything, 200_000), "damaged"],
    ["the dump is cut short", () => streamOf(...inPieces(everything.subarray(0, -1000))), "tool"],
  ])("leaves the old content when %s", async (_, body, kind) => {
    const target = await createDatabase(server, before);
    const old = await print(server, target);
    const failure = await errorOf(at(target).restore(body(), { ...PLAN, force: true }, never));
    expect(failure.kind).toBe(kind);
    expect(await print(server, target)).toBe(old);
  });

  test("leaves the old content when a statement fails", async () => {
    const source = await createDatabase(
      server,
      "CREATE FUNCTION always() RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE TABLE checked (id int CHECK (always())); INSERT INTO checked VALUES (1)",
    );
    await server.query(
      "CREATE OR REPLACE FUNCTION always() RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT false'",
      source,
    );
    const dump = await dumpOf(at(source));
    const target = await createDatabase(server, before);
    const old = await print(server, target);
    const failure = await errorOf(at(target).restore(streamOf(dump), { ...PLAN, force: true }, never));
    expect(failure.kind).toBe("database");
    expect(failure.message).toContain("Cannot restore into");
    expect(failure.message).toContain("violates check constraint");
    expect(await print(server, target)).toBe(old);
  });

  test("leaves the old content when it is aborted, and when our own process is killed", async () => {
    const target = await createDatabase(server, before);
    const old = await print(server, target);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 300);
    const restoring = at(target).restore(
      damagedAtItsEnd(everything),
      { ...PLAN, force: true },
      controller.signal,
    );
    expect((await errorOf(restoring)).message).toMatch(/enough|damaged/);
    expect(await print(server, target)).toBe(old);

    await Bun.write(join(folder.path, "dump"), everything);
    const script = join(import.meta.dir, "restore-and-stall.ts");
    const child = Bun.spawn([process.execPath, script, join(folder.path, "dump"), server.url(target)], {
      stdout: "pipe",
      stderr: "inherit",
    });
    await child.stdout.getReader().read();
    await Bun.sleep(300);
    child.kill("SIGKILL");
    await child.exited;
    await Bun.sleep(200);
    expect(await print(server, target)).toBe(old);
  });

  test("refuses to drop a subscription, and says how to", async () => {
    const target = await createDatabase(
      server,
      "CREATE SUBSCRIPTION kept CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false)",
    );
    const failure = await errorOf(at(target).restore(streamOf(everything), { ...PLAN, force: true }, never));
    expect(failure).toMatchObject({ kind: "target", hint: "DROP SUBSCRIPTION kept;" });
    await server.query("ALTER SUBSCRIPTION kept SET (slot_name = NONE)", target);
    await server.query("DROP SUBSCRIPTION kept", target);
  });
});
