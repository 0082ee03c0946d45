import { afterAll, expect, test } from "bun:test";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, temporaryFolder } from "../../scripts/services/service.ts";
import { type AgentRecord, claimAgent, readAgents } from "../../src/host/agent-record.ts";

const root = await temporaryFolder("agents");
afterAll(async () => root[Symbol.asyncDispose]());

const isGone: Parameters<typeof readAgents>[1] = async ({ startedAt }) => startedAt === "gone";

function record(startedAt: string, name = "night"): AgentRecord {
  const { pid } = process;
  const since = "2026-11-23T12:00:00.000Z";
  return { name, pid, process: { host: "h", pid, startedAt }, since, version: "1", config: null, log: null };
}

async function newFolder(): Promise<string> {
  const folder = join(root.path, crypto.randomUUID());
  await mkdir(folder);
  return folder;
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "none",
    (error: unknown) => String(error),
  );
}

test("claimAgent() lets one agent of a name run, and forgets it when it ends", async () => {
  const folder = await newFolder();
  {
    await using _ = await claimAgent(folder, record("1"), isGone);
    expect(await readAgents(folder, isGone)).toEqual([record("1")]);
    const [file = ""] = await readdir(join(folder, "agents"));
    expect((await stat(join(folder, "agents", file))).mode & 0o777).toBe(0o600);
    expect(await failureOf(claimAgent(folder, record("2"), isGone))).toMatch(
      /"night" runs here: process \d+/,
    );
    await using _other = await claimAgent(folder, record("2", "day"), isGone);
    expect((await readAgents(folder, isGone)).map(({ name }) => name)).toEqual(["day", "night"]);
  }
  expect(await readdir(join(folder, "agents"))).toEqual([]);
});

test("claimAgent() replaces what is left of an agent that is gone, or was killed while it wrote", async () => {
  const folder = await newFolder();
  await claimAgent(folder, record("gone"), isGone);
  expect(await readAgents(folder, isGone)).toEqual([]);
  await claimAgent(folder, record("1"), isGone);
  expect(await readAgents(folder, isGone)).toEqual([record("1")]);
  expect(await readdir(join(folder, "agents"))).toHaveLength(1);
  await Bun.write(join(folder, "agents", "day.json"), "{");
  await claimAgent(folder, record("2", "day"), isGone);
  expect(await readAgents(folder, isGone)).toHaveLength(2);
});

test("claimAgent() lets no two of many run that begin at the same moment", async () => {
  const folder = await newFolder();
  await claimAgent(folder, record("gone"), isGone);
  const claims = Array.from({ length: 10 }, (_, at) => claimAgent(folder, record(String(at)), isGone));
  const claimed = (await Promise.allSettled(claims)).filter(({ status }) => status === "fulfilled").length;
  expect(claimed).toBeLessThanOrEqual(1);
  expect(await readdir(join(folder, "agents"))).toHaveLength(claimed);
});

test("claimAgent() sees who becomes an agent while it reads who else claims", async () => {
  const folder = await newFolder();
  const agents = join(folder, "agents");
  await mkdir(agents);
  const [slow, other] = [join(agents, "a.json"), join(agents, "night.0")];
  await Bun.write(`${other}.claim`, JSON.stringify(record("1")));
  await runProgram(["mkfifo", slow]);
  const claim = failureOf(claimAgent(folder, record("2"), isGone));
  // The names have been listed as soon as the first file is opened.
  const held = await open(slow, "w");
  await rename(`${other}.claim`, `${other}.json`);
  await rm(slow);
  await held.close();
  expect(await claim).toMatch(/"night" runs here/);
});

test("readAgents() finds nobody where nobody ever was", async () => {
  expect(await readAgents(join(root.path, "none"), isGone)).toEqual([]);
});
