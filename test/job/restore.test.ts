import { Database as Connection } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { collect, streamOf } from "../../src/base/bytes.ts";
import { envelopeKey } from "../../src/catalog/name.ts";
import type { Database } from "../../src/database/database.ts";
import { databaseDrivers } from "../../src/database/registry.ts";
import { unsealSource, unsealStream, type Unsealed } from "../../src/job/open.ts";
import { restoreInto, type RestoreOptions } from "../../src/job/restore.ts";
import { seal } from "../../src/seal/seal.ts";
import { volumeSource } from "../../src/store/volumes.ts";
import { failureOf } from "../conformance/sample.ts";
import { PLAINEST } from "../database/plainest.ts";
import { metadata, recipient, sealedMetadata, signer, summaryOf } from "../seal/sample.ts";
import { OPENER } from "./plan.ts";
import { makeSite, never, type Site } from "./site.ts";

type Change = Partial<RestoreOptions["plan"]> & { singlePass?: boolean };

function optionsOf({ singlePass = false, ...plan }: Change = {}): RestoreOptions {
  return { plan: { ...PLAINEST, ...plan }, singlePass, progress: { restored: 0 } };
}

/** The file `name` of the site, as a target. */
function target({ folder }: Site, name = "target.db"): Database {
  const { sqlite } = databaseDrivers;
  return sqlite.create(sqlite.options.parse({ path: join(folder, name) }));
}

async function unsealed(site: Site): Promise<Unsealed> {
  const { name, manifest } = await site.backUp();
  const source = volumeSource(site.store, envelopeKey(name), manifest.volumes);
  return await unsealSource({ source, manifest, storedAt: null }, OPENER, never);
}

function rowsOf({ folder }: Site, name = "target.db"): unknown[] {
  using connection = new Connection(join(folder, name), { readonly: true });
  return connection.query("SELECT * FROM orders").values();
}

const ROWS = [
  [1, "tea"],
  [2, "jam"],
];

test("restoreInto() restores, and tells how far it is", async () => {
  await using site = await makeSite();
  const options = optionsOf();
  await restoreInto(target(site), await unsealed(site), options, never);
  expect(rowsOf(site)).toEqual(ROWS);
  expect(options.progress.restored).toBe(Bun.file(join(site.folder, "target.db")).size);
});

test("restoreInto() refuses a target that holds something, unless it is to be emptied", async () => {
  await using site = await makeSite();
  const backup = await unsealed(site);
  await restoreInto(target(site), backup, optionsOf(), never);
  const refusal = await failureOf(restoreInto(target(site), backup, optionsOf(), never));
  expect(refusal).toMatchObject({ kind: "target", message: expect.stringContaining("table orders") });
  await restoreInto(target(site), backup, optionsOf({ force: true }), never);
  expect(rowsOf(site)).toEqual(ROWS);
});

test.each([
  ["pg-custom", /PostgreSQL|postgres/],
  ["mongo-archive", /is a dump of MongoDB/],
  ["redis-rdb", /this version cannot restore/],
  ["constructor", /this version cannot restore/],
])("restoreInto() refuses to put a dump of the kind %s into an SQLite file", async (dump, says) => {
  await using site = await makeSite();
  const other = { ...(await unsealed(site)), dump };
  const refusal = await failureOf(restoreInto(target(site), other, optionsOf(), never));
  expect(refusal).toMatchObject({ kind: "target", message: expect.stringMatching(says) });
});

test("restoreInto() takes from stdin only what can be taken back", async () => {
  await using site = await makeSite();
  const { name } = await site.backUp();
  const open = async () =>
    await unsealStream(await site.store.get(envelopeKey(name), null, never), OPENER, never);
  const careless = optionsOf({ singleTransaction: false });
  expect(await failureOf(restoreInto(target(site), await open(), careless, never))).toMatchObject({
    kind: "usage",
    hint: expect.stringContaining("--single-pass"),
  });
  await restoreInto(target(site), await open(), optionsOf(), never);
  expect(rowsOf(site)).toEqual(ROWS);
});

test("restoreInto() makes nothing of a dump that is not what its trailer says", async () => {
  await using site = await makeSite();
  const dump = await Bun.file(site.path).bytes();
  await using sealing = await seal({
    metadata: { ...metadata, engine: "sqlite", dump: "sqlite", compression: "none" },
    sealedMetadata,
    signer,
    recipients: [recipient],
    segmentLog2: 12,
  });
  const lie = { ...summaryOf(dump), sourceDigest: new Uint8Array(32) };
  const envelope = await collect(sealing.envelope(streamOf(dump), Promise.resolve(lie)), Infinity);
  const before = await readdir(site.folder);
  const lying = await unsealStream(streamOf(envelope), OPENER, never);
  const refusal = await failureOf(restoreInto(target(site), lying, optionsOf(), never));
  expect(refusal).toMatchObject({ kind: "damaged" });
  expect(await readdir(site.folder)).toEqual(before);
});
