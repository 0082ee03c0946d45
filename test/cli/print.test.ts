import { expect, test } from "bun:test";
import fc from "fast-check";

import { DbackedError, Interrupted } from "../../src/base/error.ts";
import { printError, printErrorJson } from "../../src/cli/print/error.ts";
import { type Counts, Meter } from "../../src/cli/print/progress.ts";
import { printTable } from "../../src/cli/print/table.ts";
import { cut, printable } from "../../src/cli/print/text.ts";

const plain = { width: null, colour: false };
const columns = [{ title: "DATABASE" }, { title: "ROWS", side: "right" as const }, { title: "STORE" }];

test("printTable() aligns words on the left and numbers on the right", () => {
  const rows = [
    ["shop", "12", "s3"],
    ["a-much-longer-name", "1234567", "folder"],
  ];
  expect(printTable(columns, rows, plain)).toBe(
    [
      "DATABASE               ROWS  STORE",
      "shop                     12  s3",
      "a-much-longer-name  1234567  folder",
    ].join("\n"),
  );
});

test("printTable() counts wide characters as a terminal does", () => {
  const rows = [
    ["店舗", "1", "x"],
    ["é", "2", "x"],
  ];
  expect(printTable(columns, rows, plain)).toBe(
    ["DATABASE  ROWS  STORE", "店舗         1  x", "é            2  x"].join("\n"),
  );
});

test("printTable() cuts lines to a terminal and to nothing else", () => {
  const rows = [["shop", "1", "x".repeat(50)]];
  const lines = printTable(columns, rows, { width: 20, colour: false }).split("\n");
  expect(lines).toEqual(["DATABASE  ROWS  STO…", "shop         1  xxx…"]);
  expect(printTable(columns, rows, plain)).toContain("x".repeat(50));
});

test("printTable() prints only its titles when there are no rows", () => {
  expect(printTable(columns, [], plain)).toBe("DATABASE  ROWS  STORE");
});

test("printTable() has colours only where they are wanted", () => {
  expect(printTable(columns, [], { width: null, colour: true })).toStartWith("\u001B[1mDATABASE");
});

test("printTable() keeps whatever is in a cell from moving the cursor", () => {
  const table = printTable([{ title: "A" }], [["x\u001B[2Jy\nz\u202Ew"]], plain);
  expect(table).toBe("A\nx\\u{1b}[2Jy\\u{a}z\\u{202e}w");
});

test("printable() leaves no control character in any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/[\p{Cc}\u202E]/u.test(printable(text))));
});

test("cut() never gives more columns than there are, and leaves alone what fits", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat({ max: 30 }), (text, width) => {
      const line = printable(text);
      const short = cut(line, width + 1);
      expect(Bun.stringWidth(short)).toBeLessThanOrEqual(width + 1);
      if (Bun.stringWidth(line) <= width + 1) expect(short).toBe(line);
    }),
  );
});

test("printError() prints what failed and what to do about it", () => {
  const error = new DbackedError("tool", 'pg_dump 15.18 cannot dump "shop": the server is version 16.4', {
    hint: "install postgresql-client-16",
  });
  expect(printError(error, { form: "plain", verbose: false })).toBe(
    'dbacked: error: pg_dump 15.18 cannot dump "shop": the server is version 16.4\n' +
      "dbacked: hint: install postgresql-client-16",
  );
});

test("printError() begins each line of several alike, and lets none move the cursor", () => {
  const error = new DbackedError("config", "a.toml:1: one\na.toml:2: \u001B[31mtwo", { hint: "x\ny" });
  expect(printError(error, { form: "plain", verbose: false }).split("\n")).toEqual([
    "dbacked: error: a.toml:1: one",
    "dbacked: error: a.toml:2: \\u{1b}[31mtwo",
    "dbacked: hint: x",
    "dbacked: hint: y",
  ]);
});

test("printError() tells causes only when asked", () => {
  const cause = new Error("socket closed", { cause: new Error("reset by peer") });
  const error = new DbackedError("store", "cannot write", { cause });
  expect(printError(error, { form: "plain", verbose: false })).toBe("dbacked: error: cannot write");
  expect(printError(error, { form: "plain", verbose: true })).toBe(
    "dbacked: error: cannot write\ndbacked: cause: socket closed\ndbacked: cause: reset by peer",
  );
});

test("printError() prints the stack of a bug, and of nothing else", () => {
  const lines = printError(new TypeError("x is not a function"), { form: "plain", verbose: false });
  expect(lines).toStartWith("dbacked: error: this is a bug in dbacked: x is not a function\n");
  expect(lines).toContain("print.test.ts");
  expect(printError(new Interrupted("SIGINT"), { form: "plain", verbose: false })).toBe(
    "dbacked: error: stopped by SIGINT",
  );
  expect(printError("thrown text", { form: "plain", verbose: false })).toBe(
    "dbacked: error: this is a bug in dbacked: thrown text",
  );
});

test.each([
  [new DbackedError("busy", "held"), { kind: "busy", message: "held", hint: null }],
  [new DbackedError("key", "no", { hint: "yes" }), { kind: "key", message: "no", hint: "yes" }],
  [new Interrupted("SIGTERM"), { kind: "interrupted", message: "stopped by SIGTERM", hint: null }],
  [new Error("oops"), { kind: "bug", message: "this is a bug in dbacked: oops", hint: null }],
])("printErrorJson() makes one document of %s", (error, expected) => {
  expect(JSON.parse(printErrorJson(error))).toEqual({ error: expected });
});

test("Meter shows bytes, the rate of the last seconds and elapsed time", () => {
  let now = 0;
  const counts = { dumped: 0, stored: 0 };
  const read = (): Counts => [
    ["dumped", counts.dumped],
    ["stored", counts.stored],
  ];
  const meter = new Meter("shop", read, () => now);
  expect(meter.line()).toBe("shop  0 B dumped  0 B stored  0 B/s  0:00");
  for (let step = 0; step < 420; step++) {
    now += 100;
    counts.dumped += 10 * 1024 * 1024;
    counts.stored += 3 * 1024 * 1024;
    meter.line();
  }
  expect(meter.line()).toBe("shop  4.10 GiB dumped  1.23 GiB stored  100 MiB/s  0:42");
  now += 10_000;
  expect(meter.line()).toBe("shop  4.10 GiB dumped  1.23 GiB stored  0 B/s  0:52");
  now += 3_600_000;
  expect(meter.line()).toEndWith("  1:00:52");
  expect(JSON.parse(meter.json())).toEqual({
    progress: "shop",
    dumpedBytes: counts.dumped,
    storedBytes: counts.stored,
    elapsedMs: 3_652_000,
  });
});
