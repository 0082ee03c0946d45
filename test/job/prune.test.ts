import { expect, test } from "bun:test";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { envelopeKey, manifestKey } from "../../src/catalog/name.ts";
import { judgeSet, type PrunePlan, removeJudged } from "../../src/job/prune.ts";
import { FolderStore } from "../../src/store/folder.ts";
import { DbackedError } from "../../src/base/error.ts";
import type { Listing, Store } from "../../src/store/store.ts";
import { failureOf } from "../conformance/sample.ts";
import { signer } from "../seal/sample.ts";
import { trusting } from "./plan.ts";
import { makeSite, never, type Site } from "./site.ts";

const DAY_MS = 86_400_000;

function planOf(store: Store, last = 1): PrunePlan & { unseen: string[] } {
  const unseen: string[] = [];
  return {
    set: "shop",
    store,
    trusted: trusting(signer),
    retention: { keep: { last }, zone: "UTC" },
    tellUnseen: ({ message }) => unseen.push(message),
    unseen,
  };
}

async function makeOld({ storeFolder }: Site, keys: readonly string[]): Promise<void> {
  const old = new Date(Date.now() - 8 * DAY_MS);
  for (const key of keys) await utimes(join(storeFolder, key), old, old);
}

const on = (day: number) => ({ now: () => new Date(Date.UTC(2026, 10, day, 2)) });

test("removeJudged() makes no orphan of a backup whose manifest is there and not listed", async () => {
  await using site = await makeSite();
  const { name } = await site.backUp(on(1));
  await site.backUp(on(2));
  await makeOld(site, [envelopeKey(name)]);
  /** Leaves a manifest out, and its proof. */
  class Forgetful extends FolderStore {
    override async list(prefix: string, signal: AbortSignal): Promise<Listing> {
      const { objects, now } = await super.list(prefix, signal);
      return {
        objects: objects.filter(({ key }) => !key.startsWith(name.stem) || !key.endsWith(".json")),
        now,
      };
    }
  }
  const store = new Forgetful({ path: site.storeFolder });
  const pruning = await judgeSet(planOf(store), never);
  expect(pruning.unfinished).toMatchObject([{ fate: "removed" }]);
  const { done, failure } = await removeJudged({ store }, pruning, never);
  expect([done, failure?.message]).toEqual([[], expect.stringContaining("and does not list it")]);
  expect(await Bun.file(join(site.storeFolder, envelopeKey(name))).exists()).toBe(true);
});

test("judgeSet() goes on where nobody tells what is half-written", async () => {
  await using site = await makeSite();
  await site.backUp(on(1));
  class Silent extends FolderStore {
    override get drafts() {
      const list = () => Promise.reject(new DbackedError("store", "not implemented"));
      return { ...super.drafts, list };
    }
  }
  const plan = planOf(new Silent({ path: site.storeFolder }));
  expect((await judgeSet(plan, never)).verdicts).toMatchObject([{ fate: "kept" }]);
  expect(plan.unseen).toEqual(["not implemented"]);
});

test("removeJudged() stops at a failure, and leaves the rest for the next time", async () => {
  await using site = await makeSite();
  for (const day of [1, 2, 3, 4]) await site.backUp(on(day));
  const refused: string[] = [];
  class Reluctant extends FolderStore {
    override async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
      if (refused.length > 0 || keys.some((key) => key.includes("20261102T"))) {
        refused.push(...keys);
        throw new DbackedError("store", "the disk is on fire");
      }
      await super.remove(keys, signal);
    }
  }
  const store = new Reluctant({ path: site.storeFolder });
  const pruning = await judgeSet(planOf(store), never);
  const { done, failure } = await removeJudged({ store }, pruning, never);
  expect([done.length, failure?.message]).toEqual([1, "the disk is on fire"]);
  const second = pruning.verdicts[2]?.backup.name;
  expect(refused[0]).toBe(second === undefined ? "" : manifestKey(second));
  expect(refused).toHaveLength(3);
  const again = await judgeSet(planOf(site.store), never);
  expect(again.verdicts.map(({ fate }) => fate)).toEqual(["kept", "removed", "removed"]);
  expect(await removeJudged(site, again, never)).toMatchObject({ done: [{}, {}], failure: null });
  expect((await judgeSet(planOf(site.store), never)).verdicts).toHaveLength(1);
});

test("removeJudged() stops when it is interrupted", async () => {
  await using site = await makeSite();
  for (const day of [1, 2]) await site.backUp(on(day));
  const pruning = await judgeSet(planOf(site.store), never);
  expect(await failureOf(removeJudged(site, pruning, AbortSignal.abort("no")))).toBe("no");
  expect((await judgeSet(planOf(site.store), never)).verdicts).toHaveLength(2);
});
