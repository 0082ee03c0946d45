import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { runProgram } from "../../../scripts/services/service.ts";
import type { DumpReport } from "../../../src/database/database.ts";
import { sharedPostgres } from "../../services.ts";
import { createDatabase, dumpOf, EVERYTHING, never, open } from "./servers.ts";
import { watch } from "./pieces.ts";

const server = await sharedPostgres();

/** Rows that would be counted wrongly by whoever looks at lines, or at bytes only. */
const ODD = `
  CREATE TABLE texts (t text);
  INSERT INTO texts VALUES (E'a\\nb\\r\\nc'), (E'tab\\there'), (E'back\\\\slash\\\\n'), (''), (NULL), ('\\.'), (E'\\\\.\\n\\n\\n'), (E'\\n');
  CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES;
  CREATE TABLE no_rows (id int);
  CREATE TABLE one (t text); INSERT INTO one VALUES ('');
  CREATE TABLE four (t text); INSERT INTO four SELECT 'abcd' FROM generate_series(1, 3);
  CREATE TABLE huge (t text); INSERT INTO huge SELECT repeat('x', 5000000) FROM generate_series(1, 2); INSERT INTO huge VALUES ('small');
  CREATE TABLE halves (id int) PARTITION BY HASH (id);
  CREATE TABLE half_0 PARTITION OF halves FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE half_1 PARTITION OF halves FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  INSERT INTO halves SELECT generate_series(1, 1001);
  CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent);
  INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2), (3);
  CREATE MATERIALIZED VIEW counted AS SELECT * FROM halves;
  CREATE SEQUENCE tickets; SELECT nextval('tickets');
  SELECT lo_from_bytea(0, E'one\\ntwo\\n') FROM generate_series(1, 5);
  CREATE TABLE many AS SELECT g AS id, repeat('y', g % 200) AS t FROM generate_series(1, 50000) g;
  ANALYZE;
`;
const odd = await createDatabase(server, ODD);

async function reportOf(database: string, dumperOptions = ""): Promise<DumpReport> {
  const dump = await open({ url: server.url(database), dumperOptions }).dump(never);
  await dump.bytes.pipeTo(new WritableStream());
  return dump.report;
}

/** What the server itself counts: of each table alone, without those that inherit from it. */
async function countedBy(database: string): Promise<Record<string, number>> {
  const tables = await server.query(
    `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)'`,
    database,
  );
  const counts = tables
    .trim()
    .split("\n")
    .map(async (table) => [
      table,
      Number(await server.query(`SELECT count(*) FROM ONLY ${table}`, database)),
    ]);
  return Object.fromEntries(await Promise.all(counts)) as Record<string, number>;
}

const asRecord = ({ tableRows }: Pick<DumpReport, "tableRows">) =>
  Object.fromEntries(tableRows.map(({ table, rows }) => [table, rows]));

test.each(["", "--load-via-partition-root", "--encoding=LATIN1", "--quote-all-identifiers --clean"])(
  "Postgres.dump() counts the rows of each table as the server does, with the options %j",
  async (options) => {
    const report = await reportOf(odd, options);
    const expected = await countedBy(odd);
    expect(asRecord(report)).toEqual(expected);
    expect(expected).toMatchObject({ "public.texts": 8, "public.no_columns": 2, "public.no_rows": 0 });
    expect(report.rows).toBe(Object.values(expected).reduce((sum, each) => sum + each, 0));
    expect(report.tableRows.every(({ kind }) => kind === "exact")).toBe(true);
  },
);

test("Postgres.dump() counts in every sort of table, whatever its name", async () => {
  const database = await createDatabase(server, EVERYTHING);
  expect(asRecord(await reportOf(database))).toEqual(await countedBy(database));
});

test.each(["--inserts", "--column-inserts", "--rows-per-insert=2"])(
  "Postgres.dump() counts nothing that is written by %s",
  async (options) => {
    expect(await reportOf(odd, options)).toMatchObject({ rows: null, tableRows: [], tables: 12 });
  },
);

test("Postgres.dump() counts what a narrowed dump holds", async () => {
  expect(await reportOf(odd, "--schema-only")).toMatchObject({ rows: 0, tableRows: [] });
  expect(await reportOf(odd, "--exclude-table-data=many --table=m* --table=one")).toMatchObject({
    rows: 1,
    tableRows: [{ table: "public.one", rows: 1, kind: "exact" }],
  });
});

test("ArchiveWatch counts the same, however the archive is cut", async () => {
  const archive = await dumpOf(
    open({ url: server.url(odd), dumperOptions: "--exclude-table=huge --exclude-table=many" }),
  );
  const expected = await countedBy(odd);
  delete expected["public.huge"];
  delete expected["public.many"];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }), (sizes) => {
      expect(asRecord(watch(archive, sizes))).toEqual(expected);
    }),
    { numRuns: 30 },
  );
  expect(asRecord(watch(archive, [1]))).toEqual(expected);
});

test("a restore of the archive gives as many rows as were counted", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rows-"));
  try {
    const source = open({ url: server.url(odd) });
    const file = join(folder, "odd.dump");
    await Bun.write(file, await dumpOf(source));
    const target = await createDatabase(server);
    const program = join(server.binDirectory, "pg_restore");
    await runProgram([program, "--exit-on-error", `--dbname=${server.url(target)}`, file]);
    expect(await countedBy(target)).toEqual(asRecord(await reportOf(odd)));
  } finally {
    await rm(folder, { recursive: true });
  }
});
