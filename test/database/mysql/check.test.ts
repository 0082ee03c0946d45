import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createCipheriv } from "node:crypto";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, temporaryFolder } from "../../../scripts/services/service.ts";
import { errorOf } from "../../conformance/sample.ts";
import { sharedMariadb } from "../../services.ts";
import { hasVersions, programsOf } from "../../versions.ts";
import { replaceDump } from "./programs.ts";
import { createDatabase, dumpOf, EVERYTHING, leastIn, never, open, rootIn } from "./servers.ts";

setDefaultTimeout(30_000);

const server = await sharedMariadb();
const folder = await temporaryFolder("mysql-check");
afterAll(() => folder[Symbol.asyncDispose]());
const full = await createDatabase(server, EVERYTHING);
const least = await leastIn(server, full);

/** Writes a file as `mysql_config_editor` does: its key, then each line enciphered. */
async function writeLoginPath(file: string, text: string): Promise<void> {
  const seed = Buffer.alloc(20, 7);
  const key = Buffer.alloc(16);
  for (const [at, byte] of seed.entries()) key[at % 16] = (key[at % 16] ?? 0) ^ byte;
  const lines = text.match(/.*\n/g) ?? [];
  const chunks = lines.flatMap((line) => {
    const cipher = createCipheriv("aes-128-ecb", key, null);
    const chunk = Buffer.concat([cipher.update(line), cipher.final()]);
    const length = Buffer.alloc(4);
    length.writeInt32LE(chunk.length);
    return [length, chunk];
  });
  await Bun.write(file, Buffer.concat([Buffer.alloc(4), seed, ...chunks]));
  await chmod(file, 0o600);
}

describe("Mysql.check()", () => {
  test("names the server and what tells it from others", async () => {
    const check = await open(least).check(never);
    expect(check.server).toMatch(/^MariaDB \d+\.\d+\.\d+$/);
    expect(check.source).toMatch(new RegExp(`^mysql \\S{20,} ${full}$`));
    expect(check.gaps).toEqual([]);
  });

  test.each([
    [{ host: "nowhere.invalid" }, "Unknown server host", "is the host's name right"],
    [{ host: "127.0.0.1", port: 1 }, "Can't connect", "does the server listen"],
    [{ socket: "/nowhere" }, "Can't connect to local server", "or that socket"],
  ])("says why it cannot reach %j", async (place, message, hint) => {
    const failure = await errorOf(open({ ...place, database: "shop" }).check(never));
    expect(failure).toMatchObject({ kind: "database", hint: expect.stringContaining(hint) });
    expect(failure.message).toContain(`Cannot read "shop" on`);
    expect(failure.message).toContain(message);
  });

  test.each([
    [{ password: "wrong" }, "Access denied", "right user and password"],
    [{ password: undefined }, "Access denied", "right user and password"],
  ])("says what is wrong with %j", async (given, message, hint) => {
    const failure = await errorOf(open({ ...least, ...given }).check(never));
    expect(failure).toMatchObject({ kind: "database", hint: expect.stringContaining(hint) });
    expect(failure.message).toContain(message);
  });

  test("says which rights a role needs that has none on the database", async () => {
    const name = await createDatabase(server, EVERYTHING);
    await server.query("CREATE USER stranger IDENTIFIED BY 'x'");
    const role = { ...least, username: "stranger", password: "x", database: name };
    const failure = await errorOf(open(role).check(never));
    expect(failure.kind).toBe("incomplete");
    expect(failure.message).toContain("would lack everything: the role has no right on it");
    await server.query(failure.hint ?? "");
    expect((await open(role).check(never)).gaps).toEqual([]);
    expect((await dumpOf(open(role))).report.complete).toBe(true);
  });

  test.each([
    ["of the server", "SET GLOBAL sql_select_limit = 2", "SET GLOBAL sql_select_limit = DEFAULT"],
    [
      "of every connection",
      "SET GLOBAL init_connect = 'SET sql_select_limit = 0'",
      "SET GLOBAL init_connect = ''",
    ],
  ])("refuses a limit %s on the rows that the dump would hold", async (_, limiting, lifting) => {
    await server.query(limiting);
    try {
      const { message, kind } = await errorOf(open(least).check(never));
      expect(message).toContain("rows of a table at most");
      expect(kind).toBe("database");
    } finally {
      await server.query(lifting);
    }
  });

  test.each(["mysql", "information_schema", "PERFORMANCE_SCHEMA", "sys"])(
    "refuses the server's own database %s, as a restore does",
    async (name) => {
      const failure = await errorOf(open(rootIn(server, name)).check(never));
      expect(failure).toMatchObject({
        kind: "database",
        message: expect.stringContaining("server's own database"),
      });
    },
  );

  test("says that there is no such database", async () => {
    const failure = await errorOf(open(rootIn(server, "nobody's")).check(never));
    expect(failure).toMatchObject({ kind: "database", hint: "is the database's name right?" });
  });

  test("says what to install when no program is there", async () => {
    const failure = await errorOf(open({ ...least, databaseToolsDirectory: "/nowhere" }).check(never));
    expect(failure).toMatchObject({
      kind: "tool",
      message: expect.stringContaining("no mariadb-dump and no mysqldump in /nowhere"),
      hint: expect.stringContaining("apt-get install mariadb-client"),
    });
  });

  test("says what to install when all programs are older than the server", async () => {
    const version = "echo 'mariadb-dump from 9.8.1-MariaDB, client 10.19 for Linux'";
    const databaseToolsDirectory = await replaceDump(folder.path, "old", "", version);
    const failure = await errorOf(open({ ...least, databaseToolsDirectory }).check(never));
    expect(failure.kind).toBe("tool");
    expect(failure.message).toMatch(
      /mariadb-dump 9\.8\.1 is the newest .* too old: the server is MariaDB \d+/,
    );
    expect(failure.hint).toContain("apt-get install mariadb-client");
  });

  test.skipIf(!hasVersions)(
    "asks by the other product's client, and says what to install for a dump",
    async () => {
      const databaseToolsDirectory = programsOf("mysql-9");
      const failure = await errorOf(open({ ...least, databaseToolsDirectory }).check(never));
      expect(failure.kind).toBe("tool");
      expect(failure.message).toMatch(/^no mariadb-dump in .*: the server is MariaDB \d+/);
    },
  );

  test.skipIf(!hasVersions)("lets MySQL's client read no login path", async () => {
    const home = process.env["HOME"];
    await writeLoginPath(join(folder.path, ".mylogin.cnf"), "[client]\npassword = wrong\nuser = nobody\n");
    process.env["HOME"] = folder.path;
    try {
      const mysql = join(programsOf("mysql-9"), "mysql");
      const place = [`--host=${server.host}`, `--port=${server.port}`, "--execute=SELECT 1"];
      const usual = runProgram([mysql, "--no-defaults", ...place], { HOME: folder.path });
      expect((await errorOf(usual)).message).toContain("'nobody'");
      const database = open({ ...least, databaseToolsDirectory: programsOf("mysql-9") });
      expect((await errorOf(database.check(never))).message).toContain("no mariadb-dump");
    } finally {
      if (home !== undefined) process.env["HOME"] = home;
    }
  });
});
