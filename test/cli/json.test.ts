// docs/json.md and what the program prints are kept equal: the same keys, in the same order, of the same types.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { DbackedError, type ErrorKind, exitCodeOf } from "../../src/base/error.ts";
import { printError } from "../../src/cli/print/error.ts";
import { Meter } from "../../src/cli/print/progress.ts";
import type { Finished } from "../integration/binary.ts";
import { sqliteDatabase, type Workspace, workspace } from "../integration/workspace.ts";

const TIMEOUT_MS = 60_000;
const PAGE = await Bun.file(fileURLToPath(import.meta.resolve("../../docs/json.md"))).text();

let host: Workspace;
let ran: Finished;

/** A host with one database that can be backed up, and one that cannot. */
beforeAll(async () => {
  host = await workspace();
  const file = join(host.folder, "app.db");
  using database = new Database(file);
  database.run("CREATE TABLE customers (name TEXT)");
  const crm = { name: "crm", type: "postgres", url: "postgres://backup@127.0.0.1:1/crm" };
  await host.configure({ databases: [sqliteDatabase(file, { keep: { last: 1 } }), crm] });
  ran = await host.run(["run", "--once", "--json"]);
  await Bun.write(join(host.store, `app/20261101T020000Z-${"a".repeat(32)}.dbk`), "x");
}, TIMEOUT_MS);

afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

/** A section of the page, up to the next one. */
function sectionOf(title: string): string {
  const [, rest = ""] = PAGE.split(`\n## ${title}\n`);
  return rest.split("\n## ", 1)[0] ?? "";
}

function exampleOf(title: string): unknown {
  const [, json = ""] = /```json\n([^]*?)```/.exec(sectionOf(title)) ?? [];
  return JSON.parse(json);
}

/** Null may stand for any value, and an empty list for any list. */
function expectShape(actual: unknown, example: unknown): void {
  if (actual === null || example === null) return;
  expect(Array.isArray(actual)).toBe(Array.isArray(example));
  if (Array.isArray(actual) && Array.isArray(example)) {
    if (example.length > 0) for (const each of actual) expectShape(each, example[0]);
  } else if (typeof actual === "object" && typeof example === "object") {
    expect(Object.keys(actual)).toEqual(Object.keys(example));
    for (const [key, value] of Object.entries(actual)) expectShape(value, Reflect.get(example, key));
  } else {
    expect(typeof actual).toBe(typeof example);
  }
}

/** Every key of an object, and of the objects in it but for the manifest, which is explained in docs/format.md. */
function keysOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(keysOf);
  return Object.entries(value).flatMap(([key, each]) => [key].concat(key === "manifest" ? [] : keysOf(each)));
}

async function printed(line: string): Promise<unknown> {
  const { stdout, stderr } = await host.run([...line.split(" "), "--json"]);
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`no JSON: ${stdout}${stderr}`, { cause });
  }
}

test("`run --once --json` prints what the page says, of successes and of failures", () => {
  const report = JSON.parse(ran.stdout) as { backups: unknown[]; failures: unknown[] };
  expectShape(report, exampleOf("`dbacked run --once --json`"));
  expect([report.backups.length, report.failures.length, ran.exitCode]).toEqual([1, 1, 4]);
});

test.each([
  ["list", "`dbacked list --json`"],
  ["list --unfinished", "`dbacked list --unfinished --json`"],
  ["prune --dry-run", "`dbacked prune --json`"],
  ["show ID", "`dbacked show ID --json`"],
  ["show ID --private-key-path KEY", "`dbacked show ID --json`"],
  ["verify --private-key-path KEY", "`dbacked verify --json`"],
  ["restore ID --to sqlite://TARGET --private-key-path KEY", "`dbacked restore --json`"],
  ["copy --dry-run", "`dbacked copy --json`"],
  ["status", "`dbacked status --json`"],
  ["tools", "`dbacked tools --json`"],
  ["doctor", "`dbacked doctor --json`"],
  [
    "init -y --config INIT --key-folder KEYS --no-passphrase --store-path STORE --db-connection-string sqlite://APP",
    "`dbacked init -y --json`",
  ],
  ["keygen --no-passphrase --out FOLDER", "`dbacked keygen --json`"],
  ["signer show", "`dbacked signer show --json`"],
  ["signer new --config NEW", "`dbacked signer new --json`"],
  ["show ffffff", "Errors"],
])(
  "`%s --json` prints what the page says",
  async (line, title) => {
    const { id } = (JSON.parse(ran.stdout) as { backups: { id: string }[] }).backups[0] ?? { id: "" };
    const fresh = join(host.folder, "new", "config.toml");
    await Bun.write(fresh, "");
    const words = { ID: id, TARGET: join(host.folder, "restored.db"), KEY: host.privateKey, NEW: fresh };
    const setting = {
      INIT: join(host.folder, "init", "config.toml"),
      KEYS: join(host.folder, "init", "keys"),
      STORE: host.temporary,
      APP: join(host.folder, "app.db"),
    };
    const places: Record<string, string> = { ...words, ...setting, FOLDER: join(host.folder, "kit") };
    const filled = line.replaceAll(/\b[A-Z]+\b/g, (word) => places[word] ?? word);
    const actual = await printed(filled);
    const example = exampleOf(title);
    expectShape(actual, example);
    expect(keysOf(actual)).not.toEqual([]);
  },
  TIMEOUT_MS,
);

test("every key of an example is explained", () => {
  const titles = [...PAGE.matchAll(/^## (`dbacked .*`|Errors)$/gm)].map(([, title = ""]) => title);
  expect(titles.length).toBeGreaterThan(8);
  for (const key of keysOf(titles.map(exampleOf))) expect(PAGE).toContain(`\`${key}\``);
});

test("every kind of error is there, with its exit code", () => {
  const rows = [...sectionOf("Errors").matchAll(/^\| `([a-z]+)` +\| (\d+) +\|/gm)];
  expect(rows.length).toBeGreaterThan(10);
  for (const [, kind = "", code] of rows) {
    const error = kind === "bug" ? new Error("x") : new DbackedError(kind as ErrorKind, "x");
    expect([kind, exitCodeOf(error)]).toEqual([kind, Number(code)]);
  }
});

test("the lines on stderr are as the page says", () => {
  const examples = [...sectionOf("On stderr").matchAll(/^\{.*\}$/gm)].map(
    ([line]) => JSON.parse(line) as unknown,
  );
  const logged = ran.stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expectShape(
    logged.find(({ level }) => level === "success"),
    examples[0],
  );
  expectShape(
    logged.find(({ level }) => level === "error"),
    examples[1],
  );
  expectShape(
    JSON.parse(printError(new DbackedError("busy", "x"), { form: "json", verbose: false })),
    examples[1],
  );
  const counts = [
    [
      ["dumped", 1],
      ["stored", 1],
    ],
    [
      ["read", 1],
      ["restored", 1],
    ],
  ] as const;
  for (const [at, count] of counts.entries()) {
    expectShape(
      JSON.parse(
        new Meter(
          "shop",
          () => count,
          () => 0,
        ).json(),
      ),
      examples[2 + at],
    );
  }
});
