import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { waitUntil } from "../../scripts/services/service.ts";
import { hanging, listGood, readPids, removeScenes, sceneIn, SETTINGS, type Scene } from "./scene.ts";
import { backUp, sqliteDatabase, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);
afterAll(removeScenes);

const THIRTEEN_HOURS_MS = 13 * 60 * 60 * 1000;

test.each(SETTINGS)("killed on its way to %s, it leaves no backup and stops no other", async (setting) => {
  const scene = await sceneIn(setting);
  const look = async () => (await scene.place.look()).filter(isVisible);
  const [before, good] = [await look(), await listGood(scene.host)];
  await killInTheMiddle(scene);
  expect(await look()).toEqual(before);
  expect(await listGood(scene.host)).toEqual(good);
  await scene.expectRestorable();
});

test("what it was writing when it was killed is removed when it is old", async () => {
  const scene = await sceneIn("a folder");
  await killInTheMiddle(scene);
  const set = join(scene.host.store, "shop");
  const left = (await readdir(set)).filter((name) => !isVisible(name));
  expect(left).not.toEqual([]);
  const old = new Date(Date.now() - THIRTEEN_HOURS_MS);
  for (const name of left) await utimes(join(set, name), old, old);
  await scene.expectRestorable();
  expect((await readdir(set)).filter((name) => !isVisible(name))).toEqual([]);
});

/** Kills a run while its upload is under way, and the dump that it was waiting for. */
async function killInTheMiddle(scene: Scene): Promise<void> {
  const { host, dumpBytes } = scene;
  const pidFile = join(host.folder, crypto.randomUUID());
  await scene.breakDump(`"$REAL" "$@" | head -c ${Math.floor(dumpBytes * 0.8)}; ${hanging(pidFile)}`);
  const running = await host.start(["run", "--once"]);
  const pids = await readPids(pidFile);
  running.kill("SIGKILL");
  expect(await running.finished).toMatchObject({ exitCode: 137 });
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

test("the snapshot of an SQLite file that a killed run left is removed by the next", async () => {
  await using host = await workspace();
  const path = join(host.folder, "app.db");
  await host.configure({ databases: [sqliteDatabase(path)] });
  {
    using database = new Database(path);
    database.run("CREATE TABLE t AS SELECT randomblob(1000000) FROM (VALUES (1), (2), (3), (4), (5)) a");
    for (let size = 5; size < 80; size *= 2) database.run("INSERT INTO t SELECT * FROM t");
  }
  const whole: string[] = [];
  await waitUntil(() => killDuringSnapshot(host, whole), { what: "a run that is killed in time" });
  expect(await listGood(host)).toEqual(whole);

  await backUp(host);
  expect(await snapshotsIn(host)).toEqual([]);
});

/** Says whether a snapshot was left behind; a run that was faster adds its backup to `whole`. */
async function killDuringSnapshot(host: Workspace, whole: string[]): Promise<boolean> {
  const running = await host.start(["run", "--once", "--json"]);
  const isOver = running.finished.then(() => true);
  while ((await snapshotsIn(host)).length === 0) {
    if (await Promise.race([isOver, Bun.sleep(1).then(() => false)])) break;
  }
  running.kill("SIGKILL");
  const { exitCode, stdout } = await running.finished;
  if (exitCode === 0) whole.unshift((JSON.parse(stdout) as { backups: [{ id: string }] }).backups[0].id);
  return (await snapshotsIn(host)).length > 0;
}

async function snapshotsIn(host: Workspace): Promise<string[]> {
  return (await readdir(host.folder)).filter((name) => name.startsWith(".app.db.dbacked-"));
}

/** Files whose name begins with a dot are no objects. */
function isVisible(key: string): boolean {
  return !/(?:^|\/)\./.test(key);
}
