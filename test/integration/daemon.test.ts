import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { waitUntil } from "../../scripts/services/service.ts";
import { binary, type Running } from "./binary.ts";
import { expectFailure, listGood } from "./scene.ts";
import { sqliteDatabase, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

const hosts: Workspace[] = [];
const agents: Running[] = [];
afterAll(async () => {
  for (const agent of agents) {
    agent.kill("SIGKILL");
    await agent.finished;
  }
  for (const host of hosts) {
    for (const { pid } of await runningOn(host)) process.kill(pid, "SIGKILL");
    await host[Symbol.asyncDispose]();
  }
});

async function newHost(): Promise<Workspace> {
  const host = await workspace();
  hosts.push(host);
  const path = join(host.folder, "app.db");
  using database = new Database(path);
  database.run("CREATE TABLE t (id INTEGER)");
  await host.configure({ databases: [sqliteDatabase(path, { schedule: "1d" })] });
  return host;
}

interface Agent {
  name: string;
  pid: number;
  log: string;
}

async function runningOn(host: Workspace): Promise<Agent[]> {
  return JSON.parse((await host.run(["daemon", "status", "--json"])).stdout) as Agent[];
}

async function detach(host: Workspace, ...args: string[]): Promise<Agent> {
  const { exitCode, stdout, stderr } = await host.run(["daemon", "--detach", "--json", ...args]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const agent = JSON.parse(stdout) as Agent;
  // As docs/json.md has it.
  expect(Object.keys(agent)).toEqual(["name", "pid", "since", "version", "config", "log"]);
  return agent;
}

const hasBackups = (host: Workspace, count: number) =>
  waitUntil(async () => (await listGood(host)).length === count, { what: `${count} backups` });

const logOf = async ({ log }: Agent) => await Bun.file(log).text();

test("`daemon --detach` leaves an agent behind, which `daemon status` knows and `daemon stop` ends", async () => {
  const host = await newHost();
  const agent = await detach(host);
  expect(agent).toMatchObject({ name: "dbacked", log: join(host.state, "dbacked.log") });
  await hasBackups(host, 1);
  expect(await runningOn(host)).toMatchObject([{ name: "dbacked", pid: agent.pid, config: host.configFile }]);
  expectFailure(await host.run(["daemon", "--detach"]), {
    exitCode: 9,
    says: /An agent of the name "dbacked" runs here: process \d+/,
  });
  const other = await detach(host, "--name", "night", "--log-file", join(host.folder, "night.log"));
  expect((await runningOn(host)).map(({ name }) => name)).toEqual(["dbacked", "night"]);
  for (const file of [agent.log, other.log]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await host.run(["daemon", "stop", "--name", "night"])).toMatchObject({ exitCode: 0 });
  expect(await host.run(["daemon", "stop"])).toMatchObject({ exitCode: 0 });
  expect(await logOf(agent)).toMatch(
    /^\d{4}-\S+Z Following the schedule of app\.\n(?:.*\n)*\d{4}-\S+Z app: backup /,
  );
  expectFailure(await host.run(["daemon", "stop"]), {
    exitCode: 2,
    says: /No agent of the name "dbacked" runs/,
  });
  expect(await host.run(["daemon", "status"])).toMatchObject({ exitCode: 3 });
});

test("SIGHUP lets an agent in the background go on in a new log", async () => {
  const host = await newHost();
  const agent = await detach(host);
  await rename(agent.log, `${agent.log}.1`);
  process.kill(agent.pid, "SIGHUP");
  await waitUntil(async () => await Bun.file(agent.log).exists(), { what: "a new log" });
  await host.run(["daemon", "stop"]);
  expect(await logOf(agent)).toContain("The config was read again.");
  expect(await Bun.file(`${agent.log}.1`).text()).not.toContain("read again");
});

test("an agent that was killed, or whose number another process has now, is in nobody's way", async () => {
  const host = await newHost();
  const agent = await detach(host);
  process.kill(agent.pid, "SIGKILL");
  await waitUntil(async () => (await runningOn(host)).length === 0, { what: "its end" });
  const [left = ""] = await readdir(join(host.state, "agents"));
  const file = join(host.state, "agents", left);
  const record = (await Bun.file(file).json()) as { process: object };
  await Bun.write(
    file,
    JSON.stringify({ ...record, pid: process.pid, process: { ...record.process, pid: process.pid } }),
  );
  expect(await runningOn(host)).toEqual([]);
  expectFailure(await host.run(["daemon", "stop"]), { exitCode: 2, says: /No agent/ });
  expect((await detach(host)).pid).not.toBe(process.pid);
});

test("`daemon --detach` says why an agent cannot run, and exits as that did", async () => {
  const host = await newHost();
  await host.configure({ databases: [sqliteDatabase(join(host.folder, "app.db"))] });
  const failed = await host.run(["daemon", "--detach"]);
  expectFailure(failed, { exitCode: 3, says: /^dbacked: error: Nothing is ever due: app has no schedule$/m });
  expect(await runningOn(host)).toEqual([]);
});

test("`daemon = true` lets `run` leave the terminal, by its name, and means nothing for --once", async () => {
  const host = await newHost();
  const config = await Bun.file(host.configFile).text();
  await Bun.write(host.configFile, `${stringify({ daemon: true, daemonName: "old" })}\n${config}`);
  expect(await host.run(["run", "--once"])).toMatchObject({ exitCode: 0 });
  const { exitCode, stderr } = await host.run(["run"]);
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('The agent "old" runs in the background'),
  });
  expect(await runningOn(host)).toMatchObject([{ name: "old" }]);
  expect(await host.run(["daemon", "stop", "--name", "old"])).toMatchObject({ exitCode: 0 });
  expectFailure(await host.run(["run", "--once", "--daemon"]), {
    exitCode: 2,
    says: /--daemon cannot be used/,
  });
});

/** Binds a datagram socket as systemd does, and writes what it hears to a file, until there is nothing for a while. */
const RECEIVER = `
import socket, sys
name, file = sys.argv[1:]
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(name.replace("@", "\\0", 1) if name[0] == "@" else name)
heard.settimeout(20)
with open(file, "w") as out:
    print("bound", file=out, flush=True)
    while True: print(heard.recv(4096).decode(), file=out, flush=True)
`;

test.each(["a path", "an abstract name"] as const)(
  "an agent tells the service manager at %s how it is",
  async (kind) => {
    const host = await newHost();
    const socket = kind === "a path" ? join(host.folder, "notify") : `@dbacked-${crypto.randomUUID()}`;
    const file = join(host.folder, "heard");
    const receiver = Bun.spawn(["python3", "-c", RECEIVER, socket, file], { stderr: "ignore" });
    const countOf = async (line: RegExp) =>
      (await Bun.file(file).exists()) ? [...(await Bun.file(file).text()).matchAll(line)].length : 0;
    const hears = (line: RegExp, times = 1) =>
      waitUntil(async () => (await countOf(line)) >= times, { what: String(line) });
    try {
      await hears(/^bound$/gm);
      const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" };
      const agent = await host.start(["daemon"], { env });
      agents.push(agent);
      await hears(/^READY=1$/gm);
      await hears(/^WATCHDOG=1\nSTATUS=Backing up app\.$/gm);
      await hears(/^STATUS=Next: app at \d{4}-/gm);
      // Nothing happens, and yet it is heard of.
      await hears(/^WATCHDOG=1$/gm, (await countOf(/^WATCHDOG=1$/gm)) + 4);
      agent.kill("SIGHUP");
      await hears(/^RELOADING=1$/gm);
      await hears(/^READY=1$/gm, 2);
      agent.kill("SIGTERM");
      expect(await agent.finished).toMatchObject({ exitCode: 143 });
      await hears(/^STOPPING=1$/gm);
    } finally {
      receiver.kill("SIGKILL");
    }
  },
);

test("an agent whose stderr is the journal says how grave each line is", async () => {
  const host = await newHost();
  await host.configure({ databases: [sqliteDatabase(join(host.folder, "none.db"), { schedule: "1d" })] });
  const file = join(host.folder, "journal");
  const into = 'exec 2>"$0"; JOURNAL_STREAM=$(stat -L -c %d:%i "$0") exec "$@"';
  const agent = await host.start(["daemon"], { prefix: ["sh", "-c", into, file] });
  agents.push(agent);
  const isTold = async () => (await Bun.file(file).exists()) && (await Bun.file(file).text()).includes("<3>");
  await waitUntil(isTold, { what: "a failure" });
  agent.kill("SIGTERM");
  await agent.finished;
  const lines = (await Bun.file(file).text()).trimEnd().split("\n");
  expect(lines.filter((line) => !/^<[346]>/.test(line))).toEqual([]);
  expect(lines[0]).toBe("<6>Following the schedule of app.");
  expect(lines.filter((line) => line.startsWith("<3>"))).not.toEqual([]);
  expect(lines.at(-1)).toBe("<6>Stopped by SIGTERM.");
});

test("`uninstall` names the agents that still run, and how to end them", async () => {
  const host = await newHost();
  const agent = await detach(host);
  const program = join(host.folder, "dbacked");
  await copyFile((await binary()).path, program);
  const prefix = ["sh", "-c", `exec '${program}' "$@"`];
  const { exitCode, stderr } = await host.run(["uninstall", "--yes"], { prefix });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: expect.stringContaining('the agent "dbacked" still runs'),
  });
  expect(stderr).toContain(`\`kill ${agent.pid}\``);
});
