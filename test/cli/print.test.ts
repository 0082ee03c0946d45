import { expect, test } from "bun:test";
import fc from "fast-check";

import { DbackedError, Interrupted } from "../../src/base/error.ts";
import { printError, printErrorJson } from "../../src/cli/print/error.ts";
import { listProofs } from "../../src/cli/print/backup.ts";
import { type Counts, Meter } from "../../src/cli/print/progress.ts";
import { printJson, printJsonLine } from "../../src/cli/print/json.ts";
import { alignRows, printTable } from "../../src/cli/print/table.ts";
import { cut, printable, wrap } from "../../src/cli/print/text.ts";

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

test("printTable() leaves out columns in their order until the rest fits, and then cuts the last", () => {
  const columns = [
    { title: "ID" },
    { title: "SIZE", goes: 2 },
    { title: "STORE", goes: 1 },
    { title: "STATE", enough: 6 },
  ];
  const rows = [["1", "12 MiB", "folder", "x".repeat(20)]];
  const at = (width: number) => printTable(columns, rows, { width, colour: false }).split("\n");
  expect(at(80)).toEqual(["ID  SIZE    STORE   STATE", `1   12 MiB  folder  ${"x".repeat(20)}`]);
  expect(at(26)).toEqual(["ID  SIZE    STORE   STATE", "1   12 MiB  folder  xxxxx…"]);
  expect(at(25)).toEqual(["ID  SIZE    STATE", "1   12 MiB  xxxxxxxxxxxx…"]);
  expect(at(17)).toEqual(["ID  STATE", "1   xxxxxxxxxxxx…"]);
  expect(at(5)).toEqual(["ID  …", "1   …"]);
});

test("alignRows() aligns rows that have no titles", () => {
  expect(alignRows([])).toEqual([]);
  expect(
    alignRows([
      ["shop", "1 KiB", ""],
      ["店舗", "100 KiB", "x"],
    ]),
  ).toEqual(["shop  1 KiB", "店舗  100 KiB  x"]);
});

test("wrap() breaks between words only, and loses none", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1 }).filter((word) => !word.includes(" "))),
      fc.nat({ max: 30 }),
      (words, width) => {
        const lines = wrap(words.join(" "), width);
        expect(lines.join(" ")).toBe(words.join(" "));
        for (const line of lines) if (Bun.stringWidth(line) > width) expect(line).not.toContain(" ");
      },
    ),
  );
});

test("printJson() says what JSON.stringify() says, and moves no cursor", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), (value, text) => {
      const printed = printJson({ value, text });
      expect(JSON.parse(printed)).toEqual(JSON.parse(JSON.stringify({ value, text })));
      expect(printed.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(printJsonLine({ value, text })).not.toContain("\n");
    }),
  );
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

test("printError() prints one line of JSON where all lines are, and says whose error it is", () => {
  const error = new DbackedError("tool", "no pg_dump\nat all", { hint: "install it" });
  expect(JSON.parse(printError(error, { form: "json", verbose: false, about: "shop" }))).toEqual({
    time: expect.any(String),
    level: "error",
    message: "shop: no pg_dump\nat all",
    kind: "tool",
    hint: "install it",
  });
  expect(printError(error, { form: "plain", verbose: false, about: "shop" })).toStartWith(
    "dbacked: error: shop: no pg_dump\n",
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

test("Meter shows the rate of what goes on", () => {
  let now = 0;
  let counts: Counts = [];
  const meter = new Meter(
    "shop",
    () => counts,
    () => now,
  );
  const at = (seconds: number, dumped: number, readBack: number): string => {
    now = seconds * 1000;
    counts = [
      ["dumped", dumped],
      ["read back", readBack],
    ];
    return meter.line();
  };
  expect(at(2, 2048, 0)).toContain("1.00 KiB/s");
  for (const seconds of [3, 4, 5, 6, 7]) at(seconds, 2048, 0);
  expect(at(8, 2048, 4096)).toContain("1.00 KiB/s");
  expect(JSON.parse(meter.json())).toMatchObject({ dumpedBytes: 2048, readBackBytes: 4096 });
});

test("listProofs() tells of each thing the strongest word", () => {
  const none = {
    readBackAt: null,
    sampledAt: null,
    unreadableAt: null,
    verifiedAt: null,
    openedAt: null,
    drilledAt: null,
  };
  const words = (times: Partial<typeof none | Record<keyof typeof none, string>>) =>
    listProofs({ ...none, ...times }).map(([word]) => word);
  expect(words({})).toEqual([]);
  expect(words({ unreadableAt: "1" })).toEqual(["not readable"]);
  expect(words({ unreadableAt: "1", sampledAt: "2", verifiedAt: "3" })).toEqual(["sampled", "verified"]);
  expect(words({ sampledAt: "1", readBackAt: "2", verifiedAt: "3", openedAt: "4", drilledAt: "5" })).toEqual([
    "read back",
    "opened",
    "drilled",
  ]);
});
