import { expect, test } from "bun:test";
import fc from "fast-check";
import { nameIn, splitScript } from "../../../src/database/postgres/globals-script.ts";
import { identifier, literal } from "../../../src/database/postgres/psql.ts";
import { errorOf } from "../../conformance/sample.ts";

const HEAD = "--\n-- Roles; \"of 'all\n--\n\n\\restrict a1B2\n\n";
const END = "\\unrestrict a1B2\n\n--\n-- PostgreSQL database cluster dump complete\n--\n\n";

/** Text as it comes from the program: a character for each byte. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}

test("splitScript() gives statements without comments, and leaves out what restricts psql", () => {
  const script = `${HEAD}CREATE ROLE a;\nALTER ROLE a WITH\n LOGIN PASSWORD 'x;--''y'; COMMENT ON ROLE a IS E'\\\\'';';\n${END}`;
  expect(splitScript(script)).toEqual([
    { text: "CREATE ROLE a;", words: ["CREATE", "ROLE", "a"] },
    {
      text: "ALTER ROLE a WITH\n LOGIN PASSWORD 'x;--''y';",
      words: ["ALTER", "ROLE", "a", "WITH", "LOGIN", "PASSWORD", "'x;--''y'"],
    },
    { text: "COMMENT ON ROLE a IS E'\\\\'';';", words: ["COMMENT", "ON", "ROLE", "a", "IS", "E'\\\\'';'"] },
  ]);
});

test("splitScript() reads every name and every text as it was quoted", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(text, text, (name, comment) => {
      const statement = bytesOf(`COMMENT ON ROLE ${identifier(name)} IS ${literal(comment)};`);
      const [split, ...more] = splitScript(`${HEAD}${statement}\n${END}`);
      expect(split?.text).toBe(statement);
      expect(nameIn(split?.words[3])).toBe(Buffer.from(bytesOf(name), "latin1").toString());
      expect([split?.words[5], more]).toEqual([bytesOf(literal(comment)), []]);
    }),
  );
});

test.each([
  "\\! id\n",
  "CREATE ROLE a \\! id\n;",
  "CREATE ROLE a\n\\restrict x\n;",
  "CREATE ROLE :variable;",
  "CREATE ROLE `id`;",
  "CREATE ROLE a",
  'CREATE ROLE "a;',
  "COMMENT ON ROLE a IS 'a;",
])("splitScript() refuses %j", async (script) => {
  const failure = await errorOf((async () => splitScript(script))());
  expect(failure.kind).toBe("damaged");
});
