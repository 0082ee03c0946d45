import type { Kept } from "../../../conformance/database/content.ts";
import { rows, sql } from "./engine.ts";

/** 40 MB that cannot be compressed. */
export const NOISE = `
  CREATE TABLE noise (id INTEGER PRIMARY KEY, data BLOB);
  WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 40)
  INSERT INTO noise SELECT id, randomblob(1000000) FROM n;`;

const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join("");
const VIEWS = "CREATE VIEW v AS SELECT a * 2 AS b FROM t; CREATE VIEW w AS SELECT b + 1 AS c FROM v;";

function kept(make: string, question: string, answer: unknown): Kept {
  return { outcome: "kept", make: sql(make), ask: rows(question), answer: JSON.stringify(answer) };
}

/** The rows that are about what a file can hold. */
export const content = {
  "an empty database": kept("VACUUM", "SELECT count(*) FROM sqlite_schema", [[0]]),
  "names with accents, quotes, backticks and spaces": {
    ...kept(
      'CREATE TABLE "Größe \'a\' ""b"" `c` 日本 %" ("naïve ""col`umn" TEXT); INSERT INTO "Größe \'a\' ""b"" `c` 日本 %" VALUES (\'ё\')',
      'SELECT "naïve ""col`umn" FROM "Größe \'a\' ""b"" `c` 日本 %"',
      [["ё"]],
    ),
    name: "Größe 'a' \"b\" `c` 日本 %?#.db",
  },
  "binary data with every byte": kept(
    `CREATE TABLE t (data BLOB, words TEXT); INSERT INTO t VALUES (x'${ALL_BYTES}', char(1, 9, 10, 13, 92, 127, 39, 34, 55357))`,
    "SELECT hex(data), hex(words) FROM t",
    [[ALL_BYTES.toUpperCase(), "01090A0D5C7F2722EDA0BD"]],
  ),
  NULLs: kept(
    "CREATE TABLE t (a, b TEXT DEFAULT 'x', c BLOB); INSERT INTO t VALUES (NULL, NULL, NULL), ('', '', x''), ('NULL', '\\N', x'00')",
    "SELECT a, b, typeof(c), length(c) FROM t",
    [
      [null, null, "null", null],
      ["", "", "blob", 0],
      ["NULL", "\\N", "blob", 1],
    ],
  ),
  "dates at the edges": kept(
    "CREATE TABLE t (text TEXT, julian REAL, unix INTEGER); INSERT INTO t VALUES ('0000-01-01', julianday('0000-01-01'), unixepoch('0000-01-01')), ('9999-12-31 23:59:59.999', julianday('9999-12-31 23:59:59.999'), unixepoch('9999-12-31 23:59:59')), ('2016-12-31T23:59:60Z', 0, -1)",
    "SELECT text, datetime(julian), date(unix, 'unixepoch') FROM t",
    [
      ["0000-01-01", "0000-01-01 00:00:00", "0000-01-01"],
      ["9999-12-31 23:59:59.999", "9999-12-31 23:59:59", "9999-12-31"],
      ["2016-12-31T23:59:60Z", "-4713-11-24 12:00:00", "1969-12-31"],
    ],
  ),
  "numbers at the edges": kept(
    "CREATE TABLE t (n); INSERT INTO t VALUES (9223372036854775807), (-9223372036854775808), (1.7976931348623157e308), (5e-324), (9e999), (-9e999), (0.1 + 0.2), (9e999 - 9e999)",
    "SELECT typeof(n), quote(n) FROM t",
    [
      ["integer", "9223372036854775807"],
      ["integer", "-9223372036854775808"],
      ["real", "1.7976931348623157e+308"],
      ["real", "4.9406564584124654e-324"],
      ["real", "9.0e+999"],
      ["real", "-9.0e+999"],
      ["real", "0.30000000000000004"],
      ["null", "NULL"],
    ],
  ),
  "views, and views on views": kept(
    `CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (20); ${VIEWS}`,
    "SELECT c FROM w",
    [[41]],
  ),
  routines: { outcome: "–", reason: "SQLite keeps no routines in a file" },
  triggers: kept(
    "CREATE TABLE t (a INTEGER); CREATE TABLE log (a INTEGER); CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END; INSERT INTO t VALUES (1), (2)",
    "SELECT (SELECT count(*) FROM log), (SELECT sql LIKE 'CREATE TRIGGER%' FROM sqlite_schema WHERE name = 'r')",
    [[2, 1]],
  ),
  "generated columns": kept(
    "CREATE TABLE t (a INTEGER, b INTEGER AS (a * 2) STORED, c INTEGER AS (a * 3) VIRTUAL); INSERT INTO t (a) VALUES (7)",
    "SELECT * FROM t",
    [[7, 14, 21]],
  ),
  "foreign keys in a circle": kept(
    "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b DEFERRABLE INITIALLY DEFERRED); CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a); PRAGMA foreign_keys = ON; BEGIN; INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1); COMMIT",
    "SELECT a.id, b.id, (SELECT count(*) FROM pragma_foreign_key_check) FROM a JOIN b ON a.b = b.id AND b.a = a.id",
    [[1, 1, 0]],
  ),
  "a value of 100 MB": {
    outcome: "kept",
    make: sql(`CREATE TABLE t (data BLOB); INSERT INTO t VALUES (randomblob(104857600))`),
    ask: rows("SELECT typeof(data), length(data) FROM t"),
    answer: '[["blob",104857600]]',
  },
  "10,000 tables": kept(
    `BEGIN; ${Array.from({ length: 10_000 }, (_, at) => `CREATE TABLE t${at} (a)`).join(";")}; COMMIT`,
    "SELECT count(*), min(name), max(name) FROM sqlite_schema",
    [[10_000, "t0", "t9999"]],
  ),
} as const satisfies Record<string, Kept | { outcome: "–"; reason: string }>;
