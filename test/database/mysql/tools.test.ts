import { afterAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { requireProgram, temporaryFolder } from "../../../scripts/services/service.ts";
import { findClients } from "../../../src/database/mysql/tools.ts";
import { hasVersions, programsOf } from "../../versions.ts";
import { never } from "./servers.ts";

const folder = await temporaryFolder("mysql-tools");
afterAll(() => folder[Symbol.asyncDispose]());
let made = 0;

/** A folder with programs that say this when asked for their version. */
async function folderWith(names: readonly string[], said: string): Promise<string> {
  const directory = join(folder.path, String((made += 1)));
  await mkdir(directory);
  for (const name of names) {
    await Bun.write(join(directory, name), `#!/bin/sh\necho '${said}'\n`);
    await chmod(join(directory, name), 0o755);
  }
  return directory;
}

const OF_MYSQL = ["mysqldump", "mysql"];
const OF_MARIADB = ["mariadb-dump", "mariadb"];

test.each([
  ["mysqldump  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)", OF_MYSQL, "MySQL 8.0.36"],
  [
    "mysqldump  Ver 8.0.35-27 for Linux on x86_64 (Percona Server (GPL), Release 27, Revision 2f8eeab)",
    OF_MYSQL,
    "MySQL 8.0.35",
  ],
  ["mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)", OF_MYSQL, "MySQL 5.7.44"],
  ["mysqldump  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", OF_MYSQL, "MySQL 9.7.4"],
  ["mysqldump  Ver 10.19 Distrib 10.4.6-MariaDB, for debian-linux-gnu (x86_64)", OF_MYSQL, "MariaDB 10.4.6"],
  [
    "mysqldump  Ver 10.19 Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)",
    OF_MARIADB,
    "MariaDB 10.11.6",
  ],
  ["mariadb-dump from 11.4.3-MariaDB, client 10.19 for Linux (x86_64)", OF_MARIADB, "MariaDB 11.4.3"],
  [
    "mariadb-dump from 12.0.2-MariaDB, client 10.19 for debian-linux-gnu (x86_64)",
    OF_MARIADB,
    "MariaDB 12.0.2",
  ],
])("findClients() tells products apart by %p", async (said, names, expected) => {
  const directory = await folderWith(names, said);
  const [found, ...others] = await findClients(directory, never);
  expect(others).toEqual([]);
  expect(`${found?.product} ${found?.version}`).toBe(expected);
  expect(found).toMatchObject({
    dump: join(directory, names[0] ?? ""),
    client: join(directory, names[1] ?? ""),
  });
});

test("findClients() finds no programs in what says something else", async () => {
  expect(await findClients(await folderWith(OF_MARIADB, "hello"), never)).toEqual([]);
  expect(
    await findClients(await folderWith(["mysqldump"], "mysqldump  Ver 8.0.36 for Linux"), never),
  ).toEqual([]);
});

test("findClients() takes MariaDB's programs under their own names first", async () => {
  const said = "mysqldump  Ver 10.19 Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)";
  const [found] = await findClients(await folderWith([...OF_MYSQL, ...OF_MARIADB], said), never);
  expect(found?.dumpName).toBe("mariadb-dump");
});

describe("findClients() is not touched by the user's option files", () => {
  const folders = [dirname(requireProgram("mariadb-dump", "mariadb-client"))];
  if (hasVersions) folders.push(programsOf("mysql-9"));

  test.each(folders)("for the programs in %s", async (directory) => {
    const home = await mkdtemp(join(folder.path, "home-"));
    const precious = join(home, "last.sql");
    await Bun.write(precious, "rows");
    await Bun.write(
      join(home, ".my.cnf"),
      `[client]\nno-such-option\n[mysqldump]\nresult-file = ${precious}\n[mariadb-dump]\nresult-file = ${precious}\n`,
    );
    const { HOME } = process.env;
    process.env["HOME"] = home;
    try {
      expect(await findClients(directory, never)).not.toEqual([]);
    } finally {
      process.env["HOME"] = HOME;
    }
    expect(await Bun.file(precious).text()).toBe("rows");
  });
});
