import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { parseSamples } from "../../src/notify/metrics.ts";
import { folderStore, sqliteDatabase, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

const hosts: Workspace[] = [];
afterAll(async () => {
  for (const host of hosts) await host[Symbol.asyncDispose]();
});

async function hostWith(metricsDirectory: string): Promise<Workspace> {
  const host = await workspace();
  hosts.push(host);
  const path = join(host.folder, "app.db");
  using database = new Database(path);
  database.run("CREATE TABLE t (id INTEGER)");
  const second = join(host.folder, "second");
  await mkdir(second);
  await host.configure({
    databases: [sqliteDatabase(path, { name: "app", schedule: "1d" })],
    stores: [folderStore(host.store), folderStore(second, { name: "second" })],
  });
  const config = await readFile(host.configFile, "utf8");
  await Bun.write(host.configFile, `metricsDirectory = "${metricsDirectory}"\n${config}`);
  return host;
}

/** The numbers of a file, without the prefix. */
async function numbersIn(host: Workspace): Promise<Record<string, number>> {
  const text = await readFile(join(host.folder, "metrics", "dbacked-app.prom"), "utf8");
  const samples = parseSamples(text).map(({ metric, store, value }) => [
    metric.replace("dbacked_", "") + (store === null ? "" : ` ${store}`),
    value,
  ]);
  return Object.fromEntries(samples);
}

test("each run leaves its numbers, and a failure keeps those of the last good backup", async () => {
  const host = await hostWith("metrics");
  await mkdir(join(host.folder, "metrics"));
  const { stdout, exitCode } = await host.run(["run", "--once", "--json"]);
  expect(exitCode).toBe(0);
  const [made] = (JSON.parse(stdout) as { backups: { takenAt: string; bytes: number; dumpBytes: number }[] })
    .backups;
  const takenAt = new Date(made?.takenAt ?? "").getTime() / 1000;
  const good = await numbersIn(host);
  expect(good).toMatchObject({
    last_success_timestamp_seconds: takenAt,
    last_run_success: 1,
    "copy_timestamp_seconds folder": takenAt,
    "copy_timestamp_seconds second": takenAt,
    "copy_bytes folder": made?.bytes ?? 0,
    "copy_dump_bytes second": made?.dumpBytes ?? 0,
    "copy_complete second": 1,
  });
  expect(good["last_run_duration_seconds"]).toBeGreaterThan(0);
  expect(await readdir(join(host.folder, "metrics"))).toEqual(["dbacked-app.prom"]);
  await host.run(["run", "--once", "--if-due"]);
  expect(await numbersIn(host)).toEqual(good);
  await rename(join(host.folder, "app.db"), join(host.folder, "gone.db"));
  expect(await host.run(["run", "--once"])).toMatchObject({ exitCode: 4 });
  const bad = await numbersIn(host);
  expect(bad).toMatchObject({
    last_success_timestamp_seconds: takenAt,
    last_run_success: 0,
    "copy_complete folder": 1,
  });
  expect(bad["last_run_timestamp_seconds"]).toBeGreaterThan(good["last_run_timestamp_seconds"] ?? Infinity);
});

test("metrics that cannot be written are a warning", async () => {
  const host = await hostWith("nowhere");
  const { exitCode, stderr } = await host.run(["run", "--once"]);
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/warning: app: the metrics cannot be written: ENOENT/);
});
