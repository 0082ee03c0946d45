import type { Kept } from "../../../conformance/database/content.ts";
import { rows, sql } from "./engine.ts";

/** 40 MB that cannot be compressed much. */
export const NOISE = `
  CREATE TABLE noise (id INT PRIMARY KEY, data LONGTEXT);
  INSERT INTO noise SELECT seq, (SELECT GROUP_CONCAT(MD5(seq * 1000 + i.n) SEPARATOR '') FROM
    (WITH RECURSIVE i AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM i WHERE n < 320) SELECT n FROM i) i) FROM seq_1_to_4000;`;

const TABLE = "`Größe 'a' \"b\" ``c`` 日本 %\\`";
const COLUMN = "`naïve \"col``umn'`";

function kept(make: string, question: string, answer: string): Kept {
  return { outcome: "kept", make: sql(make), ask: rows(question), answer };
}

/** A block of statements, for the client's own parser. */
export function block(statement: string): string {
  return `DELIMITER ;;\n${statement};;\nDELIMITER ;\n`;
}

/** The rows that are about what a database can hold. */
export const content = {
  "an empty database": kept("SELECT 1", "SHOW TABLES", ""),
  "names with accents, quotes, backticks and spaces": {
    ...kept(
      `CREATE TABLE ${TABLE} (${COLUMN} VARCHAR(9) PRIMARY KEY, \`SELECT\` INT, KEY \`índex "i"\` (\`SELECT\`)) COMMENT 'it''s -- "a" /* note */';
       INSERT INTO ${TABLE} VALUES ('ё', 1); CREATE VIEW \`vi\`\`ew "v"\` AS SELECT * FROM ${TABLE}`,
      'SELECT `naïve "col``umn\'` FROM `vi``ew "v"`',
      "ё",
    ),
    name: "Größe \"shop\" 'a' `b` 日本 %\\=",
  },
  "binary data with every byte": kept(
    `SET SESSION group_concat_max_len = 10000000;
     CREATE TABLE bytes (a LONGBLOB, b VARBINARY(300), c BINARY(4), d BIT(64), e VARBINARY(300) DEFAULT x'00ff27');
     INSERT INTO bytes (a, b, c, d) SELECT data, data, x'00', b'1000000000000000000000000000000000000000000000000000000000000001' FROM
       (SELECT UNHEX(GROUP_CONCAT(LPAD(HEX(seq), 2, '0') ORDER BY seq SEPARATOR '')) AS data FROM seq_0_to_255) every;
     CREATE TABLE words (t LONGTEXT CHARACTER SET utf8mb4, l LONGTEXT CHARACTER SET latin1);
     INSERT INTO words SELECT GROUP_CONCAT(CHAR(seq USING utf8mb4) ORDER BY seq SEPARATOR ''), GROUP_CONCAT(CONVERT(CHAR(seq) USING latin1) ORDER BY seq SEPARATOR '') FROM seq_1_to_127;
     INSERT INTO words VALUES ('\\0 \\Z 日本 🦆 ''\\\\', 'é')`,
    "SELECT SHA2(a, 256), a = b, HEX(c), HEX(d), HEX(e) FROM bytes; SELECT MD5(t), HEX(l) = HEX(t), CHAR_LENGTH(t), HEX(RIGHT(t, 3)) FROM words ORDER BY LENGTH(t)",
    [
      "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880\t1\t00000000\t8000000000000001\t00FF27",
      "86189bf3685fb046300b57d9559ad0d0\t0\t11\t20275C",
      "ca927a2522f2e2d0c150c1e1a89139ce\t1\t127\t7D7E7F",
    ].join("\n"),
  ),
  NULLs: kept(
    `CREATE TABLE n (id INT PRIMARY KEY AUTO_INCREMENT, t VARCHAR(9) DEFAULT 'x', b BLOB, i INT, j JSON, ts TIMESTAMP NULL DEFAULT '2000-01-01');
     INSERT INTO n VALUES (1, NULL, NULL, NULL, NULL, NULL), (2, '', '', 0, 'null', '2001-01-01'), (3, 'NULL', x'00', 1, '[null]', NULL), (4, '\\\\N', NULL, NULL, '{}', NULL);
     SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; INSERT INTO n (id) VALUES (0)`,
    "SELECT id, t, t IS NULL, HEX(b), i, j, ts IS NULL FROM n ORDER BY id",
    [
      "0\tx\t0\tNULL\tNULL\tNULL\t0",
      "1\tNULL\t1\tNULL\tNULL\tNULL\t1",
      "2\t\t0\t\t0\tnull\t0",
      "3\tNULL\t0\t00\t1\t[null]\t1",
      "4\t\\N\t0\tNULL\tNULL\t{}\t1",
    ].join("\n"),
  ),
  "dates at the edges": kept(
    `SET sql_mode = '', time_zone = '+00:00';
     CREATE TABLE d (id INT PRIMARY KEY, d DATE, dt DATETIME(6), ts TIMESTAMP(6) NULL, t TIME(6), y YEAR);
     INSERT INTO d VALUES (1, '0000-00-00', '0000-00-00', '1970-01-01 00:00:01', '-838:59:59.999999', 1901),
       (2, '9999-12-31', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999999', '838:59:59.999999', 2155),
       (3, '2026-02-00', '2026-00-00', '0000-00-00', '00:00:00.000001', 0), (4, '1000-01-01', '2026-03-29 02:30:00', '2026-03-29 01:30:00', '-00:00:01', 2000)`,
    "SET time_zone = '+00:00'; SELECT * FROM d ORDER BY id",
    [
      "1\t0000-00-00\t0000-00-00 00:00:00.000000\t1970-01-01 00:00:01.000000\t-838:59:59.999999\t1901",
      "2\t9999-12-31\t9999-12-31 23:59:59.999999\t2038-01-19 03:14:07.999999\t838:59:59.999999\t2155",
      "3\t2026-02-00\t2026-00-00 00:00:00.000000\t0000-00-00 00:00:00.000000\t00:00:00.000001\t0000",
      "4\t1000-01-01\t2026-03-29 02:30:00.000000\t2026-03-29 01:30:00.000000\t-00:00:01.000000\t2000",
    ].join("\n"),
  ),
  "numbers at the edges": {
    ...kept(
      `CREATE TABLE i (id INT PRIMARY KEY, t TINYINT, b BIGINT, u BIGINT UNSIGNED, d DECIMAL(65, 30), f DOUBLE, g FLOAT);
     INSERT INTO i VALUES (1, -128, -9223372036854775808, 0, -99999999999999999999999999999999999.999999999999999999999999999999, -1.7976931348623157e308, -3.40282e38),
       (2, 127, 9223372036854775807, 18446744073709551615, 99999999999999999999999999999999999.999999999999999999999999999999, 1.7976931348623157e308, 3.40282e38),
       (3, 0, 0, 0, 0.000000000000000000000000000001, 2.2250738585072014e-308, 1.17549e-38), (4, 1, 1, 1, 1, 0.1e0 + 0.2e0, 0.1), (5, 1, 1, 1, 1, 5e-324, 123456)`,
      "SELECT * FROM i ORDER BY id",
      [
        "1\t-128\t-9223372036854775808\t0\t-99999999999999999999999999999999999.999999999999999999999999999999\t-1.7976931348623157e308\t-3.40282e38",
        "2\t127\t9223372036854775807\t18446744073709551615\t99999999999999999999999999999999999.999999999999999999999999999999\t1.7976931348623157e308\t3.40282e38",
        "3\t0\t0\t0\t0.000000000000000000000000000001\t2.2250738585072014e-308\t1.17549e-38",
        "4\t1\t1\t1\t1.000000000000000000000000000000\t0.30000000000000004\t0.1",
        "5\t1\t1\t1\t1.000000000000000000000000000000\t5e-324\t123456",
      ].join("\n"),
    ),
    outcome: "kept, FLOAT to six digits",
  },
  "views, and views on views": kept(
    `CREATE TABLE goods (id INT PRIMARY KEY, name VARCHAR(9), price INT); INSERT INTO goods VALUES (1, 'tea', 20), (2, 'jam', 5);
     CREATE VIEW zz AS SELECT id, name, price * 2 AS twice FROM goods WITH CASCADED CHECK OPTION;
     CREATE ALGORITHM = TEMPTABLE SQL SECURITY INVOKER VIEW aa AS SELECT * FROM zz WHERE twice > 20;
     CREATE VIEW mm AS SELECT name, (SELECT COUNT(*) FROM zz) AS n FROM aa`,
    "SELECT * FROM mm",
    "tea\t2",
  ),
  routines: kept(
    `CREATE TABLE notes (t VARCHAR(99)); SET NAMES utf8mb4;
     ${block("CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC BEGIN IF n > 1000 THEN RETURN 0; END IF; RETURN n * 2; END")}
     ${block("CREATE PROCEDURE `no``te`(IN t VARCHAR(9), OUT n INT) COMMENT 'it''s; -- one' BEGIN INSERT INTO notes VALUES (CONCAT(t, ' é ;; */')); SET n = ROW_COUNT(); END")}
     ${block("CREATE EVENT later ON SCHEDULE EVERY 1 YEAR STARTS '2030-01-01' DO BEGIN INSERT INTO notes VALUES ('event'); END")}
     CREATE VIEW v AS SELECT twice(21) AS n; GRANT EXECUTE ON FUNCTION twice TO backup@'%'; CALL \`no\`\`te\`('x', @n)`,
    "SELECT n, t, (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()), (SELECT GROUP_CONCAT(STATUS) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()) FROM v, notes",
    "42\tx é ;; */\t2\tENABLED",
  ),
  triggers: kept(
    `CREATE TABLE t (a INT); CREATE TABLE log (a INT);
     ${block("CREATE TRIGGER `on insert` BEFORE INSERT ON t FOR EACH ROW BEGIN INSERT INTO log VALUES (NEW.a); SET NEW.a = NEW.a + 1; END")}
     ${block("CREATE TRIGGER later AFTER INSERT ON t FOR EACH ROW FOLLOWS `on insert` INSERT INTO log VALUES (-NEW.a)").replace("FOLLOWS `on insert` ", "")}
     INSERT INTO t VALUES (1), (2)`,
    "SELECT GROUP_CONCAT(a ORDER BY a), (SELECT COUNT(*) FROM t), (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()) FROM log",
    "-3,-2,1,2\t2\t2",
  ),
  "generated columns": kept(
    `CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b INT AS (a * 2) STORED, c INT AS (a * 3) VIRTUAL, UNIQUE (c)) AUTO_INCREMENT = 7;
     INSERT INTO t (a) VALUES (1), (2)`,
    "SELECT GROUP_CONCAT(CONCAT_WS('-', id, b, c) ORDER BY id) FROM t; SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
    "7-2-3,8-4-6\n9",
  ),
  "foreign keys in a circle": kept(
    `CREATE TABLE b (id INT PRIMARY KEY, a INT NOT NULL); CREATE TABLE a (id INT PRIMARY KEY, b INT NOT NULL, FOREIGN KEY (b) REFERENCES b (id));
     SET foreign_key_checks = 0; INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1);
     ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a (id); CREATE TABLE tree (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES tree (id));
     INSERT INTO tree VALUES (1, 2), (2, 1)`,
    "SELECT COUNT(*), (SELECT COUNT(*) FROM tree), (SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()) FROM a JOIN b ON a.b = b.id AND b.a = a.id",
    "1\t2\t3",
  ),
  "a value of 100 MB": {
    ...kept(
      `SET SESSION group_concat_max_len = 10000000; CREATE TABLE big (data LONGBLOB);
       INSERT INTO big SELECT REPEAT(UNHEX(GROUP_CONCAT(LPAD(HEX(seq), 2, '0') ORDER BY seq SEPARATOR '')), 409600) FROM seq_0_to_255`,
      "SELECT LENGTH(data), MD5(data) FROM big",
      "104857600\t14d349e71547488a2a21c99115a3260d",
    ),
    whole: false,
  },
  "10,000 tables": {
    ...kept(
      block(
        "FOR i IN 1..10000 DO EXECUTE IMMEDIATE CONCAT('CREATE TABLE t', i, ' AS SELECT ', i, ' AS id'); END FOR",
      ),
      "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
      "10000",
    ),
    whole: false,
  },
} satisfies Record<string, Kept>;
