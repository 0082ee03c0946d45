import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { waitUntil } from "../../scripts/services/service.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { sharedPostgres, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import { expectFailure, hanging, listGood, makeTools, readPids } from "./scene.ts";
import { backUp, folderStore, postgresDatabase, s3Store, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

const SMALL = "CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)";

const hosts: Workspace[] = [];
afterAll(async () => {
  for (const host of hosts) await host[Symbol.asyncDispose]();
});

const STORES = {
  "a folder": async (host: Workspace) => folderStore(host.store),
  SeaweedFS: async () => {
    const server = await sharedSeaweed();
    return s3Store(server, await makeBucket(server));
  },
};

/** A host whose dumps take a while: `script` is run for each. */
async function slowHost(store: keyof typeof STORES, script: (host: Workspace) => string): Promise<Workspace> {
  const host = await workspace();
  hosts.push(host);
  const server = await sharedPostgres();
  const databaseToolsDirectory = await makeTools(host.folder, server.binDirectory, script(host));
  const more = { databaseToolsDirectory, leaseTimeout: "5s" };
  const databases = [postgresDatabase(server, await createDatabase(server, SMALL), more)];
  await host.configure({ databases, stores: [await STORES[store](host)] });
  // Two runs that come first would both make a signing key.
  await host.run(["signer", "new"]);
  return host;
}

const SLOW = () => 'sleep 2; exec "$REAL" "$@"';

test.each(["a folder", "SeaweedFS"] as const)(
  "of two runs that begin together one makes the backup, in %s, and the other names it",
  async (store) => {
    const host = await slowHost(store, SLOW);
    const runs = [1, 2].map(async () => host.run(["run", "--once", "--json"]));
    const [good, bad] = (await Promise.all(runs)).toSorted((one, other) => one.exitCode - other.exitCode);
    expect(good).toMatchObject({ exitCode: 0 });
    expect(bad).toMatchObject({ exitCode: 9 });
    const { failures } = JSON.parse(bad?.stdout ?? "") as { failures: object[] };
    expect(failures).toMatchObject([{ database: "shop", kind: "busy" }]);
    expect(await listGood(host)).toHaveLength(1);
  },
);

test("a run that waits for another begins when that has ended, and goes on with its chain", async () => {
  const host = await slowHost("a folder", SLOW);
  const first = await host.start(["run", "--once"]);
  await isHeld(host);
  const second = await host.run(["run", "--once", "--wait", "1m"]);
  expect(second).toMatchObject({ exitCode: 0 });
  expect(second.stderr).toMatch(/shop: Another run is backing up "shop" .*; waiting/);
  expect(await first.finished).toMatchObject({ exitCode: 0 });
  expect((await readChain(host)).map(({ seq }) => seq)).toEqual([1, 2]);
});

test("a run whose holder was killed on the same host begins at once", async () => {
  const host = await slowHost("a folder", ({ folder }) => hanging(join(folder, "pids")));
  const running = await host.start(["run", "--once"]);
  const pids = await readPids(join(host.folder, "pids"));
  expectFailure(await host.run(["run", "--once"]), { exitCode: 9, says: /Another run is backing up "shop"/ });
  running.kill("SIGKILL");
  await running.finished;
  for (const pid of pids) process.kill(pid, "SIGKILL");
  const server = await sharedPostgres();
  await host.configure({ databases: [postgresDatabase(server, await createDatabase(server, SMALL))] });
  const { stderr } = await host.run(["run", "--once", "--adopt"]);
  expect(stderr).toContain("shop: backup");
});

test("the lease of a run that is frozen is over, and both make whole backups of one chain", async () => {
  const host = await slowHost("a folder", SLOW);
  await backUp(host);
  const frozen = await host.start(["run", "--once"]);
  await isHeld(host);
  frozen.kill("SIGSTOP");
  const other = await host.run(["run", "--once", "--wait", "30s"]);
  expect(other).toMatchObject({ exitCode: 0 });
  frozen.kill("SIGCONT");
  expect(await frozen.finished).toMatchObject({ exitCode: 0 });
  await backUp(host);
  const good = await listGood(host);
  expect(good).toHaveLength(4);
  const chain = await readChain(host);
  expect(chain.map(({ seq }) => seq)).toEqual([1, 2, 2, 3]);
  for (const { seq, prev } of chain.slice(1))
    expect(chain.find(({ core }) => core === prev)?.seq).toBe(seq - 1);
  for (const id of good) expect(await host.run(["verify", id])).toMatchObject({ exitCode: 0 });
});

async function isHeld(host: Workspace): Promise<void> {
  const folder = join(host.store, "shop", "lease");
  const count = async () => {
    const names = await readdir(folder).catch(() => []);
    return (
      names.filter((name) => /^\d{12}$/.test(name)).length -
      names.filter((name) => name.endsWith(".end")).length
    );
  };
  await waitUntil(async () => (await count()) === 1, { what: "the lease to be taken" });
  // It is looked at once more before the dump begins.
  await Bun.sleep(500);
}

interface Link {
  seq: number;
  core: string;
  prev: string | null;
}

/** What the manifests say, in the order of `seq`. */
async function readChain(host: Workspace): Promise<Link[]> {
  const folder = join(host.store, "shop");
  const names = (await readdir(folder)).filter((name) => /-[0-9a-f]{32}\.json$/.test(name));
  const links = names.map(async (name) => {
    const { payload } = (await Bun.file(join(folder, name)).json()) as { payload: string };
    return JSON.parse(atob(payload)) as Link;
  });
  return (await Promise.all(links)).toSorted((one, other) => one.seq - other.seq);
}
