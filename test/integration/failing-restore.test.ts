import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { waitUntil } from "../../scripts/services/service.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { sharedPostgres } from "../services.ts";
import type { Running } from "./binary.ts";
import { contentOf, noisyDatabase } from "./sample-database.ts";
import { expectFailure } from "./scene.ts";
import { backUp, envelopeIn, postgresDatabase, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

const server = await sharedPostgres();
const OLD = "CREATE TABLE old AS SELECT generate_series(1, 100) AS id";

/** A host with a backup, and a target with something old in it. */
async function begin(): Promise<{ host: Workspace; target: string; args: string[]; old: string }> {
  const host = await workspace({ databases: [postgresDatabase(server, await noisyDatabase())] });
  await backUp(host);
  const target = await createDatabase(server, OLD);
  const to = ["--to", server.url(target), "--force"];
  const args = ["restore", "--last-backup", "--private-key-path", host.privateKey, ...to];
  return { host, target, args, old: await contentOf(target) };
}

/** Lets every restore into `target` wait when its data are there and its constraints are due. */
async function blockConstraints(target: string): Promise<AsyncDisposable> {
  const sql = "BEGIN; LOCK TABLE pg_constraint IN EXCLUSIVE MODE; SELECT pg_sleep(600);";
  const psql = Bun.spawn([join(server.binDirectory, "psql"), "-Xq", "-c", sql, server.url(target)], {
    stdout: "ignore",
    stderr: "ignore",
  });
  const locks =
    "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'ExclusiveLock' AND relation = 'pg_constraint'::regclass";
  await waitUntil(async () => (await server.query(locks, target)) === "1\n", { what: "the lock" });
  return {
    [Symbol.asyncDispose]: async () => {
      const end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND datname = current_database() AND pid <> pg_backend_pid()";
      await server.query(end, target);
      await psql.exited;
    },
  };
}

/** Starts a restore into `target` that waits for `release`. */
async function startBlocked(host: Workspace, target: string, args: readonly string[]): Promise<Blocked> {
  const block = await blockConstraints(target);
  const running = await host.start(args);
  await waitUntil(async () => (await countConnections(target, true)) > 0, { what: "the restore to wait" });
  const release = async () => {
    await block[Symbol.asyncDispose]();
    await waitUntil(async () => (await countConnections(target)) === 0, { what: "its connections to end" });
  };
  return { running, release };
}

interface Blocked {
  running: Running;
  /** Ends the wait, and waits until dbacked has left the target. */
  release: () => Promise<void>;
}

/** How many connections of dbacked there are; with `waiting`, only those that wait for a lock. */
async function countConnections(target: string, waiting = false): Promise<number> {
  const which = waiting ? "AND wait_event_type = 'Lock'" : "";
  const sql = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dbacked' ${which}`;
  return Number(await server.query(sql, target));
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("a restore that %s ends leaves the target as it was", async (signal, exitCode) => {
  const { host, target, args, old } = await begin();
  await using _ = host;
  const { running, release } = await startBlocked(host, target, args);
  running.kill(signal);
  expectFailure(await running.finished, { exitCode, says: new RegExp(`stopped by ${signal}`) });
  await release();
  expect(await contentOf(target)).toBe(old);
});

test("a restore that is killed leaves the target as it was, or restored", async () => {
  const { host, target, args, old } = await begin();
  await using _ = host;
  const { running, release } = await startBlocked(host, target, args);
  running.kill("SIGKILL");
  await running.finished;
  await release();
  expect([old, await contentOf(await noisyDatabase())]).toContain(await contentOf(target));
});

test("a restore whose connection is cut leaves the target as it was", async () => {
  const { host, target, args, old } = await begin();
  await using _ = host;
  const { running, release } = await startBlocked(host, target, args);
  const cut =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dbacked'";
  await server.query(cut, target);
  const says = /Cannot restore into [^]*terminating connection/;
  expectFailure(await running.finished, { exitCode: 4, says });
  await release();
  expect(await contentOf(target)).toBe(old);
});

test.each([[[]], [["--single-pass"]], [["--jobs", "2"]]])(
  "a damaged envelope changes nothing in the target, with %j",
  async (more) => {
    const { host, target, args, old } = await begin();
    await using _ = host;
    const envelope = await envelopeIn(host, "shop");
    const bytes = await Bun.file(envelope).bytes();
    bytes[bytes.length - 1000] = (bytes[bytes.length - 1000] ?? 0) ^ 1;
    await Bun.write(envelope, bytes);
    expectFailure(await host.run([...args, ...more]), {
      exitCode: 8,
      says: /segment|chain|damaged|changed/i,
    });
    expect(await contentOf(target)).toBe(old);
    expect(await readdir(host.temporary)).toEqual([]);
  },
);

test("a restore by several connections removes its file when it is stopped", async () => {
  const { host, target, args } = await begin();
  await using _ = host;
  const { running, release } = await startBlocked(host, target, [...args, "--jobs", "2"]);
  expect(await readdir(host.temporary)).toHaveLength(1);
  running.kill("SIGTERM");
  expect(await running.finished).toMatchObject({ exitCode: 143 });
  expect(await readdir(host.temporary)).toEqual([]);
  await release();
});
