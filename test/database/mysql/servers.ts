import type { MysqlServer } from "../../../scripts/services/mysql.ts";
import { runProgram } from "../../../scripts/services/service.ts";
import { collect, type Bytes } from "../../../src/base/bytes.ts";
import type { Database, Dump, DumpReport, RestorePlan } from "../../../src/database/database.ts";
import { databaseDrivers } from "../../../src/database/registry.ts";
import { leastRole } from "../least-role.ts";
import { PLAINEST } from "../plainest.ts";

export const never = new AbortController().signal;

const { mysql } = databaseDrivers;

/** The driver, as the config would make it. */
export function open(options: Record<string, unknown>): Database {
  return mysql.create(mysql.options.parse(options));
}

let made = 0;

/** Makes a new database and gives its name. */
export async function createDatabase(server: MysqlServer, sql = ""): Promise<string> {
  const name = `db_${(made += 1)}`;
  await server.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  if (sql !== "") await server.query(sql, name);
  return name;
}

export const PASSWORD = 'se\'cr\\et # "x" ü';

/** The options of the least role of the documentation, which may dump `database` only. */
export async function leastIn(server: MysqlServer, database: string): Promise<Record<string, unknown>> {
  const username = `backup_${database}`;
  await server.query(await leastRole("mysql", { shop: database, backup: username }));
  const password = PASSWORD.replaceAll("\\", "\\\\").replaceAll("'", "''");
  await server.query(`ALTER USER ${username}@'%' IDENTIFIED BY '${password}'`);
  return { host: server.host, port: server.port, username, password: PASSWORD, database };
}

/** The options of the superuser. */
export function rootIn(server: MysqlServer, database: string): Record<string, unknown> {
  return { socket: server.socket, username: server.superuser, database };
}

/** All that a database holds, as the dump program writes it. */
export async function print(server: MysqlServer, database: string): Promise<string> {
  const who = ["--no-defaults", `--socket=${server.socket}`, `--user=${server.superuser}`];
  const what = [
    "--routines",
    "--events",
    "--hex-blob",
    "--dump-history",
    "--skip-comments",
    "--order-by-primary",
  ];
  return runProgram(["mariadb-dump", ...who, ...what, database]);
}

/** A whole dump in memory, and what is known of it. */
export async function dumpOf(
  database: Database,
): Promise<{ bytes: Bytes; report: DumpReport; details: Dump["details"] }> {
  const dump = await database.dump(never);
  const bytes = await collect(dump.bytes, 1 << 28);
  return { bytes, report: await dump.report, details: dump.details };
}

/** The plainest restore. */
export const PLAN: RestorePlan = {
  kind: "sql",
  tool: { name: "mariadb-dump", version: "10.11.6" },
  ...PLAINEST,
};

/** A bit of everything that a database of MariaDB can hold. */
export const EVERYTHING = `
  SET sql_mode = '', timestamp = 1700000000;
  CREATE TABLE \`Größe, "quoted" \`\`tick\`\` '\` (\`naïve col\` varchar(100) DEFAULT 'ü', id int PRIMARY KEY AUTO_INCREMENT) COMMENT 'a
INSERT INTO \`x\` VALUES (1)';
  INSERT INTO \`Größe, "quoted" \`\`tick\`\` '\` (\`naïve col\`) VALUES ('日本語 😀'), ('tab\\t),( \\\\'' new\\nline ;'), (NULL), ('-- Dump completed');
  CREATE TABLE bytes (id int PRIMARY KEY, b blob, v varbinary(300), t bit(7));
  INSERT INTO bytes SELECT seq, unhex(lpad(hex(seq), 2, '0')), unhex(lpad(hex(seq), 2, '0')), seq % 128 FROM seq_0_to_255;
  INSERT INTO bytes SELECT 256, group_concat(b ORDER BY id SEPARATOR ''), NULL, NULL FROM bytes;
  CREATE TABLE edges (id int PRIMARY KEY, ts timestamp NULL, dt datetime(6), da date, t time, y year, i bigint, u bigint unsigned,
    d double, de decimal(65,30), j json, e enum('a','''b'), s set('x','y'), g geometry, ip inet6, uu uuid);
  INSERT INTO edges VALUES (1, '1970-01-01 00:00:01', '9999-12-31 23:59:59.999999', '0000-00-00', '838:59:59', 2155, -9223372036854775808, 18446744073709551615,
    1.7976931348623157e308, 99999999999999999999999999999999999.999999999999999999999999999999, '{"a": "),("}', '''b', 'x,y', POINT(1, 2), '::1', '123e4567-e89b-12d3-a456-426655440000'),
    (2, '2038-01-19 03:14:07', '1000-01-01', '9999-12-31', '-838:59:59', 1901, 9223372036854775807, 0, 2.2250738585072014e-308, -0.000000000000000000000000000001, 'null', 'a', '', NULL, NULL, NULL),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
  CREATE TABLE generated (a int, b int AS (a * 2) STORED, c int AS (a + 1) VIRTUAL, hidden int INVISIBLE DEFAULT 5);
  INSERT INTO generated (a) VALUES (1), (2), (3);
  CREATE TABLE left_side (id int PRIMARY KEY, other int);
  CREATE TABLE right_side (id int PRIMARY KEY, other int, FOREIGN KEY (other) REFERENCES left_side (id));
  INSERT INTO left_side VALUES (1, 1); INSERT INTO right_side VALUES (1, 1);
  ALTER TABLE left_side ADD FOREIGN KEY (other) REFERENCES right_side (id);
  CREATE TABLE versioned (a int PRIMARY KEY) WITH SYSTEM VERSIONING;
  INSERT INTO versioned VALUES (1); SET timestamp = 1700000001; UPDATE versioned SET a = 2; SET timestamp = 1700000002; DELETE FROM versioned;
  CREATE TABLE parts (id int, at date) PARTITION BY RANGE (year(at)) (PARTITION p0 VALUES LESS THAN (2026), PARTITION p1 VALUES LESS THAN MAXVALUE);
  INSERT INTO parts VALUES (1, '2025-01-01'), (2, '2026-02-02');
  CREATE TABLE empty (id int);
  CREATE SEQUENCE tickets START WITH 7 INCREMENT BY 3; SELECT nextval(tickets);
  CREATE VIEW first_view AS SELECT id, hex(b) AS h FROM bytes WHERE id < 3;
  CREATE SQL SECURITY INVOKER VIEW second_view AS SELECT * FROM first_view;
  DELIMITER //
  CREATE PROCEDURE make_table() BEGIN
CREATE TABLE IF NOT EXISTS foo (a int);
INSERT INTO \`foo\` VALUES (1),(2);
-- Dump completed
END//
  CREATE FUNCTION twice(x int) RETURNS int DETERMINISTIC RETURN x * 2//
  CREATE TRIGGER positive BEFORE INSERT ON generated FOR EACH ROW BEGIN SET NEW.a = abs(NEW.a); END//
  CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DELETE FROM generated WHERE a < 0//
  SET sql_mode = 'ORACLE'//
  CREATE PACKAGE pack AS FUNCTION f RETURN INT; END//
  CREATE PACKAGE BODY pack AS FUNCTION f RETURN INT AS BEGIN RETURN 1; END; END//
  DELIMITER ;
`;

/** How many rows each table of it has. */
export const ROWS = {
  'Größe, "quoted" `tick` \'': 4,
  bytes: 257,
  edges: 3,
  empty: 0,
  generated: 3,
  left_side: 1,
  parts: 2,
  right_side: 1,
  versioned: 2,
};
