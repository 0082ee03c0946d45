import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { waitUntil } from "../../scripts/services/service.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { CheckServer } from "../notify/check-server.ts";
import { sharedPostgres } from "../services.ts";
import { hanging, isRunning, listGood, makeTools, readPids } from "./scene.ts";
import { folderStore, postgresDatabase, sqliteDatabase, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

const hosts: Workspace[] = [];
afterAll(async () => {
  for (const host of hosts) await host[Symbol.asyncDispose]();
});

async function newHost(): Promise<Workspace> {
  const host = await workspace();
  hosts.push(host);
  return host;
}

function appOn(host: Workspace, name: string, more: Record<string, unknown> = {}) {
  const path = join(host.folder, `${name}.db`);
  using database = new Database(path);
  database.run("CREATE TABLE IF NOT EXISTS t (id INTEGER)");
  return sqliteDatabase(path, { name, schedule: "30 2 * * *", ...more });
}

/** A dump that hangs, and where its processes are written down. */
async function hangingOn(host: Workspace, more: Record<string, unknown>) {
  const server = await sharedPostgres();
  const pidFile = join(host.folder, "pids");
  const tools = await makeTools(host.folder, server.binDirectory, hanging(pidFile));
  const database = await createDatabase(server, "");
  const shop = postgresDatabase(server, database, { databaseToolsDirectory: tools, ...more });
  await host.configure({ databases: [shop] });
  return pidFile;
}

test("a good backup pings start and success, with one run id, and nothing when nothing is due", async () => {
  await using check = new CheckServer();
  const host = await newHost();
  await host.configure({ databases: [appOn(host, "app", { pingUrl: `${check.url}/hunter2` })] });
  const { exitCode, stderr } = await host.run(["run", "--once", "--if-due", "--verbose"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining("hunter2") });
  expect(stderr).toContain(`app: ping "success": ${check.host} took it`);
  expect(check.paths).toEqual(["/hunter2/start?rid=RID", "/hunter2?rid=RID"]);
  expect(new Set(check.received.map(({ path }) => path.slice(-36))).size).toBe(1);
  expect(check.received[1]?.body).toMatch(/^app: backup [0-9a-f]{12} \(.* dumped, .* stored\)$/);
  await host.run(["run", "--once", "--if-due"]);
  expect(check.received).toHaveLength(2);
});

test("each entry has a check of its own, and a failure is told with the hint and without a secret", async () => {
  await using check = new CheckServer();
  const host = await newHost();
  const server = await sharedPostgres();
  const bad = postgresDatabase(server, "nowhere", { name: "bad", password: "hunter2" });
  const text = { databases: [bad, appOn(host, "app")] };
  await host.configure(text);
  const env = { DBACKED_PING_URL: `${check.url}/{name}` };
  const { exitCode, stderr } = await host.run(["run", "--once"], { env });
  expect(exitCode).toBe(4);
  expect(check.paths).toEqual(["/bad/fail?rid=RID", "/app/start?rid=RID", "/app?rid=RID"]);
  const [failed] = check.received;
  expect(failed?.body).toContain("bad: ");
  expect(failed?.body).toContain('"nowhere"');
  expect(stderr + check.received.map(({ body }) => body).join()).not.toContain("hunter2");
});

test("what fails before any backup is tried is told of every entry", async () => {
  await using check = new CheckServer();
  const host = await newHost();
  const databases = [appOn(host, "app"), appOn(host, "shop")];
  await Bun.write(join(host.folder, "bad.pem"), "no key");
  await host.configure({ databases, encryption: { recipients: [join(host.folder, "bad.pem")] } });
  const env = { DBACKED_PING_URL: `${check.url}/{name}` };
  expect(await host.run(["run", "--once"], { env })).toMatchObject({ exitCode: 7 });
  expect(check.paths.toSorted()).toEqual(["/app/fail?rid=RID", "/shop/fail?rid=RID"]);
  expect(check.received[0]?.body).toContain("bad.pem");
});

test("a copy that failed is told, with the store that lacks it, though another store has one", async () => {
  await using check = new CheckServer();
  const host = await newHost();
  await host.run(["signer", "new"]);
  const broken = folderStore(join(host.configFile, "below"), { name: "nas" });
  await host.configure({
    databases: [appOn(host, "app", { pingUrl: `${check.url}/uuid` })],
    stores: [folderStore(host.store), broken],
  });
  expect(await host.run(["run", "--once"])).toMatchObject({ exitCode: 6 });
  expect(check.paths).toEqual(["/uuid/start?rid=RID", "/uuid/fail?rid=RID"]);
  expect(check.received[1]?.body).toMatch(/^app: [^\n]*below[^]*\napp: backup [0-9a-f]{12} /);
});

test("a check that is down makes no backup fail, and is a warning with its host alone", async () => {
  const host = await newHost();
  const pingUrl = "http://127.0.0.1:1/hunter2";
  await host.configure({ databases: [appOn(host, "app", { pingUrl })] });
  const { exitCode, stderr } = await host.run(["run", "--once"]);
  expect(exitCode).toBe(0);
  expect(stderr).toContain(
    "warning: app: its check was not told of success: 127.0.0.1:1 refused the connection",
  );
  expect(stderr).not.toContain("hunter2");
});

test("SIGTERM is told in haste, even to a check that hangs", async () => {
  await using check = new CheckServer();
  const host = await newHost();
  const pidFile = await hangingOn(host, { pingUrl: `${check.url}/uuid` });
  check.answer = async () => await new Promise(() => {});
  const running = await host.start(["run", "--once"]);
  const pids = await readPids(pidFile);
  const startedAt = performance.now();
  running.kill("SIGTERM");
  expect(await running.finished).toMatchObject({ exitCode: 143 });
  expect(performance.now() - startedAt).toBeLessThan(4000);
  expect(check.paths).toEqual(["/uuid/start?rid=RID", "/uuid/fail?rid=RID"]);
  expect(check.received[1]?.body).toBe("shop: stopped by SIGTERM");
  for (const pid of pids) expect(await isRunning(pid)).toBe(false);
});

test("a run that finds another one at work pings nothing", async () => {
  await using check = new CheckServer();
  const host = await newHost();
  const pidFile = await hangingOn(host, { pingUrl: `${check.url}/uuid` });
  const first = await host.start(["run", "--once"]);
  await readPids(pidFile);
  expect(await host.run(["run", "--once"])).toMatchObject({ exitCode: 9 });
  expect(check.paths).toEqual(["/uuid/start?rid=RID"]);
  first.kill("SIGTERM");
  await first.finished;
});

test("a whole server is one check: good only if each of its databases is", async () => {
  await using check = new CheckServer();
  const host = await newHost();
  const server = await sharedPostgres();
  const [one, other] = [await createDatabase(server, ""), await createDatabase(server, "")];
  const tools = await makeTools(
    host.folder,
    server.binDirectory,
    `case "$* $PGDATABASE" in *${other}*) echo "no, not $HOME/mood" >&2; test -e ${host.folder}/mood || exit 1;; esac; exec "$REAL" "$@"`,
  );
  await symlink(join(server.binDirectory, "pg_dumpall"), join(tools, "pg_dumpall"));
  const srv = postgresDatabase(server, "*", {
    name: "srv",
    include: [one, other],
    databaseToolsDirectory: tools,
    pingUrl: `${check.url}/uuid`,
  });
  await host.configure({ databases: [srv] });
  expect(await host.run(["run", "--once"])).toMatchObject({ exitCode: 4 });
  expect(check.paths).toEqual(["/uuid/start?rid=RID", "/uuid/fail?rid=RID"]);
  expect(check.received[1]?.body).toMatch(new RegExp(`srv\\.${other}: .*[^]*srv\\.${one}: backup `));
  await Bun.write(join(host.folder, "mood"), "");
  check.received.length = 0;
  expect(await host.run(["run", "--once", `srv.${one}`])).toMatchObject({ exitCode: 0 });
  expect(check.paths).toEqual([]);
  expect(await host.run(["run", "--once"])).toMatchObject({ exitCode: 0 });
  expect(check.paths).toEqual(["/uuid/start?rid=RID", "/uuid?rid=RID"]);
});

test("the agent pings once for what is due, and tells of a process that was killed", async () => {
  await using check = new CheckServer();
  const host = await newHost();
  await host.run(["signer", "new"]);
  const pidFile = await hangingOn(host, { schedule: "1d", pingUrl: `${check.url}/uuid` });
  const agent = await host.start(["run"]);
  const pids = await readPids(pidFile);
  process.kill(await parentOf(pids[0] ?? 0), "SIGKILL");
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await waitUntil(async () => check.received.length === 2, { what: "a ping of the agent" });
  agent.kill("SIGTERM");
  await agent.finished;
  expect(check.paths).toEqual(["/uuid/start?rid=RID", "/uuid/fail?rid=RID"]);
  expect(check.received[1]?.body).toBe("shop: the process that makes its backup ended with a signal");
  expect(await listGood(host)).toEqual([]);
});

test("the agent tells once of a failure that its process told already, and of one that kept it from beginning", async () => {
  await using check = new CheckServer();
  const host = await newHost();
  await host.run(["signer", "new"]);
  const bad = sqliteDatabase(join(host.folder, "none.db"), { name: "bad", schedule: "1d" });
  const env = { DBACKED_PING_URL: `${check.url}/{name}` };
  for (const stores of [[folderStore(host.store)], [folderStore(join(host.folder, "config.toml"))]]) {
    check.received.length = 0;
    await host.configure({ databases: [bad], stores });
    const agent = await host.start(["run"], { env });
    await waitUntil(async () => check.received.length > 0, { what: "a ping" });
    await Bun.sleep(500);
    agent.kill("SIGTERM");
    await agent.finished;
    expect(check.paths).toEqual(["/bad/fail?rid=RID"]);
  }
});

async function parentOf(pid: number): Promise<number> {
  const text = await Bun.file(`/proc/${pid}/stat`).text();
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
}
