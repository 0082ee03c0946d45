import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { listGood } from "../integration/scene.ts";
import { backUp, folderStore, sqliteDatabase, type Workspace, workspace } from "../integration/workspace.ts";
import { DISK_ROWS, type DiskRow } from "./disk-rows.ts";
import { expectRestored, fileOf, grow, lookInto } from "./file.ts";
import { expectOutcome } from "./finished.ts";
import { smallDisk } from "./small-disk.ts";

setDefaultTimeout(60_000);

const MIB = 1024 * 1024;

async function configure(host: Workspace, more: Partial<Record<DiskRow["folder"], string>> = {}) {
  const { store = host.store, ...entry } = more;
  await host.configure({
    databases: [sqliteDatabase(fileOf(host), entry)],
    stores: [folderStore(store)],
  });
}

test.each(DISK_ROWS)("$where: $what", async ({ folder, harm, outcome }) => {
  await using host = await workspace();
  await using disk = await smallDisk(join(host.folder, "disk"));
  const places = { [folder]: disk.path };
  const usual = folder === "store" ? places : {};
  await configure(host, usual);
  const small = grow(host, 1000);
  const { id } = await backUp(host);
  const store = usual.store ?? host.store;
  const before = await lookInto(store);
  const large = grow(host, 12 * MIB);

  await configure(host, harm === "gone" ? { [folder]: join(host.folder, "gone") } : places);
  expectOutcome(await host.run(["run", "--once", "--json"], { prefix: disk.prefix }), outcome);
  expect(await readdir(host.folder)).not.toContain("gone");
  expect(await lookInto(store)).toEqual(before);
  expect((await readdir(disk.path)).filter((name) => name.startsWith("."))).toEqual([]);

  await configure(host, usual);
  expect(await listGood(host)).toEqual([id]);
  await expectRestored(host, id, small);
  // A larger disk, with what lay on the small one.
  await Bun.$`cp -r ${store}/. ${join(host.folder, "larger")}`.quiet();
  await configure(host, { store: join(host.folder, "larger") });
  const next = await backUp(host);
  expect(await listGood(host)).toEqual([next.id, id]);
  await expectRestored(host, next.id, large);
});
