import { afterAll, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { temporaryFolder } from "../../../scripts/services/service.ts";
import { collect, streamOf, type Bytes } from "../../../src/base/bytes.ts";
import type { Dump } from "../../../src/database/database.ts";
import { errorOf } from "../../conformance/sample.ts";
import { sharedPostgres } from "../../services.ts";
import { createDatabase, never, open, PLAN } from "./servers.ts";

const server = await sharedPostgres();
const folder = await temporaryFolder("lost");
afterAll(() => folder[Symbol.asyncDispose]());
await server.query("CREATE ROLE half_blind LOGIN BYPASSRLS");

/** What the role may not read is needed by everything that can need it. */
const DEPENDED_ON = `
  CREATE TABLE secret (id serial PRIMARY KEY, v text);
  CREATE TABLE child (id serial PRIMARY KEY, s int CONSTRAINT child_fk REFERENCES secret);
  COMMENT ON CONSTRAINT child_fk ON child IS 'not alone';
  CREATE TABLE cycle (id int PRIMARY KEY, s int REFERENCES secret); ALTER TABLE secret ADD FOREIGN KEY (id) REFERENCES cycle;
  CREATE VIEW one AS SELECT id FROM child WHERE s IN (SELECT id FROM secret);
  CREATE VIEW two AS SELECT * FROM one; CREATE MATERIALIZED VIEW three AS SELECT * FROM two; CREATE INDEX ON three (id);
  CREATE VIEW "of rows" AS SELECT NULL::secret AS s;
  CREATE VIEW free AS SELECT * FROM child;
  CREATE FUNCTION takes(secret) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION body() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM secret; END;
  COMMENT ON FUNCTION body() IS 'counts'; REVOKE EXECUTE ON FUNCTION body() FROM PUBLIC;
  CREATE TABLE by_row (id int); ALTER TABLE by_row ENABLE ROW LEVEL SECURITY;
  CREATE POLICY p ON by_row USING (id IN (SELECT id FROM secret));
  CREATE RULE also AS ON DELETE TO child DO ALSO DELETE FROM secret;
  CREATE TABLE whole (i int PRIMARY KEY) PARTITION BY LIST (i); CREATE TABLE part PARTITION OF whole FOR VALUES IN (1);
  CREATE SEQUENCE unread START 5; CREATE TABLE defaults (i int DEFAULT nextval('unread'), j serial);
  CREATE PUBLICATION news FOR TABLE secret, child;
  CREATE SCHEMA closed; CREATE TYPE closed.mood AS ENUM ('a'); CREATE FUNCTION closed.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE TABLE closed.inside (id serial); CREATE TABLE uses (m closed.mood, d int DEFAULT closed.f());
  INSERT INTO child VALUES (1, NULL), (2, NULL); INSERT INTO part VALUES (1); INSERT INTO uses VALUES ('a'); INSERT INTO defaults VALUES (1, 1);
  GRANT SELECT ON ALL TABLES IN SCHEMA public TO half_blind; REVOKE SELECT ON secret, whole FROM half_blind;
  GRANT SELECT ON child_id_seq, defaults_j_seq TO half_blind; GRANT SELECT ON closed.inside TO half_blind;
`;
const source = await createDatabase(server, DEPENDED_ON);
const asHalfBlind = (database: string, more = {}) =>
  open({ url: server.url(database).replace("postgres@", "half_blind@"), ...more });

async function read(dump: Dump): Promise<Bytes> {
  return await collect(dump.bytes, 1 << 26);
}

const tablesOf = (database: string) =>
  server.query(
    "SELECT c.oid::regclass, relkind FROM pg_class c WHERE relnamespace IN ('public'::regnamespace, 'closed'::regnamespace) AND relkind IN ('r', 'v', 'm', 'S') ORDER BY c.oid::regclass::text",
    database,
  );

test("Postgres.check() names what depends on what the role may not read", async () => {
  const { gaps } = await asHalfBlind(source).check(never);
  const following = gaps
    .filter(({ why }) => why.startsWith("it needs"))
    .map(({ kind, object }) => [kind, object]);
  expect(following).toEqual([
    ["view", 'view "public"."of rows", "public"."one", "public"."three", "public"."two"'],
    [
      "object",
      "partition public.part of public.whole, policy p on table public.by_row, rule also on table public.child",
    ],
    [
      "constraint",
      "constraint child_fk on table public.child, constraint cycle_s_fkey on table public.cycle",
    ],
    ["routine", "function public.body(), function public.takes(public.secret)"],
  ]);
});

test.each([{}, { jobs: 2, spoolDirectory: folder.path }, { singleTransaction: false }])(
  "a dump that lacks tables can be restored, with %j",
  async (how) => {
    const dump = await asHalfBlind(source).dump(never);
    const archive = await read(dump);
    const target = await createDatabase(server);
    const plan = { ...PLAN, ...how, skip: dump.details.skip ?? [] };
    const { notices } = await open({ url: server.url(target) }).restore(streamOf(archive), plan, never);
    const statements = notices.join("\n");
    for (const lost of [
      "child_fk",
      "CREATE POLICY p",
      "CREATE RULE also",
      "FUNCTION public.body()",
      "ATTACH PARTITION public.part ",
    ])
      expect(statements).toContain(lost);
    expect((await tablesOf(target)).trim().split("\n")).toEqual([
      "by_row|r",
      "child|r",
      "child_id_seq|S",
      "closed.inside_id_seq|S",
      "cycle|r",
      "defaults|r",
      "defaults_j_seq|S",
      "free|v",
      "part|r",
      "secret_id_seq|S",
      "unread|S",
      "uses|r",
    ]);
    const counts = "SELECT (SELECT count(*) FROM child), (SELECT count(*) FROM part), (SELECT m FROM uses)";
    expect(await server.query(counts, target)).toBe("2|1|a\n");
    await server.query("INSERT INTO defaults DEFAULT VALUES", target);
  },
);

test("a restore keeps what no dump said to leave out, and fails at it", async () => {
  const archive = await read(await asHalfBlind(source).dump(never));
  const target = await createDatabase(server);
  const restoring = open({ url: server.url(target) }).restore(streamOf(archive), PLAN, never);
  expect((await errorOf(restoring)).message).toContain('"public.secret" does not exist');
  expect(await tablesOf(target).catch(() => "")).toBe("");
});

test("Postgres.check() says of which dependents a restore fails", async () => {
  const database = await createDatabase(
    server,
    `CREATE TABLE secret (id int); CREATE TABLE kid () INHERITS (secret); CREATE TABLE holds (s secret);
     GRANT SELECT ON kid, holds TO half_blind`,
  );
  const { gaps } = await asHalfBlind(database).check(never);
  expect(gaps.slice(1)).toEqual([
    {
      kind: "table",
      object: "column s of table public.holds, table public.kid",
      why: "it needs what the role may not read: a restore fails at it",
    },
  ]);
});

test("nothing is named twice, and nothing is left of the list of entries", async () => {
  const { gaps } = await asHalfBlind(source).check(never);
  const objects = gaps.map(({ object }) => object);
  expect(new Set(objects).size).toBe(objects.length);
  expect((await readdir(tmpdir())).filter((name) => name.startsWith("dbacked-list-"))).toEqual([]);
});
