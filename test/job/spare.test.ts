import { expect, test } from "bun:test";
import { Database as Connection } from "bun:sqlite";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DbackedError } from "../../src/base/error.ts";
import type { Backup } from "../../src/catalog/list.ts";
import { envelopeKey, manifestKey } from "../../src/catalog/name.ts";
import { databaseDrivers } from "../../src/database/registry.ts";
import { unsealSource } from "../../src/job/open.ts";
import { restoreInto } from "../../src/job/restore.ts";
import { type Spare, unsealFirst } from "../../src/job/spare.ts";
import { FolderStore } from "../../src/store/folder.ts";
import { volumeSource } from "../../src/store/volumes.ts";
import { failureOf } from "../conformance/sample.ts";
import { PLAINEST } from "../database/plainest.ts";
import { OPENER } from "./plan.ts";
import { makeSite, never, type Site } from "./site.ts";
import { HARMS } from "./spoilt-store.ts";

type Told = { from: string; failure: DbackedError }[];

function spareIn(store: FolderStore, { name, manifest, storedAt }: Backup, told: Told): Spare {
  const source = volumeSource(store, envelopeKey(name), manifest.volumes);
  return {
    open: () => unsealSource({ source, manifest, storedAt }, OPENER, never),
    tellLeft: (failure) => told.push({ from: store.label, failure }),
  };
}

async function restore({ folder }: Site, spares: readonly Spare[]): Promise<number> {
  const { sqlite } = databaseDrivers;
  const path = join(folder, "restored.db");
  const target = sqlite.create(sqlite.options.parse({ path }));
  const unsealed = await unsealFirst(spares, true, never);
  await restoreInto(
    target,
    unsealed,
    { plan: PLAINEST, singlePass: false, progress: { restored: 0 } },
    never,
  );
  using connection = new Connection(path, { readonly: true });
  return connection.query<{ count: number }, []>("SELECT count(*) AS count FROM orders").get()?.count ?? -1;
}

const OF_ENVELOPES = HARMS.filter(([what]) => !what.includes("manifest"));

test.each(OF_ENVELOPES)("unsealFirst() takes the next copy if of the first %s", async (_, harm) => {
  await using site = await makeSite();
  const backup = await site.backUp();
  await Bun.$`cp -r ${site.storeFolder} ${site.folder}/harmed`;
  const harmed = new FolderStore({ path: join(site.folder, "harmed") });
  await harm(join(harmed.label, envelopeKey(backup.name)), join(harmed.label, manifestKey(backup.name)));
  const told: Told = [];
  expect(await failureOf(restore(site, [spareIn(harmed, backup, told)]))).toMatchObject({
    kind: expect.stringMatching(/damaged|store/),
  });
  expect(await Bun.file(join(site.folder, "restored.db")).exists()).toBe(false);
  expect(await restore(site, [spareIn(harmed, backup, told), spareIn(site.store, backup, told)])).toBe(2);
  expect(told.map(({ from }) => from)).toEqual([harmed.label]);
});

test("unsealFirst() takes the next copy if a store is gone, and fails as the last one does", async () => {
  await using site = await makeSite();
  const backup = await site.backUp();
  const told: Told = [];
  const gone = new FolderStore({ path: join(site.folder, "gone") });
  const empty = new FolderStore({ path: join(site.folder, "empty") });
  await mkdir(empty.label);
  const spares = [gone, empty, site.store].map((store) => spareIn(store, backup, told));
  expect(await restore(site, spares)).toBe(2);
  expect(told.map(({ from }) => from)).toEqual([gone.label, empty.label]);
  expect(await failureOf(unsealFirst(spares.slice(0, 2), true, never))).toMatchObject({ kind: "store" });
});

test("unsealFirst() tries no other copy where the key is what is wrong", async () => {
  await using site = await makeSite();
  const backup = await site.backUp();
  const told: Told = [];
  const { name, manifest, storedAt } = backup;
  const source = volumeSource(site.store, envelopeKey(name), manifest.volumes);
  const keyless = { ...OPENER, identities: [] };
  const spare: Spare = {
    open: () => unsealSource({ source, manifest, storedAt }, keyless, never),
    tellLeft: (failure) => told.push({ from: "", failure }),
  };
  expect(await failureOf(unsealFirst([spare, spare], true, never))).toMatchObject({ kind: "key" });
  expect(told).toEqual([]);
});
