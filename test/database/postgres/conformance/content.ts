import type { Kept } from "../../../conformance/database/content.ts";
import { rows, sql } from "./engine.ts";

/** 40 MB that cannot be compressed much. */
export const NOISE = `
  CREATE TABLE noise AS
  SELECT g AS id, (SELECT string_agg(md5(g::text || i::text), '') FROM generate_series(1, 320) i) AS data
  FROM generate_series(1, 4000) g;`;

/** More tables than a server with default settings can lock, each with a row. */
export const MANY = `
  DO $$ BEGIN
    FOR i IN 1..10000 LOOP EXECUTE format('CREATE TABLE t%s AS SELECT %s AS id', i, i); END LOOP;
  END $$;`;

/** Looks into each of them. */
export const COUNT_MANY = `
  SELECT count(*), sum((xpath('/row/id/text()', query_to_xml('SELECT id FROM ' || oid::regclass, false, true, '')))[1]::text::int)
  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`;

const TABLE = `"Größe 'a' ""b"" \`c\` 日本 %\\"`;
const COLUMN = `"naïve ""col\`umn' "`;

function kept(make: string, question: string, answer: string): Kept {
  return { outcome: "kept", make: sql(make), ask: rows(question), answer };
}

/** The rows that are about what a database can hold. */
export const content = {
  "an empty database": kept("SELECT 1", "SELECT count(*) FROM pg_class WHERE oid >= 16384", "0"),
  "names with accents, quotes, backticks and spaces": {
    ...kept(
      `CREATE SCHEMA "Schéma ""x"" 'y'"; SET search_path = "Schéma ""x"" 'y'";
       CREATE TABLE ${TABLE} (${COLUMN} text PRIMARY KEY, "SELECT" int); INSERT INTO ${TABLE} VALUES ('ё', 1);
       CREATE INDEX "índex ""i""" ON ${TABLE} ("SELECT"); CREATE SEQUENCE "sé ""quence"""`,
      `SELECT ${COLUMN} FROM "Schéma ""x"" 'y'".${TABLE}`,
      "ё",
    ),
    name: `Größe "shop" 'a' \`b\` 日本 %\\=`,
  },
  "binary data with every byte": kept(
    `CREATE TABLE bytes AS SELECT string_agg(set_byte('\\x00', 0, g), '' ORDER BY g) AS data FROM generate_series(0, 255) g;
     CREATE TABLE words AS SELECT string_agg(chr(g), '' ORDER BY g) AS data FROM generate_series(1, 1000) g`,
    "SELECT encode(sha256(b.data), 'hex'), md5(w.data), length(w.data) FROM bytes b, words w",
    "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880|03c9249de151b3b028ecce2b95847b8f|1000",
  ),
  NULLs: kept(
    `CREATE TABLE n (id int, t text DEFAULT 'x', b bytea, i int, a text[], j jsonb);
     INSERT INTO n VALUES (1, NULL, NULL, NULL, NULL, NULL), (2, '', '', 0, '{}', 'null'), (3, E'\\\\N', '\\x00', -0, '{NULL,"NULL",""}', '[null]'), (4, 'NULL', NULL, 1, NULL, '{}')`,
    "SELECT id, t IS NULL, t, b IS NULL, i, a, j FROM n ORDER BY id",
    ["1|t||t|||", "2|f||f|0|{}|null", '3|f|\\N|f|0|{NULL,"NULL",""}|[null]', "4|f|NULL|t|1||{}"].join("\n"),
  ),
  "dates at the edges": kept(
    `CREATE TABLE d (id int, d date, ts timestamp, tz timestamptz, t time, i interval);
     INSERT INTO d VALUES (1, '4713-01-01 BC', '4713-01-01 00:00:00 BC', '4713-01-02 00:00:00+00 BC', '00:00', '-178000000 years'),
       (2, '5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '24:00', '178000000 years'),
       (3, 'infinity', 'infinity', '-infinity', '23:59:59.999999', '1 mon -1 day +00:00:00.000001'),
       (4, '0001-01-01', '1969-12-31 23:59:59.999999', '2016-12-31 23:59:60+00', '12:00', '0');
     DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET DateStyle = ''SQL, DMY''', current_database()); END $$`,
    "SET DateStyle = ISO; SET TimeZone = 'UTC'; SELECT * FROM d ORDER BY id",
    [
      "1|4713-01-01 BC|4713-01-01 00:00:00 BC|4713-01-02 00:00:00+00 BC|00:00:00|-178000000 years",
      "2|5874897-12-31|294276-12-31 23:59:59.999999|294276-12-31 23:59:59.999999+00|24:00:00|178000000 years",
      "3|infinity|infinity|-infinity|23:59:59.999999|1 mon -1 days +00:00:00.000001",
      "4|0001-01-01|1969-12-31 23:59:59.999999|2017-01-01 00:00:00+00|12:00:00|00:00:00",
    ].join("\n"),
  ),
  "numbers at the edges": kept(
    `CREATE TABLE i (s smallint, i int, b bigint, n numeric);
     INSERT INTO i VALUES (-32768, -2147483648, -9223372036854775808, 'NaN'), (32767, 2147483647, 9223372036854775807, '1e-16383'), (0, 0, 0, 10::numeric ^ 131071), (1, 1, 1, '12345678901234567890.09876543210987654321');
     CREATE TABLE f (id int, r real, d double precision);
     INSERT INTO f VALUES (1, 'NaN', 'NaN'), (2, 'Infinity', '-Infinity'), (3, '-0', '-0'), (4, '1e-45', '5e-324'), (5, '3.4028235e38', '1.7976931348623157e308'), (6, 0.1, 0.1::float8 + 0.2)`,
    `SELECT string_agg(encode(float4send(r) || float8send(d), 'hex'), ' ' ORDER BY id) FROM f;
     SELECT s, i, b, CASE WHEN length(n::text) < 99 THEN n::text ELSE length(n::text)::text END FROM i ORDER BY s`,
    [
      "7fc000007ff8000000000000 7f800000fff0000000000000 800000008000000000000000 000000010000000000000001 7f7fffff7fefffffffffffff 3dcccccd3fd3333333333334",
      "-32768|-2147483648|-9223372036854775808|NaN",
      "0|0|0|131089",
      "1|1|1|12345678901234567890.09876543210987654321",
      "32767|2147483647|9223372036854775807|16385",
    ].join("\n"),
  ),
  "views, and views on views": kept(
    `CREATE TABLE goods (id int PRIMARY KEY, name text, price int); INSERT INTO goods VALUES (1, 'tea', 20), (2, 'jam', 5);
     CREATE VIEW zz AS SELECT id, name, price * 2 AS twice FROM goods WITH LOCAL CHECK OPTION; CREATE VIEW aa WITH (security_barrier) AS SELECT * FROM zz WHERE twice > 20;
     CREATE VIEW grouped AS SELECT * FROM goods GROUP BY id;
     CREATE RECURSIVE VIEW count_up (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM count_up WHERE n < 5;
     CREATE MATERIALIZED VIEW sums AS SELECT sum(twice) AS s FROM aa; CREATE UNIQUE INDEX ON sums (s)`,
    "SELECT name, s, (SELECT max(n) FROM count_up), (SELECT count(*) FROM grouped) FROM aa, sums",
    "tea|40|5|2",
  ),
  routines: kept(
    `CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
     CREATE FUNCTION quoting(text) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RETURN 'it''s $$ ' || $1 || E' \\\\.\\n; COMMIT;'; END $f$;
     CREATE FUNCTION atomic(int) RETURNS int BEGIN ATOMIC SELECT twice($1) + 1; END;
     CREATE PROCEDURE note(t text) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO notes VALUES (t); COMMIT; END $$;
     CREATE AGGREGATE longest(text) (SFUNC = 'textcat', STYPE = text, INITCOND = '');
     CREATE TABLE notes (t text DEFAULT quoting('x'), n int CHECK (twice(n) > 0)); INSERT INTO notes (n) VALUES (3)`,
    "SELECT quoting('y') = replace(t, 'x', 'y'), atomic(n), longest(t) = t, (SELECT count(*) FROM pg_proc WHERE proname = 'note') FROM notes GROUP BY t, n",
    "t|7|t|1",
  ),
  triggers: kept(
    `CREATE TABLE t (a int); CREATE TABLE log (a int);
     CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (new.a); RETURN new; END $$;
     CREATE TRIGGER "on insert" BEFORE INSERT ON t FOR EACH ROW WHEN (new.a > 1) EXECUTE FUNCTION keep();
     CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep();
     CREATE TRIGGER off BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION keep(); ALTER TABLE t DISABLE TRIGGER off;
     INSERT INTO t VALUES (1), (2)`,
    "SELECT count(*), (SELECT string_agg(tgname || tgenabled::text, ' ' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal) FROM log",
    "3|lateO offD on insertO",
  ),
  "generated columns": kept(
    `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (START 7), a int, b int GENERATED ALWAYS AS (a * 2) STORED);
     INSERT INTO t (a) VALUES (1), (2)`,
    "SELECT string_agg(id || '-' || b, ' ' ORDER BY id), (SELECT last_value FROM t_id_seq) FROM t",
    "7-2 8-4|8",
  ),
  "foreign keys in a circle": kept(
    `CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a);
     ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
     CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree);
     INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1); INSERT INTO tree VALUES (1, 2), (2, 1)`,
    "SELECT count(*), (SELECT count(*) FROM tree), (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated) FROM a JOIN b ON a.b = b.id AND b.a = a.id",
    "1|2|3",
  ),
  "a value of 100 MB": {
    ...kept(
      `CREATE TABLE big (data bytea); ALTER TABLE big ALTER data SET STORAGE EXTERNAL;
       INSERT INTO big SELECT decode(repeat(string_agg(lpad(to_hex(g), 2, '0'), ''), 409600), 'hex') FROM generate_series(0, 255) g`,
      "SELECT length(data), md5(data) FROM big",
      "104857600|14d349e71547488a2a21c99115a3260d",
    ),
    whole: false,
  },
} satisfies Record<string, Kept>;
