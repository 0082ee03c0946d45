import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { folderStore, sqliteDatabase, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

let host: Workspace;
afterAll(async () => await host[Symbol.asyncDispose]());

async function status(...args: string[]) {
  const { exitCode, stdout, stderr } = await host.run(["status", ...args]);
  return { exitCode, stdout, stderr };
}

async function statusJson() {
  const { exitCode, stdout } = await status("--json");
  return { exitCode, ...(JSON.parse(stdout) as { databases: unknown[]; failures: unknown[] }) };
}

function makeApp(file: string): void {
  using database = new Database(file);
  database.run("CREATE TABLE t (id INTEGER)");
}

test("`status` tells of what was made, what failed and what was mended", async () => {
  host = await workspace();
  const file = join(host.folder, "app.db");
  const app = sqliteDatabase(file, { schedule: "1d" });
  await host.configure({ databases: [app] });
  expect(await statusJson()).toMatchObject({
    exitCode: 10,
    databases: [{ state: "none", newest: null, isDue: true }],
  });
  expect(await host.run(["run", "--once"])).toMatchObject({ exitCode: 4 });
  expect(await host.run(["run", "--once"])).toMatchObject({ exitCode: 4 });
  expect(await statusJson()).toMatchObject({
    exitCode: 4,
    databases: [
      { state: "failed", failures: { count: 2, last: [{ kind: "database" }, { kind: "database" }] } },
    ],
  });
  expect((await status()).stdout).toMatch(/^app {2,}failed {2,}- .*due now$/m);
  expect((await status()).stdout).toMatch(/^app: failed 2 times, last at .*app\.db/m);
  makeApp(file);
  for (let run = 0; run < 2; run += 1)
    expect(await host.run(["run", "--once"])).toMatchObject({ exitCode: 0 });
  const good = await status();
  expect(good).toMatchObject({ exitCode: 0, stderr: "" });
  expect(good.stdout).toMatch(/^app {2,}good {2,}\d{4}-.*Z$/m);
  expect(good.stdout).toEndWith("No agent runs on this host.\n");
  const nas = folderStore(join(host.folder, "nas"), { name: "nas" });
  await host.configure({ databases: [app], stores: [folderStore(host.store), nas] });
  const known = await statusJson();
  expect(known).toMatchObject({
    databases: [{ newest: { store: "folder" }, failures: { count: 0, last: [] } }],
  });
  expect(known.exitCode).toBe(6);
});

test("`status` says which store cannot be asked", async () => {
  await host.configure({ databases: [sqliteDatabase(join(host.folder, "app.db"))] });
  await rm(host.store, { recursive: true });
  await Bun.write(host.store, "no folder");
  const { exitCode, databases, failures } = await statusJson();
  expect({ exitCode, databases }).toMatchObject({ exitCode: 6, databases: [{ state: "unknown" }] });
  expect(failures).toMatchObject([{ store: "folder", kind: "store" }]);
});

test("`status` sees the store that has nothing at all of a server's database", async () => {
  await using other = await workspace();
  const file = join(other.folder, "app.db");
  makeApp(file);
  const near = folderStore(other.store);
  await other.configure({ databases: [sqliteDatabase(file, { name: "prod.shop" })], stores: [near] });
  expect(await other.run(["run", "--once"])).toMatchObject({ exitCode: 0 });
  const server = { name: "prod", type: "postgres", host: "127.0.0.1", username: "nobody", database: "*" };
  const nas = folderStore(join(other.folder, "nas"), { name: "nas" });
  await mkdir(join(other.folder, "nas"));
  await other.configure({ databases: [server], stores: [near, nas] });
  const { exitCode, stdout } = await other.run(["status", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    databases: [{ database: "prod.shop", state: "uncopied", missingIn: ["nas"] }],
  });
  expect(exitCode).toBe(6);
});
