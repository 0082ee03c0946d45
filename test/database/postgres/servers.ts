import { join } from "node:path";
import { runProgram } from "../../../scripts/services/service.ts";
import type { Postgres as Server } from "../../../scripts/services/postgres.ts";
import { collect, type Bytes } from "../../../src/base/bytes.ts";
import type { Database, RestorePlan } from "../../../src/database/database.ts";
import { databaseDrivers } from "../../../src/database/registry.ts";
import { PLAINEST } from "../plainest.ts";

export const never = new AbortController().signal;

const { postgres } = databaseDrivers;

/** The driver, as the config would make it. */
export function open(options: Record<string, unknown>): Database {
  return postgres.create(postgres.options.parse(options));
}

let made = 0;

/** Makes a new database and gives its name. */
export async function createDatabase(
  server: Server,
  sql = "",
  options = "TEMPLATE template0",
): Promise<string> {
  const name = `db-${(made += 1)}`;
  await server.query(`CREATE DATABASE "${name}" ${options}`);
  if (sql !== "") await server.query(sql, name);
  return name;
}

/** All that a database holds, as pg_dump writes it in plain text, without the line that is random. */
export async function print(server: Server, database: string): Promise<string> {
  const text = await runProgram([join(server.binDirectory, "pg_dump"), server.url(database)]);
  return text.replaceAll(/^\\(?:un)?restrict .*\n/gm, "");
}

/** A whole dump in memory. */
export async function dumpOf(database: Database): Promise<Bytes> {
  const dump = await database.dump(never);
  const bytes = await collect(dump.bytes, 1 << 28);
  await dump.report;
  return bytes;
}

/** The plainest restore. */
export const PLAN: RestorePlan = {
  kind: "pg-custom",
  tool: { name: "pg_dump", version: "15.1" },
  ...PLAINEST,
};

/** A bit of everything that a database can hold. */
export const EVERYTHING = `
  CREATE EXTENSION hstore;
  CREATE EXTENSION pg_trgm;
  CREATE SCHEMA "Größe, ""quoted"" ";
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE DOMAIN positive AS int CHECK (VALUE > 0);
  CREATE TABLE "Größe, ""quoted"" "."таблица" ("naïve col" text DEFAULT 'ü', m mood, p positive);
  INSERT INTO "Größe, ""quoted"" "."таблица" VALUES ('日本語', 'happy', 1), (E'tab\\t\\\\ new\\nline', 'sad', 2), (NULL, NULL, NULL);
  CREATE TABLE bytes (id int PRIMARY KEY, data bytea);
  INSERT INTO bytes SELECT g, decode(lpad(to_hex(g), 2, '0'), 'hex') FROM generate_series(0, 255) g;
  INSERT INTO bytes SELECT 256, string_agg(decode(lpad(to_hex(g), 2, '0'), 'hex'), '') FROM generate_series(0, 255) g;
  CREATE TABLE generated (id int GENERATED ALWAYS AS IDENTITY, a int, b int GENERATED ALWAYS AS (a * 2) STORED);
  INSERT INTO generated (a) SELECT generate_series(1, 1000);
  CREATE TABLE left_side (id int PRIMARY KEY, other int);
  CREATE TABLE right_side (id int PRIMARY KEY, other int REFERENCES left_side);
  INSERT INTO left_side VALUES (1, 1); INSERT INTO right_side VALUES (1, 1);
  ALTER TABLE left_side ADD FOREIGN KEY (other) REFERENCES right_side;
  CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree);
  INSERT INTO tree VALUES (1, 2), (2, 1);
  CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);
  CREATE TABLE parts_2026 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  INSERT INTO parts VALUES (1, '2026-05-05');
  CREATE TABLE tagged (tags hstore); INSERT INTO tagged VALUES ('a=>1, b=>NULL');
  CREATE INDEX ON "Größe, ""quoted"" "."таблица" USING gin ("naïve col" gin_trgm_ops);
  CREATE VIEW happy AS SELECT * FROM "Größe, ""quoted"" "."таблица" WHERE m = 'happy';
  CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM bytes;
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'COMMIT; no'; END $$;
  CREATE TRIGGER never BEFORE DELETE ON bytes EXECUTE FUNCTION refuse();
  CREATE PROCEDURE again() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
  CREATE SEQUENCE tickets START 7; SELECT nextval('tickets');
  ALTER TABLE tree ENABLE ROW LEVEL SECURITY;
  CREATE POLICY visible ON tree TO PUBLIC USING (id > 0);
  CREATE PUBLICATION news FOR TABLE tree;
  COMMENT ON TABLE tree IS 'it''s a tree';
  GRANT SELECT ON tree TO PUBLIC;
  ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
  SELECT lo_from_bytea(70001, 'small'), lo_from_bytea(70002, convert_to(repeat('large ', 100000), 'UTF8')), lo_from_bytea(70003, '');
  COMMENT ON LARGE OBJECT 70001 IS 'a note';
`;
