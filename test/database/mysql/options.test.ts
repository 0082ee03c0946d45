import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { requireProgram, runProgram, temporaryFolder } from "../../../scripts/services/service.ts";
import { Secret } from "../../../src/base/secret.ts";
import { connectionOf, optionFile } from "../../../src/database/mysql/connection.ts";
import { DUMP_OPTIONS } from "../../../src/database/mysql/dumper-options.ts";
import { mysqlOptions } from "../../../src/database/mysql/options.ts";
import { hasVersions, programsOf } from "../../versions.ts";

const connect = (options: unknown) => connectionOf(mysqlOptions.parse(options));
const folder = await temporaryFolder("mysql-options");
afterAll(() => folder[Symbol.asyncDispose]());

describe("connectionOf()", () => {
  test.each([
    [
      "mysql://backup@db.internal/shop",
      '"shop" on db.internal:3306',
      { username: "backup", tls: { mode: "prefer" } },
    ],
    ["mariadb://[::1]:3307/shop", '"shop" on [::1]:3307', { host: "::1", port: 3307, username: null }],
    ["mysql:///caf%C3%A9", '"café" on the local socket', { host: null, tls: { mode: "disable" } }],
    ["mysql:///shop?socket=/run/my.sock", '"shop" on /run/my.sock', { socket: "/run/my.sock" }],
    ["mysql://h/shop?ssl-mode=REQUIRED", '"shop" on h:3306', { tls: { mode: "require" } }],
    ["mysql://h/shop?ssl-ca=/ca", '"shop" on h:3306', { tls: { mode: "verify-full", caFile: "/ca" } }],
  ])("reads the url %p", (url, label, expected) => {
    expect(connect({ url })).toMatchObject({ label, ...expected });
  });

  test("takes fields instead of a url", () => {
    const options = { host: "db", port: 3307, username: "backup", password: "p:w", database: "shop" };
    expect(connect(options)).toMatchObject({ label: '"shop" on db:3307', username: "backup", port: 3307 });
    expect(connect({ socket: "/run/my.sock", database: "shop" }).label).toBe('"shop" on /run/my.sock');
  });

  test("shows the password of a url to nobody", () => {
    const connection = connect({ url: "mysql://backup:p%40ss%2F1@db/shop" });
    expect(connection.password?.reveal()).toBe("p@ss/1");
    expect(JSON.stringify(connection)).not.toContain("p@ss");
  });
});

describe("optionFile()", () => {
  const tls = { mode: "verify-full", caFile: "/ca.pem", certificateFile: "/c.pem", keyFile: "/k.pem" };

  test("says it in each product's words", () => {
    const connection = connect({ host: "localhost", username: "b", password: "p", database: "shop", tls });
    const common = '[client]\nprotocol="TCP"\nhost="localhost"\nport="3306"\nuser="b"\npassword="p"\n';
    const files = 'ssl-ca="/ca.pem"\nssl-cert="/c.pem"\nssl-key="/k.pem"\n';
    expect(optionFile(connection, "MySQL")).toBe(`${common}ssl-mode="VERIFY_IDENTITY"\n${files}`);
    expect(optionFile(connection, "MariaDB")).toBe(`${common}ssl-verify-server-cert="1"\n${files}`);
  });

  const readers = [
    requireProgram("my_print_defaults", "mariadb-client-core"),
    ...(hasVersions ? [join(programsOf("mariadb-11"), "my_print_defaults")] : []),
  ];

  test.each(readers)("lets nothing in a value end it: %s", async (reader) => {
    const value = fc.string({
      unit: fc.constantFrom("#", ";", '"', "'", "\\", "n", "s", " ", "=", "[", "\t", "é", "!"),
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(value, async (password) => {
        const connection = { ...connect({ host: "h", database: "d" }), password: new Secret(`${password}.`) };
        const file = join(folder.path, "options");
        await Bun.write(file, optionFile(connection, "MariaDB"));
        const lines = (await runProgram([reader, `--defaults-file=${file}`, "client"])).split("\n");
        expect(lines).toContain(`--password=${password}.`);
      }),
      { numRuns: 40 },
    );
  });
});

test.each([
  [{}, "database", "expected a url, or the name of a database"],
  [{ url: "mysql://db/shop", host: "x" }, "host", "cannot be combined with url"],
  [{ host: "x", socket: "/run", database: "shop" }, "socket", "keep one of them"],
  [{ url: "postgres://db/shop" }, "url", "expected mysql://"],
  [{ url: "mysql://role:s3cr#t@db/shop" }, "url", "expected mysql://"],
  [{ url: "mysql://db" }, "url", "names no database"],
  [{ url: "mysql://db/shop?charset=latin1" }, "url", "the parameter charset"],
  [{ url: "mysql://db/shop?ssl-mode=maybe" }, "url", "ssl-mode is one of"],
  [{ url: "mysql://db/shop?socket=/x" }, "url", "cannot be combined with a host"],
  [{ url: "mysql://db/100%" }, "url", "%25"],
  [{ database: "shop", dumperOptions: "-r x" }, "dumperOptions", "-r:"],
  [{ database: "shop", port: 0 }, "port", ">="],
  [{ database: "shop", databaseToolsDirectory: "bin" }, "databaseToolsDirectory", "absolute"],
  [{ database: "shop", tls: "maybe" }, "tls", "Invalid"],
  [{ database: "shop", hots: "db" }, undefined, "hots"],
])("mysqlOptions refuses %j", (options, field, message) => {
  const { error } = mysqlOptions.safeParse(options);
  expect(error?.issues[0]?.path[0]).toBe(field);
  expect(error?.issues[0]?.message).toContain(message);
  expect(JSON.stringify(error)).not.toContain("s3cr");
});

describe("dumperOptions", () => {
  const judge = (dumperOptions: unknown) => mysqlOptions.safeParse({ database: "shop", dumperOptions });

  test.each([
    "--force",
    "-f",
    "--compact",
    "--skip-comments",
    "--databases",
    "-B",
    "--all-databases",
    "--xml",
    "-X",
    "--tab=/x",
    "-r x",
    "--password=x",
    "-psecret",
    "-h db",
    "--ssl-mode=DISABLED",
    "--defaults-extra-file=/x",
    "--ignore-error=1",
    "--insert-ignore",
    "--single-transaction",
    "--lock-tables",
    "--master-data=1",
    "--source-data",
    "--flush-logs",
    "--replace",
    "--where",
    "orders",
    "--no-such-option",
    "--skip-opt",
    "--init-command=x",
    "--set-gtid-purged=ON",
    "--skip-extended-insert=1",
    "--loose-no-data",
  ])("refuses %s", (option) => {
    expect(judge(option).success).toBe(false);
  });

  test.each([
    "--no-data",
    "--where='id < 5'",
    "-w x",
    "--ignore-table shop.a",
    "--skip-triggers",
    "--order-by-primary",
    "-c",
  ])("takes %s", (option) => {
    expect(judge(option).success).toBe(true);
  });

  const programs = [
    requireProgram("mariadb-dump", "mariadb-client"),
    ...(hasVersions
      ? [join(programsOf("mariadb-11"), "mariadb-dump"), join(programsOf("mysql-9"), "mysqldump")]
      : []),
  ];

  test.each(programs)("has an opinion on every option of %s", async (program) => {
    const help = await runProgram([program, "--no-defaults", "--help"]);
    const listed = [...help.matchAll(/^ {2}(?:-., )? *--([a-z][\w-]*)/gm)].map(([, name = ""]) => name);
    expect(listed.length).toBeGreaterThan(80);
    const known = new Set(DUMP_OPTIONS.flatMap(({ long, aliases = [] }) => aliases.concat(long)));
    expect(listed.filter((name) => !known.has(name))).toEqual([]);
  });
});
