// A store or a set that cannot be read is not one without backups, and does not hide the others.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { folderStore, sqliteDatabase, type Workspace, workspace } from "../integration/workspace.ts";

const TIMEOUT_MS = 60_000;
const JUNK = `20261123T010002Z-${"a".repeat(32)}.json`;

let host: Workspace;

beforeAll(async () => {
  host = await workspace();
  const file = join(host.folder, "app.db");
  using database = new Database(file);
  database.run("CREATE TABLE customers (name TEXT)");
  const away = folderStore(join(host.folder, "away"), { name: "away" });
  await host.configure({
    stores: [folderStore(host.store), away],
    databases: [
      sqliteDatabase(file, { stores: ["folder"] }),
      sqliteDatabase(file, { name: "junk", stores: ["folder"] }),
      sqliteDatabase(file, { name: "far", stores: ["away"] }),
    ],
  });
  await mkdir(join(host.store, "junk"));
  await writeFile(join(host.store, "junk", JUNK), "{}");
  const { exitCode, stderr } = await host.run(["run", "app", "--once"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
}, TIMEOUT_MS);

afterAll(() => host[Symbol.asyncDispose]());

test.each([
  ["list --database app", 0, 1, ""],
  ["list", 8, 1, "away"],
  ["list --store away", 6, 0, "away"],
  ["list --database far", 6, 0, "away"],
  ["list --database junk", 8, 0, "and none can be read"],
])(
  "dbacked %s exits with %d",
  async (line, code, count, told) => {
    const { exitCode, stdout, stderr } = await host.run([...line.split(" "), "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringContaining(told) });
    const printed: unknown = JSON.parse(stdout);
    if (count > 0) expect(printed).toHaveLength(count);
    else expect(printed).toHaveProperty("error");
  },
  TIMEOUT_MS,
);

test(
  "dbacked restore --last-backup does not guess which is the newest",
  async () => {
    const to = `sqlite://${join(host.folder, "restored.db")}`;
    const args = ["--last-backup", "--to", to, "--private-key-path", host.privateKey];
    const unsure = await host.run(["restore", ...args]);
    expect(unsure).toMatchObject({ exitCode: 8, stderr: expect.stringContaining("cannot be told") });
    const { exitCode, stderr } = await host.run(["restore", ...args, "--database", "app"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
  },
  TIMEOUT_MS,
);

test(
  "dbacked run is not stopped by junk in a set that is empty",
  async () => {
    const { exitCode, stderr } = await host.run(["run", "junk", "--once"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
  },
  TIMEOUT_MS,
);
