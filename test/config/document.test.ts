import { expect, test } from "bun:test";
import fc from "fast-check";
import { stringify } from "smol-toml";

import { type Document, SyntaxMistake } from "../../src/config/document.ts";
import { parseJson } from "../../src/config/json.ts";
import { parseToml } from "../../src/config/toml.ts";

const TOML = `# a comment with [brackets] and "quotes"
top = "a" # = [

[encryption]
recipients = [
  "one", # ]
  { path = "two", label = false },
  'thr"ee',
]
multi = """
a = 1
[x]
\\""" "" """
literal = '''
b = "'''
after.dotted."quoted.key" = 1

[[databases]]
name = "shop"

  [databases.options]
  deep = { a.b = [1, { c = 2 }], d = 1979-05-27 07:32:00 }

[[ "databases" ]]
name = "other"
[[databases.inner]]
x = 1
[[databases.inner]]
x = 2
`;

test.each<[(string | number)[], number | null]>([
  [["top"], 2],
  [["encryption"], 4],
  [["encryption", "recipients"], 5],
  [["encryption", "recipients", 0], 6],
  [["encryption", "recipients", 1], 7],
  [["encryption", "recipients", 1, "label"], 7],
  [["encryption", "recipients", 2], 8],
  [["encryption", "multi"], 10],
  [["encryption", "literal"], 14],
  [["encryption", "after", "dotted", "quoted.key"], 16],
  [["encryption", "unknown"], null],
  [["databases", 0], 18],
  [["databases", 0, "name"], 19],
  [["databases", 0, "options"], 21],
  [["databases", 0, "options", "deep", "a", "b", 1, "c"], 22],
  [["databases", 0, "options", "deep", "d"], 22],
  [["databases", 1], 24],
  [["databases", 1, "name"], 25],
  [["databases", 1, "inner", 0, "x"], 27],
  [["databases", 1, "inner", 1, "x"], 29],
  [["nothing"], null],
])("parseToml() knows that %j is on line %p", (path, line) => {
  expect(parseToml(TOML).lines.of(path)).toBe(line);
});

test("parseJson() knows the lines of nested values", () => {
  const { tree, lines } = parseJson('{\n "a": [\n  1,\n  {"b":\n null}\n ],\n "c": "\\u0041"\n}\n');
  expect(JSON.stringify(tree)).toBe(`{"a":[1,{"b":null}],"c":"A"}`);
  expect([["a"], ["a", 0], ["a", 1], ["a", 1, "b"], ["c"], ["x"]].map((path) => lines.of(path))).toEqual([
    2,
    3,
    4,
    5,
    7,
    null,
  ]);
});

test("parseJson() takes the control characters that JSON takes", () => {
  const text = '{"a": "\u007F\u0085\u009F"}';
  expect(parseJson(text).tree["a"]).toBe("\u007F\u0085\u009F");
  expect(() => parseJson('{"a": "\u001F"}')).toThrow("expected a value");
});

test.each<[string, number, string]>([
  ["", 1, "expected a value"],
  ["{\n  hunter2\n}", 2, 'expected a key in "…"'],
  ['{\n  "a": hunter2\n}', 2, "expected a value"],
  ['{\n  "a": 1\n  "b": 2\n}', 3, "expected a comma or }"],
  ['{\n  "a": 1,\n}', 3, 'expected a key in "…"'],
  ['{"a" 1}', 1, "expected a colon after a key"],
  ['{"a": [1 2]}', 1, "expected a comma or ]"],
  ['{"a": 01}', 1, "expected a comma or }"],
  ['{"a": "x\ny"}', 1, "expected a value"],
  ['{"a": 1} {', 1, "expected nothing more"],
  ['{"a": 1,\n"a": 2}', 2, 'the key "a" stands twice'],
  ["[]", 1, "expected an object: { … }"],
  ['"text"', 1, "expected an object: { … }"],
])("parseJson() refuses %j and shows the line, not the value", (text, line, message) => {
  expect(() => parseJson(text)).toThrow(expect.objectContaining({ line, message }));
});

test.each<[string, number]>([
  ['a = 1\npassword = "hunter2', 2],
  ['a = 1\n\npassword = hunter2 "x"', 3],
  ['password = "hunter2"\npassword = "hunter2"', 2],
  ["[a\nhunter2 = 1", 1],
])("parseToml() refuses %j and shows the line, not the value", (text, line) => {
  try {
    parseToml(text);
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof SyntaxMistake)) throw error;
    expect(error.line).toBe(line);
    expect(error.message).not.toContain("hunter2");
    expect(error.message).not.toContain("\n");
  }
});

const leaf = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.boolean(), fc.integer());
const keys = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "a.b", "x"));
const { table } = fc.letrec<{ table: Record<string, unknown>; value: unknown }>((tie) => ({
  table: fc.dictionary(keys, tie("value"), { maxKeys: 5 }),
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(leaf, { maxLength: 4 }),
    fc.array(tie("table"), { maxLength: 3, minLength: 1 }),
    tie("table"),
  ),
}));

test("parseJson() reads whatever JSON.stringify() writes", () => {
  fc.assert(
    fc.property(table, (value) => {
      const text = JSON.stringify(value, null, 2);
      expect(plain(parseJson(text).tree)).toBe(plain(JSON.parse(text)));
    }),
  );
});

test("parseJson() accepts only what JSON.parse() accepts", () => {
  const mutated = fc.tuple(
    table,
    fc.nat(),
    fc.constantFrom("", "{", "]", ",", '"', "0", "\\", "\n", "-", "e"),
  );
  fc.assert(
    fc.property(mutated, ([value, place, mark]) => {
      const text = JSON.stringify(value);
      const at = place % text.length;
      const broken = text.slice(0, at) + mark + text.slice(at + 1);
      if (accepts(() => parseJson(broken))) expect(() => JSON.parse(broken)).not.toThrow();
    }),
  );
});

test("both parsers find the line of every key", () => {
  const marked = fc.array(fc.tuple(keys, fc.array(fc.string(), { maxLength: 2 })), { maxLength: 5 });
  const documents = fc.array(marked, { minLength: 1, maxLength: 4 }).map((tables) => ({
    list: tables.map((pairs, row) =>
      Object.fromEntries(pairs.map(([key, values], column) => [`${key}!${row}.${column}`, values])),
    ),
  }));
  fc.assert(
    fc.property(documents, (document) => {
      expectLines(stringify(document), parseToml(stringify(document)), document);
      const json = JSON.stringify(document, null, 1);
      expectLines(json, parseJson(json), document);
    }),
  );
});

function expectLines(text: string, { lines }: Document, { list }: { list: readonly object[] }): void {
  for (const [row, table] of list.entries()) {
    for (const key of Object.keys(table)) {
      const line = text.split("\n")[(lines.of(["list", row, key]) ?? 0) - 1];
      expect(line).toContain(key.slice(key.lastIndexOf("!")));
    }
  }
}

function accepts(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (error instanceof SyntaxMistake) return false;
    throw error;
  }
}

/** All that can be compared, as a text: prototypes do not matter, `__proto__` does. */
function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plain).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}:${plain(each)}`)
    .join()}}`;
}
