import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { waitUntil } from "../../scripts/services/service.ts";
import { CheckServer } from "../notify/check-server.ts";
import { expectFailure, listGood } from "./scene.ts";
import { sqliteDatabase, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

const hosts: Workspace[] = [];
afterAll(async () => {
  for (const host of hosts) await host[Symbol.asyncDispose]();
});

/** A host whose one database has commands that write down what they are told. */
async function hostWith(
  hooks: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<Workspace> {
  const host = await workspace();
  hosts.push(host);
  const path = join(host.folder, "app.db");
  using database = new Database(path);
  database.run("CREATE TABLE t (id INTEGER)");
  const notes = join(host.folder, "notes");
  const note = ["sh", "-c", 'env | grep ^DBACKED_ | sort | tr "\\n" " " >> "$0"; echo >> "$0"', notes];
  const table = { afterSuccess: note, afterFailure: note, before: note, ...hooks };
  await host.configure({ databases: [sqliteDatabase(path, { name: "app", hooks: table, ...more })] });
  return host;
}

async function notesOf(host: Workspace): Promise<string[]> {
  const text = await readFile(join(host.folder, "notes"), "utf8").catch(() => "");
  return text.trimEnd().split("\n");
}

test("before and afterSuccess are run around a good backup, and know of it", async () => {
  const host = await hostWith({});
  expect(await host.run(["run", "--once"])).toMatchObject({ exitCode: 0 });
  const [id = ""] = await listGood(host);
  const [before = "", after = "", ...more] = await notesOf(host);
  expect(before).toBe(
    "DBACKED_DATABASE=app DBACKED_ENGINE=sqlite DBACKED_HOOK=before DBACKED_STORES=folder ",
  );
  for (const fact of [`DBACKED_BACKUP_ID=${id}`, "DBACKED_HOOK=afterSuccess", "DBACKED_COMPLETE=true"])
    expect(after).toContain(fact);
  expect(after).toMatch(/DBACKED_BYTES=\d+ .*DBACKED_DUMP_BYTES=\d+ .*DBACKED_TAKEN_AT=\S+Z/);
  expect(more).toEqual([]);
});

test("a failing before stops the job before it asks the database anything, and afterFailure is run", async () => {
  await using check = new CheckServer();
  const host = await hostWith({ before: ["sh", "-c", "echo no >&2; exit 7"] }, { pingUrl: check.url });
  expectFailure(await host.run(["run", "--once"]), {
    exitCode: 5,
    says: /app: Its command before failed: sh failed with exit code 7: no/,
  });
  expect(await listGood(host)).toEqual([]);
  const [after = "", ...more] = await notesOf(host);
  expect(after).toContain("DBACKED_ERROR=Its command before failed");
  expect(after).toContain("DBACKED_ERROR_KIND=tool");
  expect(more).toEqual([]);
  expect(check.paths).toEqual(["/fail?rid=RID"]);
});

test("a failing afterSuccess leaves the backup, and is told everywhere", async () => {
  await using check = new CheckServer();
  const host = await hostWith({ afterSuccess: ["false"] }, { pingUrl: check.url });
  const { exitCode, stdout } = await host.run(["run", "--once", "--json"]);
  expect(exitCode).toBe(5);
  const message = "The backup is stored. Its command afterSuccess failed: false failed with exit code 1";
  expect(JSON.parse(stdout)).toMatchObject({
    backups: [{ database: "app" }],
    failures: [{ database: "app", kind: "tool", message }],
  });
  expect(await listGood(host)).toHaveLength(1);
  expect(check.received.at(-1)?.body).toContain(`app: ${message}\nhint: run it by hand: false\napp: backup `);
});

test("a failing afterFailure is a warning beside the failure", async () => {
  const host = await hostWith({ before: ["false"], afterFailure: ["sh", "-c", "echo on >&2; exit 1"] });
  const { exitCode, stderr } = await host.run(["run", "--once"]);
  expect(exitCode).toBe(5);
  expect(stderr).toContain("app: afterFailure: on");
  expect(stderr).toContain("warning: app: Its command afterFailure failed: sh failed with exit code 1: on");
});

test("a signal kills a command, and afterFailure is still run", async () => {
  const host = await hostWith({ before: ["sh", "-c", "echo waits; sleep 1000"] });
  const running = await host.start(["run", "--once"]);
  await waitUntil(() => running.said().includes("waits"), { what: "the command" });
  running.kill("SIGTERM");
  expect(await running.finished).toMatchObject({ exitCode: 143 });
  expect((await notesOf(host)).join()).toContain(
    "DBACKED_ERROR=stopped by SIGTERM DBACKED_ERROR_KIND=interrupted",
  );
  const { exitCode, stdout } = await host.run(["status", "--json"]);
  expect(exitCode).toBe(10);
  expect(JSON.parse(stdout)).toMatchObject({
    databases: [{ state: "failed", failures: { last: [{ kind: "interrupted" }] } }],
  });
});

test("a signal during afterSuccess does not undo the backup", async () => {
  const host = await hostWith({ afterSuccess: ["sh", "-c", "echo waits; sleep 1000"] });
  const running = await host.start(["run", "--once"]);
  await waitUntil(() => running.said().includes("waits"), { what: "the command" });
  running.kill("SIGTERM");
  expect(await running.finished).toMatchObject({ exitCode: 143 });
  expect(await listGood(host)).toHaveLength(1);
  expect(await notesOf(host)).toEqual([expect.stringContaining("DBACKED_HOOK=before")]);
});

test("nothing is run where nothing is due, and a command may call dbacked itself", async () => {
  const host = await hostWith({}, { schedule: "1d" });
  expect(await host.run(["run", "--once", "--if-due"])).toMatchObject({ exitCode: 0 });
  expect(await host.run(["run", "--once", "--if-due"])).toMatchObject({ exitCode: 0 });
  expect(await notesOf(host)).toHaveLength(2);
  const env = { DBACKED_HOOK: "afterSuccess", DBACKED_DATABASE: "app", DBACKED_BACKUP_ID: "1" };
  expect(await host.run(["list"], { env })).toMatchObject({ exitCode: 0 });
  const without = { DBACKED_DATABASE: "app" };
  expectFailure(await host.run(["list"], { env: without }), {
    exitCode: 3,
    says: /DBACKED_DATABASE: unknown variable/,
  });
});

test("the agent runs them too, and afterFailure for a process that could not", async () => {
  const host = await hostWith({}, { schedule: "1d" });
  await host.run(["signer", "new"]);
  const agent = await host.start(["run"]);
  await waitUntil(async () => (await notesOf(host)).length === 2, { what: "both commands" });
  agent.kill("SIGTERM");
  await agent.finished;
});
