import { Database as Connection } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { history } from "./history.ts";
import { listGood } from "./scene.ts";
import { folderStore, sqliteDatabase } from "./workspace.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;
const old = new Date(Date.now() - 8 * 86_400_000);

async function plant(folder: string, name: string, isOld = true): Promise<void> {
  await Bun.write(join(folder, name), "x".repeat(100));
  if (isOld) await utimes(join(folder, name), old, old);
}

test("list --unfinished shows what prune clears up: orphans, temporary files, old leases", async () => {
  await using site = await history("a folder");
  const [first = "", second = ""] = await site.make(2);
  await site.configure({ keep: { last: 2 } });
  const { store: folder } = site.host;
  const at = (digit: string, ending: string) => `app/20260901T020000Z-${digit.repeat(32)}${ending}`;
  const stale = [
    at("a", ".dbk"),
    at("a", ".dbk.0001"),
    at("b", ".dbk.0003"),
    at("c", ".proof-1763776800000-0a1b2c3d.json"),
    "app/.dbacked-0e7f.tmp",
    "app/lease/00000001",
    "app/lease/00000001.1",
    "app/lease/00000002",
    "app/lease/00000002.end",
  ];
  const young = [at("d", ".dbk"), "app/.dbacked-young.tmp"];
  const foreign = ["app/notes.txt", "app/.hidden", at("a", ".txt"), "app/lease/mine.txt"];
  for (const name of [...stale, ...foreign]) await plant(folder, name);
  for (const name of young) await plant(folder, name, false);

  const listed = await site.host.run(["list"]);
  expect(listed.stderr).toContain("dbacked list --unfinished");
  const { stdout } = await site.host.run(["list", "--unfinished", "--json"]);
  const shown = JSON.parse(stdout) as { kind: string; removable: boolean }[];
  const words = shown.map(({ kind, removable }) => `${kind} ${removable ? "goes" : "stays"}`);
  expect(words.toSorted()).toEqual([
    "draft goes",
    "draft stays",
    "envelope goes",
    "envelope stays",
    "leases goes",
    "remains goes",
    "volumes goes",
  ]);

  await plant(folder, "app/lease/00000003", false);
  expect((await site.prune()).unfinished.every(({ fate }) => fate === "kept")).toBe(true);
  await plant(folder, "app/lease/00000003.end", false);
  expect(await site.prune()).toMatchObject({ exitCode: 0, removedBytes: 900 });
  for (const name of stale) expect(await Bun.file(join(folder, name)).exists()).toBe(false);
  for (const name of [...young, ...foreign]) expect(await Bun.file(join(folder, name)).exists()).toBe(true);
  expect(await listGood(site.host)).toEqual([second, first]);
  await site.expectRestorable(first, 0);
});

test("a prune that died goes on where it was once that is a week ago", async () => {
  await using site = await history("a folder");
  const ids = await site.make(3);
  await site.configure({ keep: { last: 2 } });
  const left = (await site.look()).filter(
    (key) => key.includes(ids[0] ?? "") && !/[0-9a-f]{32}\.json$/.test(key),
  );
  await site.store.remove(
    (await site.look()).filter((key) => key.endsWith(`${ids[0]}.json`)),
    never,
  );
  expect((await site.prune()).unfinished).toMatchObject([{ kind: "envelope", fate: "kept" }]);
  for (const key of left) await utimes(join(site.host.store, key), old, old);
  expect((await site.prune()).unfinished).toMatchObject([{ kind: "envelope", fate: "removed" }]);
  expect((await site.look()).filter((key) => key.includes(ids[0] ?? ""))).toEqual([]);
  await site.expectRestorable(ids[2] ?? "", 2);
});

test("names that somebody planted do nothing to a terminal", async () => {
  await using site = await history("a folder");
  await site.make(1);
  await site.configure({ keep: { last: 1 } });
  await plant(site.host.store, "app/\u001B[31mred.txt");
  const { exitCode, stderr } = await site.host.run(["prune"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("u{1b}[31mred.txt") });
  expect(stderr).not.toContain("\u001B");
});

test("an entry for a whole server prunes each set, also of a database that is gone", async () => {
  await using site = await history("a folder");
  const sets = ["prod.shop", "prod.%47one", "prod.%globals"];
  const ids: Record<string, string[]> = {};
  for (const set of sets) ids[set] = await site.make(3, { set });
  const entry = { name: "prod", type: "postgres", url: "postgres://nobody@127.0.0.1:1/*", keep: { last: 2 } };
  await site.host.configure({ databases: [entry] });
  const one = await site.prune("prod.shop");
  expect(one.backups).toEqual({
    kept: ids["prod.shop"]?.slice(1) ?? [],
    removed: ids["prod.shop"]?.slice(0, 1) ?? [],
  });
  expect((await site.prune("--database", "prod")).backups["removed"]?.toSorted()).toEqual(
    [ids["prod.%47one"]?.[0] ?? "", ids["prod.%globals"]?.[0] ?? ""].toSorted(),
  );
  expect(await listGood(site.host)).toHaveLength(6);
});

test("prune removes nothing without keep, nor where the store cannot be listed, nor for names that nobody knows", async () => {
  await using site = await history("a folder");
  const ids = await site.make(5);
  expect(await site.prune("--yes")).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("no keep"),
  });
  await site.configure({ keep: { last: 1 } });
  expect((await site.host.run(["prune", "nobody"])).exitCode).toBe(2);
  expect((await site.host.run(["prune", "--store", "nowhere"])).exitCode).toBe(2);
  const elsewhere = folderStore(join(site.host.folder, "elsewhere"), { name: "elsewhere" });
  const both = [folderStore(site.host.store), elsewhere];
  const app = sqliteDatabase(site.file, { keep: { last: 1 }, stores: ["folder"] });
  await site.host.configure({ stores: both, databases: [app] });
  const other = await site.host.run(["prune", "app", "--store", "elsewhere"]);
  expect(other).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("they go to folder") });
  await site.configure({ keep: { last: 1 } });
  expect((await site.host.run(["prune", "app", "--database", "app"])).exitCode).toBe(2);
  await Bun.$`mv ${site.host.store} ${site.host.store}-away`.quiet();
  expect(await site.prune("--yes")).toMatchObject({ exitCode: 6, failures: [{ kind: "store" }] });
  await Bun.$`mv ${site.host.store}-away ${site.host.store}`.quiet();
  expect((await listGood(site.host)).toReversed()).toEqual(ids);
});

test("prune stops where the newest backup is of an emptied database", async () => {
  await using site = await history("a folder");
  const ids = await site.make(2);
  await site.configure({ keep: { last: 2 } });
  const more = new Uint8Array(300_000);
  using connection = new Connection(site.file);
  connection.run("CREATE TABLE more (bytes BLOB)");
  connection.run("INSERT INTO more VALUES (?)", [more]);
  ids.push(...(await site.make(2)));
  await site.prune("--yes");
  connection.run("DROP TABLE more");
  connection.run("VACUUM");
  ids.push(...(await site.make(1)));
  expect(await site.prune()).toMatchObject({
    exitCode: 2,
    failures: [{ message: expect.stringContaining("are usual") }],
  });
  expect((await listGood(site.host)).toReversed()).toEqual(ids.slice(2));
});

test("a run prunes after its backup if it is told to, and a failure of that is a warning", async () => {
  await using site = await history("a folder");
  const ids = await site.make(3);
  await site.configure({ keep: { last: 2 }, pruneAfterBackup: true });
  const run = await site.host.run(["run", "--once", "--json"]);
  expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("removed 2 backups") });
  expect(await listGood(site.host)).toHaveLength(2);
  await site.expectRestorable(ids[2] ?? "", 2);

  await site.make(5, { now: () => new Date("2026-10-20T02:00:00Z") });
  const stopped = await site.host.run(["run", "--once"]);
  expect(stopped).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("could not be pruned: Nothing was removed"),
  });
  expect(await listGood(site.host)).toHaveLength(8);
});
