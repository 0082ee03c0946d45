import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8, type Bytes } from "../../../src/base/bytes.ts";
import { SqlWatch } from "../../../src/database/mysql/sql-watch.ts";

const END = "-- Dump completed\n";

/** Lets a watch see a text in pieces of these lengths, over and over. */
function watch(text: string, lengths: readonly number[] = [text.length]): SqlWatch {
  const bytes: Bytes = utf8(text);
  const seen = new SqlWatch();
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    seen.see(bytes.slice(at, at + length));
    at += length;
  }
  return seen;
}

/** A text as the dump programs escape it. */
function escape(text: string): string {
  const escaped = text.replaceAll(
    /[\\'"\n\r\0]/g,
    (char) => `\\${{ "\n": "n", "\r": "r", "\0": "0" }[char] ?? char}`,
  );
  return `'${escaped}'`;
}

const value = fc.oneof(
  fc
    .string({ unit: fc.constantFrom("'", "\\", "(", ")", ",", ";", "\n", '"', "`", "x", "é", "V") })
    .map(escape),
  fc.constantFrom("NULL", "0x28", "-1.5e10", "_binary ''"),
);
const row = fc.array(value, { minLength: 1, maxLength: 4 }).map((values) => `(${values.join(",")})`);
const name = fc.string({
  unit: fc.constantFrom("`", "(", "V", "'", "é", " ", ";"),
  minLength: 1,
  maxLength: 64,
});
const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

/** How each product puts rows into a statement. */
const FORMS: Readonly<Record<string, (head: string, rows: readonly string[]) => string>> = {
  MySQL: (head, rows) => `${head} VALUES ${rows.join(",")};\n`,
  MariaDB: (head, rows) => `${head} VALUES\n${rows.join(",\n")};\n`,
  "MariaDB with columns": (head, rows) => `${head} (\`a\`, \`V(\`\`\`) VALUES ${rows.join(",\n")};\n`,
};

describe.each(Object.keys(FORMS))("SqlWatch counts rows as %s writes them", (product) => {
  test("whatever they hold, and however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, fc.array(row, { minLength: 1, maxLength: 9 })), {
          selector: ([table]) => table,
          maxLength: 4,
        }),
        pieces,
        (tables, lengths) => {
          const text = tables.map(([table, rows]) => {
            const quoted = `\`${table.replaceAll("`", "``")}\``;
            const insert = FORMS[product]?.(`INSERT INTO ${quoted}`, rows) ?? "";
            return `CREATE TABLE ${quoted} (\n  \`a\` int\n)\n(PARTITION \`p\` VALUES LESS THAN (1));\n${insert}${insert}`;
          });
          const seen = watch(text.join("\n") + END, lengths);
          expect([...seen.rows]).toEqual(tables.map(([table, rows]) => [table, 2 * rows.length]));
          seen.end();
        },
      ),
    );
  });
});

test("SqlWatch sees no tables in the bodies of routines", () => {
  const body = "BEGIN\nCREATE TABLE `x` (a int);\nINSERT INTO `x` VALUES (1);\nEND";
  const text = `DELIMITER ;;\nCREATE PROCEDURE p() ${body} ;;\nDELIMITER ;\nCREATE TABLE \`y\` (\n);\n${END}`;
  for (const lengths of [[1], [3, 5], [1000]]) expect([...watch(text, lengths).rows]).toEqual([["y", 0]]);
});

test("SqlWatch finds the log's position", () => {
  const line = "-- CHANGE MASTER TO MASTER_LOG_FILE='bin.000007', MASTER_LOG_POS=4711;\n";
  expect(watch(`${line}${END}`, [7]).logPosition).toBe("bin.000007:4711");
  expect(watch(END).logPosition).toBeNull();
});

test.each([
  ["", false],
  [END, true],
  ["-- Dump completed on 2026-11-23 17:51:22\n", true],
  ["x\n-- Dump completed\n\n", true],
  ["-- Dump complete", false],
  [`${END}x\n`, false],
  ["INSERT INTO `a` VALUES ('\\n-- Dump completed", false],
  [`x ${END}`, false],
])("SqlWatch.end() judges a dump that ends with %j", (text, isWhole) => {
  for (const lengths of [[1], [1000]]) {
    const judge = () => watch(`${"y".repeat(500)}\n${text}`, lengths).end();
    if (isWhole) judge();
    else expect(judge).toThrow("without the line that says that it is complete");
  }
});
