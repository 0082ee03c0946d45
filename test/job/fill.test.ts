import { expect, test } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { collect, concat, utf8 } from "../../src/base/bytes.ts";
import { type Backup, listBackups } from "../../src/catalog/list.ts";
import { MANIFEST_TYPE } from "../../src/catalog/manifest.ts";
import { envelopeKey, manifestKey } from "../../src/catalog/name.ts";
import { fill, type FillPlan } from "../../src/job/fill.ts";
import { noteVerifier } from "../../src/job/trust.ts";
import { signNote } from "../../src/seal/note.ts";
import { generateSigner, readSigner } from "../../src/seal/signer.ts";
import { FolderStore } from "../../src/store/folder.ts";
import type { Store } from "../../src/store/store.ts";
import { failureOf } from "../conformance/sample.ts";
import { signer } from "../seal/sample.ts";
import { fillPlanFor, trusting } from "./plan.ts";
import { makeSite, never, type Site } from "./site.ts";
import { flip, HARMS, SpoiltStore } from "./spoilt-store.ts";

/** A store beside that of a site. */
async function storeBeside({ folder }: Site, name: string): Promise<FolderStore> {
  await mkdir(join(folder, name));
  return new FolderStore({ path: join(folder, name) });
}

async function listed(store: Store): Promise<readonly Backup[]> {
  const verify = noteVerifier(store, trusting(signer), never);
  return (await listBackups(store, "shop", verify, never)).backups;
}

const contentOf = async (store: Store, key: string) => collect(await store.get(key, null, never), 2 ** 24);

test("fill() brings envelope and manifest as they are, and no proof of another store", async () => {
  await using site = await makeSite();
  const backup = await site.backUp();
  const target = await storeBeside(site, "nas");
  const { from, copy } = await fill(fillPlanFor([{ store: site.store, backup }], target), never);
  expect(from.store).toBe(site.store);
  for (const key of [envelopeKey(backup.name), manifestKey(backup.name)])
    expect(await contentOf(target, key)).toEqual(await contentOf(site.store, key));
  const [found] = await listed(target);
  expect(found).toMatchObject({ doubt: null, manifest: backup.manifest, proofs: copy.proofs });
  expect(copy.proofs.readBackAt).toBeNull();
});

test.each(HARMS)("fill() copies nothing if %s, and takes another copy if there is one", async (_, harm) => {
  await using site = await makeSite();
  const good = await site.backUp();
  const path = join(site.folder, "harmed");
  await mkdir(path);
  const store = new FolderStore({ path });
  await fill(fillPlanFor([{ store: site.store, backup: good }], store), never);
  await harm(join(path, envelopeKey(good.name)), join(path, manifestKey(good.name)));
  const target = await storeBeside(site, "nas");
  const spoilt = { store, backup: good };
  expect(await failureOf(fill(fillPlanFor([spoilt], target), never))).toMatchObject({ kind: "damaged" });
  expect((await target.list("", never)).objects).toEqual([]);
  expect((await readdir(join(site.folder, "nas", "shop")).catch(() => [])).length).toBe(0);
  const told: string[] = [];
  const plan = fillPlanFor([spoilt, { store: site.store, backup: good }], target);
  const tellSpoilt: FillPlan["tellSpoilt"] = ({ store: { label } }) => told.push(label);
  const { from } = await fill({ ...plan, tellSpoilt }, never);
  expect([from.store, told]).toEqual([site.store, [path]]);
  expect(await listed(target)).toMatchObject([{ doubt: null }]);
});

test("fill() copies nothing whose manifest tells of other segments, though its signer signed both", async () => {
  await using site = await makeSite();
  const { manifest, name } = await site.backUp();
  const path = join(site.storeFolder, manifestKey(name));
  const { payload } = (await Bun.file(path).json()) as { payload: string };
  const said = JSON.parse(atob(payload)) as object;
  const other = utf8(JSON.stringify({ ...said, chain: "0".repeat(64) }));
  await Bun.write(path, await signNote(MANIFEST_TYPE, other, signer));
  const [backup] = await listed(site.store);
  expect(backup).toMatchObject({ doubt: null, manifest: { ...manifest, chain: "0".repeat(64) } });
  const target = await storeBeside(site, "nas");
  const originals = backup === undefined ? [] : [{ store: site.store, backup }];
  expect(await failureOf(fill(fillPlanFor(originals, target), never))).toMatchObject({ kind: "damaged" });
  expect((await target.list("", never)).objects).toEqual([]);
});

test("fill() signs the manifest anew where a store keeps other volumes, if the signer is the backup's own", async () => {
  await using site = await makeSite();
  const path = join(site.folder, "cut");
  await mkdir(path);
  const store = new SpoiltStore(path, async () => {}, { volumes: true });
  const backup = await site.backUp({ store, codec: { name: "none" } });
  expect(backup.manifest.volumes.length).toBeGreaterThan(1);
  const target = await storeBeside(site, "nas");
  const plan = fillPlanFor([{ store, backup }], target);
  const { pem } = await generateSigner();
  for (const other of [null, await readSigner(pem)])
    expect(await failureOf(fill({ ...plan, signer: other }, never))).toMatchObject({ kind: "key" });
  expect((await target.list("", never)).objects).toEqual([]);
  await fill(plan, never);
  const [found] = await listed(target);
  expect(found?.manifest).toEqual({ ...backup.manifest, volumes: [backup.manifest.bytes] });
  expect(found?.doubt).toBeNull();
});

test("fill() ends what an earlier attempt began, if the envelope is right", async () => {
  await using site = await makeSite();
  const backup = await site.backUp();
  const original = { store: site.store, backup };
  const key = envelopeKey(backup.name);
  const target = await storeBeside(site, "nas");
  await Bun.write(join(target.label, key), await contentOf(site.store, key));
  await fill(fillPlanFor([original], target), never);
  expect(await listed(target)).toMatchObject([{ doubt: null }]);

  const wrong = await storeBeside(site, "wrong");
  await Bun.write(join(wrong.label, key), await contentOf(site.store, key));
  await flip(-300)(join(wrong.label, key), "");
  expect(await failureOf(fill(fillPlanFor([original], wrong), never))).toMatchObject({ kind: "damaged" });
  expect(await listed(wrong)).toEqual([]);
});

test("fill() copies nothing that would not count there, since its signer was retired", async () => {
  await using site = await makeSite();
  const backup = await site.backUp();
  const target = await storeBeside(site, "nas");
  const trusted = [{ key: signer.publicKey, storedBefore: new Date() }];
  const plan = { ...fillPlanFor([{ store: site.store, backup }], target), trusted };
  expect(await failureOf(fill(plan, never))).toMatchObject({ kind: "key" });
  expect((await target.list("", never)).objects).toEqual([]);
});

test("fill() brings the keys that were added later, and nothing that only has such a name", async () => {
  await using site = await makeSite();
  const backup = await site.backUp();
  const sidecar = concat(utf8("DBKEYS\u0002"), Uint8Array.fromHex(backup.manifest.core), utf8("the rest"));
  const [genuine, planted] = [1, 2].map((at) => `${backup.name.stem}.keys-179000000000${at}`);
  await site.store.create(`${genuine}`, sidecar, never);
  await site.store.create(`${planted}`, utf8("something else"), never);
  const target = await storeBeside(site, "nas");
  await fill(fillPlanFor([{ store: site.store, backup }], target), never);
  const keys = (await target.list(`${backup.name.stem}.keys`, never)).objects.map(({ key }) => key);
  expect(keys).toEqual([`${genuine}`]);
});

test("fill() never replaces what is there", async () => {
  await using site = await makeSite();
  const backup = await site.backUp();
  const target = await storeBeside(site, "nas");
  await target.create(envelopeKey(backup.name), utf8("somebody else's"), never);
  const failure = await failureOf(fill(fillPlanFor([{ store: site.store, backup }], target), never));
  expect(failure).toMatchObject({
    kind: "store",
    message: expect.stringContaining("nothing is ever replaced"),
  });
  expect(await contentOf(target, envelopeKey(backup.name))).toEqual(utf8("somebody else's"));
});
