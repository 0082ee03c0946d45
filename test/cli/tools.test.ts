import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { sqliteDatabase, type Workspace, workspace } from "../integration/workspace.ts";

const TIMEOUT_MS = 60_000;

let host: Workspace;
let directory: string;

/** A folder with programs that say they are PostgreSQL's. */
beforeAll(async () => {
  host = await workspace();
  directory = join(host.folder, "programs");
  await mkdir(directory);
  for (const program of ["pg_dump", "pg_restore", "psql"]) {
    await Bun.write(join(directory, program), '#!/bin/sh\necho "pg_dump (PostgreSQL) 16.4"\n');
    await chmod(join(directory, program), 0o755);
  }
}, TIMEOUT_MS);

afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const shop = (databaseToolsDirectory: string) => ({
  name: "shop",
  type: "postgres",
  url: "postgres://backup@127.0.0.1:1/shop",
  databaseToolsDirectory,
});

test(
  "dbacked tools needs no config, and fails for nothing that is missing",
  async () => {
    const { exitCode, stdout, stderr } = await host.run(["tools"], { env: { DBACKED_CONFIG: "" } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const product of ["PostgreSQL", "MySQL", "MariaDB", "MongoDB", "SQLite"])
      expect(stdout).toContain(product);
  },
  TIMEOUT_MS,
);

test(
  "dbacked tools says which databases of the config use what",
  async () => {
    await host.configure({ databases: [shop(directory), sqliteDatabase("/srv/app.db")] });
    const { exitCode, stdout } = await host.run(["tools"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/PostgreSQL +16\.4 +\S*\/programs +servers up to version 16 +shop\n/);
    expect(stdout).toMatch(/SQLite +- +- +no program is needed +app/);
  },
  TIMEOUT_MS,
);

test(
  "dbacked tools fails if a database of the config has no programs",
  async () => {
    await host.configure({ databases: [shop("/nowhere")] });
    const said = await host.run(["tools", "--json"]);
    expect(said.exitCode).toBe(5);
    expect(said.stderr).toContain(
      '"shop\\" needs the programs of PostgreSQL, and there are none in /nowhere',
    );
    const { tools } = JSON.parse(said.stdout) as { tools: unknown[] };
    expect(tools).toContainEqual({
      product: "PostgreSQL",
      directory: "/nowhere",
      neededBy: ["shop"],
      found: [],
      install: "apt-get install postgresql-client",
    });
  },
  TIMEOUT_MS,
);
