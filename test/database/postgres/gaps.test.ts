import { expect, test } from "bun:test";
import { join } from "node:path";
import { runProgram } from "../../../scripts/services/service.ts";
import { collect, streamOf } from "../../../src/base/bytes.ts";
import { readToc } from "../../../src/database/postgres/toc.ts";
import { sharedPostgres } from "../../services.ts";
import { createDatabase, dumpOf, EVERYTHING, never, open } from "./servers.ts";

const server = await sharedPostgres();
await server.query(`CREATE ROLE "back up" LOGIN; CREATE ROLE somebody`);
const as = (database: string) => open({ url: server.url(database).replace("postgres@", "back%20up@") });

/** A database of which the role may read nothing but two tables. */
const guarded = await createDatabase(
  server,
  `CREATE TABLE seen (id int); CREATE TABLE hidden (id serial); CREATE TABLE "hid den" (id int);
   CREATE SCHEMA closed; CREATE TABLE closed.inside (id int);
   CREATE TABLE by_row (id int); ALTER TABLE by_row ENABLE ROW LEVEL SECURITY;
   CREATE POLICY positive ON by_row USING (id > 0);
   SELECT lo_create(80001); ALTER LARGE OBJECT 80001 OWNER TO somebody;
   CREATE SUBSCRIPTION news CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false);
   INSERT INTO seen SELECT 1; GRANT SELECT ON seen, by_row TO "back up";`,
);

test("Postgres.check() names everything that the role cannot dump, and the statement that mends it", async () => {
  const { gaps } = await as(guarded).check(never);
  expect(gaps).toEqual([
    {
      kind: "large object",
      object: 'large objects of "somebody"',
      why: "the role may not read them",
      mend: expect.stringContaining('GRANT SELECT ON LARGE OBJECT %s TO "back up"'),
    },
    {
      kind: "rows",
      object: 'rows of table "public"."by_row"',
      why: "row security hides some from the role",
      mend: 'ALTER ROLE "back up" BYPASSRLS;',
    },
    {
      kind: "schema",
      object: 'schema "closed"',
      why: "the role may not look into it",
      mend: 'GRANT USAGE ON SCHEMA "closed" TO "back up";',
    },
    {
      kind: "sequence",
      object: 'sequence "public"."hidden_id_seq"',
      why: "the role may not read it",
      mend: 'GRANT SELECT ON SEQUENCE "public"."hidden_id_seq" TO "back up";',
    },
    {
      kind: "subscription",
      object: 'subscription "news"',
      why: "only a superuser can dump it",
      mend: expect.stringContaining("--no-subscriptions"),
    },
    {
      kind: "table",
      object: 'table "closed"."inside"',
      why: "the role may not read it",
      mend: 'GRANT SELECT ON TABLE "closed"."inside" TO "back up";',
    },
    {
      kind: "table",
      object: 'table "public"."hid den", "public"."hidden"',
      why: "the role may not read it",
      mend: 'GRANT SELECT ON TABLE "public"."hid den", "public"."hidden" TO "back up";',
    },
  ]);
});

test("Postgres.dump() leaves out what is missing, and says so", async () => {
  const dump = await as(guarded).dump(never);
  const { entries } = await readToc(streamOf(await collect(dump.bytes, 1 << 24)));
  const list = entries.map(({ kind, schema, tag }) => `${kind} ${schema} ${tag}`).join("\n");
  expect(list).toContain("TABLE DATA public seen");
  expect(list).toContain("SEQUENCE public hidden_id_seq");
  for (const lost of ["public hidden\n", "hid den", "closed inside", "SEQUENCE SET", "BLOB"])
    expect(list).not.toContain(lost);
  expect(await dump.report).toMatchObject({ complete: false, narrowed: [] });
  expect((await dump.report).gaps.map(({ object }) => object)).toContain('subscription "news"');
});

test("Postgres.dump() is complete once the statements that check() gave were run", async () => {
  const { gaps } = await as(guarded).check(never);
  for (const { mend = "" } of gaps.filter(({ object }) => !object.startsWith("subscription")))
    await server.query(mend, guarded);
  await server.query("ALTER SUBSCRIPTION news SET (slot_name = NONE)", guarded);
  await server.query("DROP SUBSCRIPTION news", guarded);
  expect((await as(guarded).check(never)).gaps).toEqual([]);
  expect((await dumpOf(as(guarded))).length).toBeGreaterThan(1000);
  await server.query('ALTER ROLE "back up" NOBYPASSRLS');
});

test("Postgres.check() finds no gap for the least role that the documentation describes", async () => {
  const database = await createDatabase(server, EVERYTHING);
  const page = await Bun.file(join(import.meta.dir, "../../../docs/databases.md")).text();
  const [, statements = ""] = /<!-- least role -->\s*```sql\n([^`]*)```/.exec(page) ?? [];
  expect(statements).toContain("pg_read_all_data");
  await runProgram([
    join(server.binDirectory, "psql"),
    "-XAtqc",
    statements.replaceAll("shop", `"${database}"`),
    server.url(database),
  ]);
  const backup = open({ url: server.url(database).replace("postgres@", "backup@") });
  const { gaps } = await backup.check(never);
  expect(gaps.map(({ object }) => object)).toEqual([
    'large objects of "postgres"',
    'rows of table "public"."tree"',
  ]);
});

test("Postgres.dump() refuses a database with more tables than the server can lock", async () => {
  const { refuseTooManyTables } = await import("../../../src/database/postgres/prerequisites.ts");
  const source = { tables: 10_000, lockRoom: 8588, locksPerTransaction: 64 };
  expect(() => refuseTooManyTables("x", { ...source, tables: 8588 })).not.toThrow();
  expect(() => refuseTooManyTables('"shop"', source)).toThrow(
    'Cannot dump "shop": the server has no room to lock its 10000 tables',
  );
});
