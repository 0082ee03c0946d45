import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { waitUntil } from "../../scripts/services/service.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { sharedPostgres, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import type { Running } from "./binary.ts";
import { expectFailure, hanging, isRunning, listGood, makeTools, readPids } from "./scene.ts";
import {
  folderStore,
  postgresDatabase,
  s3Store,
  sqliteDatabase,
  type Workspace,
  workspace,
} from "./workspace.ts";

setDefaultTimeout(60_000);

const hosts: Workspace[] = [];
const agents: Running[] = [];
afterAll(async () => {
  for (const agent of agents) {
    agent.kill("SIGKILL");
    await agent.finished;
  }
  for (const host of hosts) await host[Symbol.asyncDispose]();
});

async function newHost(): Promise<Workspace> {
  const host = await workspace();
  hosts.push(host);
  await host.run(["signer", "new"]);
  return host;
}

async function follow(host: Workspace, ...args: string[]): Promise<Running> {
  const agent = await host.start(["run", ...args]);
  agents.push(agent);
  return agent;
}

async function stop(agent: Running) {
  agent.kill("SIGTERM");
  const finished = await agent.finished;
  expect(finished).toMatchObject({ exitCode: 143 });
  return finished;
}

/** Waits until one of them has printed this to stderr. */
async function hasSaid(agents: readonly Running[], text: RegExp): Promise<void> {
  await waitUntil(() => agents.some((agent) => text.test(agent.said())), { what: `"${text.source}"` });
}

function appOn(host: Workspace, name: string, more: Record<string, unknown> = {}) {
  const path = join(host.folder, `${name}.db`);
  using database = new Database(path);
  database.run("CREATE TABLE IF NOT EXISTS t (id INTEGER)");
  return sqliteDatabase(path, { name, schedule: "30 2 * * *", ...more });
}

const hasBackups = (host: Workspace, count: number) =>
  waitUntil(async () => (await listGood(host)).length === count, { what: `${count} backups` });

test("`run` makes what is due at once, once, and again after nothing but time", async () => {
  const host = await newHost();
  await host.configure({ databases: [appOn(host, "app"), appOn(host, "shop", { schedule: "6h" })] });
  const agent = await follow(host);
  await hasBackups(host, 2);
  await hasSaid([agent], /: backup [^]*: backup /);
  await Bun.sleep(1000);
  const { stderr } = await stop(agent);
  expect(stderr).toContain("Following the schedule of app, shop.");
  expect(stderr).toContain("app: backup ");
  expect(stderr.match(/: backup /g)).toHaveLength(2);
  const again = await follow(host);
  await hasSaid([again], /app: has a backup of .*, and is not due before /);
  await Bun.sleep(1000);
  await stop(again);
  expect(await listGood(host)).toHaveLength(2);
});

test.each(["a folder", "SeaweedFS"] as const)(
  "two agents that start together make one backup, in %s",
  async (kind) => {
    const [one, other] = [await newHost(), await newHost()];
    const seaweed = kind === "SeaweedFS" ? await sharedSeaweed() : null;
    const table = seaweed === null ? folderStore(one.store) : s3Store(seaweed, await makeBucket(seaweed));
    const server = await sharedPostgres();
    const database = await createDatabase(server, "CREATE TABLE orders (id int)");
    const tools = await makeTools(one.folder, server.binDirectory, 'sleep 1; exec "$REAL" "$@"');
    const shop = postgresDatabase(server, database, { schedule: "1d", databaseToolsDirectory: tools });
    for (const host of [one, other]) await host.configure({ databases: [shop], stores: [table] });
    await copyFile(one.signerFile, other.signerFile);
    const both = await Promise.all([follow(one), follow(other)]);
    await hasSaid(both, /shop: backup /);
    await Bun.sleep(2000);
    const told = await Promise.all(both.map(stop));
    expect(await listGood(one)).toHaveLength(1);
    expect(told.filter(({ stderr }) => stderr.includes("shop: backup "))).toHaveLength(1);
  },
);

test("SIGHUP reads the config again, and a wrong one changes nothing", async () => {
  const host = await newHost();
  const app = appOn(host, "app");
  await host.configure({ databases: [app] });
  const agent = await follow(host);
  await hasBackups(host, 1);
  await host.configure({ databases: [{ ...app, shedule: "6h" }] });
  agent.kill("SIGHUP");
  await hasSaid([agent], /cannot be read again/);
  await host.configure({ databases: [app, appOn(host, "shop")] });
  agent.kill("SIGHUP");
  await hasBackups(host, 2);
  const { stderr } = await stop(agent);
  expect(stderr).toMatch(/The config is as it was before, since it cannot be read again: .*unknown key/);
  expect(stderr).toContain("Following the schedule of app, shop.");
});

/** An agent whose dump hangs, and the ids of what runs for it. */
async function followHanging() {
  const host = await newHost();
  const server = await sharedPostgres();
  const pidFile = join(host.folder, "pids");
  const tools = await makeTools(host.folder, server.binDirectory, hanging(pidFile));
  const more = { schedule: "1d", databaseToolsDirectory: tools };
  await host.configure({ databases: [postgresDatabase(server, await createDatabase(server, ""), more)] });
  const agent = await follow(host);
  const pids = await readPids(pidFile);
  return { host, agent, pids };
}

test("SIGTERM stops the backup that is being made, with all that it started, and gives the lease back", async () => {
  const { host, agent, pids } = await followHanging();
  await stop(agent);
  for (const pid of pids) expect(await isRunning(pid)).toBe(false);
  expect((await readdir(join(host.store, "shop", "lease"))).toSorted().at(-1)).toEndWith(".end");
  expect(await listGood(host)).toEqual([]);
});

test("an agent outlives the process that makes a backup", async () => {
  const { agent, pids } = await followHanging();
  process.kill(await parentOf(pids[0] ?? 0), "SIGKILL");
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await hasSaid([agent], /shop: the process that makes its backup ended with a signal/);
  await stop(agent);
});

async function parentOf(pid: number): Promise<number> {
  const text = await Bun.file(`/proc/${pid}/stat`).text();
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
}

test("a backup that fails is told, and does not keep the others", async () => {
  const host = await newHost();
  const app = appOn(host, "app");
  const bad = sqliteDatabase(join(host.folder, "none.db"), { name: "bad", schedule: "1d" });
  await host.configure({ databases: [bad, app] });
  const agent = await follow(host);
  await hasBackups(host, 1);
  const { stderr } = await stop(agent);
  expect(stderr).toContain("error: bad: ");
});

test("a store that has no copy is told, and makes no other backup due", async () => {
  const host = await newHost();
  const away = { ...folderStore(join(host.folder, "away")), name: "away" };
  await host.configure({ databases: [appOn(host, "app")], stores: [folderStore(host.store), away] });
  const agent = await follow(host);
  await hasSaid(
    [agent],
    /error: app: Cannot list .*away: there is no such folder[^]*dbacked copy .* --to away/,
  );
  await stop(agent);
  const again = await host.run(["run", "--once", "--if-due", "--json"]);
  expect(again.exitCode).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({
    backups: [],
    failures: [],
    notDue: [{ database: "app" }],
  });
  expect(await host.run(["list", "--json", "--store", "away"])).toMatchObject({ exitCode: 6 });
});

test("`run --once --if-due` makes only what is due, and says so", async () => {
  const host = await newHost();
  await host.configure({ databases: [appOn(host, "app")] });
  const first = await host.run(["run", "--once", "--if-due", "--json"]);
  expect(JSON.parse(first.stdout)).toMatchObject({ backups: [{ database: "app" }], notDue: [] });
  const second = await host.run(["run", "--once", "--if-due", "--json"]);
  expect(second).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(second.stdout)).toMatchObject({
    backups: [],
    failures: [],
    notDue: [{ database: "app" }],
  });
});

test("`run` refuses what it cannot follow", async () => {
  const host = await newHost();
  await host.configure({ databases: [appOn(host, "app", { schedule: undefined })] });
  expectFailure(await host.run(["run"]), { exitCode: 3, says: /Nothing is ever due: app has no schedule/ });
  expectFailure(await host.run(["run", "--wait", "1h"]), {
    exitCode: 2,
    says: /--wait cannot be used without --once/,
  });
  expectFailure(await host.run(["run", "--once", "--if-due"]), {
    exitCode: 3,
    says: /"app" has no schedule/,
  });
});
