// Whoever can write to the store plants objects among the backups. They neither stop backups, nor change which one is the newest,
// nor let prune remove another one than before.
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type Backup, findNewest, listBackups, listSets } from "../../src/catalog/list.ts";
import { manifestKey, nameBackup } from "../../src/catalog/name.ts";
import { judgeSet, removeJudged } from "../../src/job/prune.ts";
import { noteVerifier } from "../../src/job/trust.ts";
import { verifyBackup } from "../../src/job/verify.ts";
import { trusting } from "../job/plan.ts";
import { makeSite, never, type Site } from "../job/site.ts";
import { signer } from "../seal/sample.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { FolderStore } from "../../src/store/folder.ts";
import { makeBucket } from "../store/bucket.ts";
import { type Plant, PLANTS } from "./plants.ts";

setDefaultTimeout(60_000);

const DAY_MS = 86_400_000;
const trusted = trusting(signer);
const daysAgo = (days: number) => ({ now: () => new Date(Date.now() - days * DAY_MS) });

/** A site with three backups, the newest first. */
async function begin(): Promise<{ site: Site; genuine: Backup[] }> {
  const site = await makeSite();
  const genuine: Backup[] = [];
  for (const days of [3, 2, 1]) genuine.unshift(await site.backUp(daysAgo(days)));
  return { site, genuine };
}

async function plant(site: Site, planted: Awaited<ReturnType<Plant>>): Promise<void> {
  for (const [key, content] of Object.entries(planted)) await Bun.write(join(site.storeFolder, key), content);
}

const verifier = (site: Site) => noteVerifier(site.store, trusted, never);
const idsOf = (backups: readonly Backup[]) => backups.map(({ name }) => name.id);

async function countingIn(site: Site): Promise<Backup[]> {
  const { backups } = await listBackups(site.store, "shop", verifier(site), never);
  return backups.filter(({ doubt }) => doubt === null);
}

describe.each(PLANTS)("%s", (_, sow) => {
  test("stops no backup, and changes neither which is the newest nor what is proved", async () => {
    const { site, genuine } = await begin();
    await using _ = site;
    const proofs = (await countingIn(site)).map((each) => each.proofs);
    await plant(site, await sow(genuine));
    const counting = await countingIn(site);
    expect(idsOf(counting)).toEqual(idsOf(genuine));
    expect(counting.map((each) => each.proofs)).toEqual(proofs);
    expect((await findNewest(site.store, "shop", verifier(site), never))?.name).toEqual(genuine[0]?.name);
    const next = await site.backUp();
    expect(next.manifest).toMatchObject({ seq: 4, prev: genuine[0]?.manifest.core });
    expect(idsOf(await countingIn(site))).toEqual(idsOf([next, ...genuine]));
  });

  test("lets prune remove what it would have removed, and nothing else", async () => {
    const { site, genuine } = await begin();
    await using _ = site;
    await plant(site, await sow(genuine));
    const { store } = site;
    const retention = { keep: { last: 2 }, zone: "UTC" };
    const plan = { set: "shop", store, trusted, retention, tellUnseen: () => {} };
    const pruning = await judgeSet(plan, never);
    const fates = (fate: string) =>
      pruning.verdicts.filter((each) => each.fate === fate).map(({ backup }) => backup);
    expect(idsOf(fates("kept"))).toEqual(idsOf(genuine.slice(0, 2)));
    expect(idsOf(fates("removed"))).toEqual(idsOf(genuine.slice(2)));
    expect(pruning.brake).toBeNull();
    expect((await removeJudged(plan, pruning, never)).failure).toBeNull();
    const left = await countingIn(site);
    expect(idsOf(left)).toEqual(idsOf(genuine.slice(0, 2)));
    const look = { store, trusted, opener: null, engine: null, signer: null, now: () => new Date() };
    for (const backup of left)
      expect(await verifyBackup({ ...look, backup, progress: { bytes: 0 } }, never)).toMatchObject({
        failure: null,
      });
  });
});

/** A store that writes down what it is asked for. */
class Watched extends FolderStore {
  readonly asked: string[] = [];
  override get(...args: Parameters<FolderStore["get"]>) {
    this.asked.push(args[0]);
    return super.get(...args);
  }
}

test("a stranger's proofs cost no look at the envelope", async () => {
  const { site, genuine } = await begin();
  await using _ = site;
  const [, sow] = PLANTS.find(([name]) => name === "proofs by a stranger that say no") ?? [];
  await plant(site, (await sow?.(genuine)) ?? {});
  const store = new Watched({ path: site.storeFolder });
  await listBackups(store, "shop", noteVerifier(store, trusted, never), never);
  expect(store.asked.length).toBeGreaterThan(12);
  expect(store.asked.filter((key) => !key.endsWith(".json"))).toEqual([]);
});

test("the newest backup is found without a look at what is from the future", async () => {
  const { site, genuine } = await begin();
  await using _ = site;
  const later = nameBackup("shop", new Date(Date.now() + DAY_MS), "a".repeat(32));
  await plant(site, {
    [manifestKey(later)]: "{}",
    "shop/99991231T235959Z-0123456789abcdef0123456789abcdef.json": "",
  });
  const store = new Watched({ path: site.storeFolder });
  const newest = await findNewest(store, "shop", noteVerifier(store, trusted, never), never);
  expect(newest?.name).toEqual(genuine[0]?.name);
  expect(store.asked.filter((key) => !key.startsWith(newest?.name.stem ?? "?"))).toEqual([]);
});

const NAME = "20261122T020000Z-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json";

test.each([
  ["SeaweedFS", sharedSeaweed],
  ["Ceph RGW", sharedRgw],
] as const)(
  "keys that leave the store, or that no folder can hold, hide no backup in %s",
  async (_, server) => {
    const bucket = await makeBucket(await server());
    const store = await bucket.open({ prefix: "backups/" });
    await using site = await makeSite();
    const { name } = await site.backUp({ store });
    const odd = [
      "..",
      ".hidden",
      "%2e%2e",
      "...",
      "x".repeat(251),
      "shop/..",
      "shop//",
      "/",
      "shop/./",
      "shop\\",
      "s\u0301hop",
    ];
    const keys = [...odd.map((set) => `${set}/${NAME}`), `shop/${NAME}/below`, NAME, "identity"];
    for (const key of keys) {
      const put = { Bucket: bucket.name, Key: `backups/${key}`, Body: "{}" };
      // Not every server takes every key.
      await bucket.client.send(new PutObjectCommand(put)).catch(() => {});
    }
    const found: string[] = [];
    for (const set of await listSets(store, "", never)) {
      const { backups } = await listBackups(store, set, noteVerifier(store, trusted, never), never);
      found.push(...idsOf(backups));
    }
    expect(found).toEqual([name.id]);
    expect((await site.backUp({ store })).manifest.seq).toBe(2);
  },
);
