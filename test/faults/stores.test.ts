import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, rmdir } from "node:fs/promises";
import { temporaryFolder, type TemporaryFolder } from "../../scripts/services/service.ts";
import { collect } from "../../src/base/bytes.ts";
import { DbackedError } from "../../src/base/error.ts";
import { envelopeKey, manifestKey } from "../../src/catalog/name.ts";
import type { Backup } from "../../src/catalog/list.ts";
import type { BackupOutcome } from "../../src/job/backup.ts";
import { fill, type FillPlan } from "../../src/job/fill.ts";
import { FolderStore } from "../../src/store/folder.ts";
import type { S3Store } from "../../src/store/s3/s3-store.ts";
import type { Store } from "../../src/store/store.ts";
import { failureOf } from "../conformance/sample.ts";
import { fillPlanFor } from "../job/plan.ts";
import { sharedSeaweed } from "../services.ts";
import { makeBucket, type TestBucket } from "../store/bucket.ts";
import { startProxy, type Fault, type Seen } from "./proxy.ts";
import { STORE_ROWS } from "./stores-rows.ts";
import { makeSite, type Site } from "./site.ts";

setDefaultTimeout(60_000);

const MIB = 1024 * 1024;
const never = new AbortController().signal;

let bucket: TestBucket;
let root: TemporaryFolder;

beforeAll(async () => {
  bucket = await makeBucket(await sharedSeaweed());
  root = await temporaryFolder("stores");
});

afterAll(() => root[Symbol.asyncDispose]());

/** A database, a folder, and a bucket whose way there has a fault. */
interface Scene extends AsyncDisposable {
  site: Site;
  nas: FolderStore;
  s3: S3Store;
  /** The same bucket, without the fault. */
  direct: S3Store;
}

async function setScene(spoil: (request: Seen) => Fault | null): Promise<Scene> {
  const prefix = crypto.randomUUID();
  const proxy = await startProxy((await sharedSeaweed()).endpoint, spoil);
  const s3 = await bucket.open({ endpoint: proxy.endpoint, prefix }, { partSize: 5 * MIB, pauseMs: 5 });
  const site = await makeSite();
  site.grow(7 * MIB);
  const path = `${root.path}/${prefix}`;
  await mkdir(path);
  const dispose = async () => {
    await proxy[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  };
  const direct = await bucket.open({ prefix });
  return { site, nas: new FolderStore({ path }), s3, direct, [Symbol.asyncDispose]: dispose };
}

describe("of two stores one fails", () => {
  test.each(STORE_ROWS)(
    "$what: the other has its backup, and a copy fills the gap",
    async ({ spoil, outcome }) => {
      await using scene = await setScene(spoil);
      const { site, nas, s3, direct } = scene;
      const { kind, says, leaves } = outcome;
      const made = await site.backUpToAll({ s3, nas }, { stallMs: 1500 });
      const isStored = leaves === "condemned";
      expect(made.failed.map(({ place, isStored }) => [place.name, isStored])).toEqual([["s3", isStored]]);
      expect(errorOf(made)).toMatchObject({ kind, message: expect.stringMatching(says) });
      const left = (await site.list(direct)).map(({ doubt }) => doubt);
      expect(left).toEqual(isStored ? [expect.stringContaining("failed its read-back")] : []);
      const keys = (await direct.list("shop/2", never)).objects.map(({ key }) => key);
      expect(keys.length > 0).toBe(leaves !== undefined && leaves !== "nothing");
      await requireCopy(scene, made, "nas");
      // Nothing is replaced, not even what is known to be spoilt.
      if (isStored) return;
      const { copy } = await fill(planOf(made, nas, direct), never);
      expect(await site.list(direct)).toMatchObject([{ doubt: null, manifest: copy.manifest }]);
      expect(await site.contentOf(direct, copy)).toBe(site.content());
    },
  );

  test("because its folder is gone, and the bucket has the backup", async () => {
    await using scene = await setScene(() => null);
    await rmdir(scene.nas.label);
    const { site, nas, s3 } = scene;
    const outcome = await site.backUpToAll({ nas, s3 });
    expect(errorOf(outcome)).toMatchObject({
      kind: "store",
      message: expect.stringContaining("no such folder"),
    });
    await requireCopy(scene, outcome, "s3");
  });
});

test("a copy goes from a folder to a bucket of small volumes, and back to one file", async () => {
  await using scene = await setScene(() => null);
  const { site, nas } = scene;
  const outcome = await site.backUpToAll({ nas });
  const small = await bucket.open({ prefix: crypto.randomUUID(), maxParts: 1 }, { partSize: 5 * MIB });
  const { copy } = await fill(planOf(outcome, nas, small), never);
  expect(copy.manifest.volumes.slice(0, -1)).toEqual([5 * MIB]);
  expect(await site.list(small)).toMatchObject([{ doubt: null, manifest: copy.manifest }]);
  expect(await site.contentOf(small, copy)).toBe(site.content());

  const path = `${root.path}/back`;
  await mkdir(path);
  const back = new FolderStore({ path });
  await fill(planOf({ copies: [{ backup: copy }] }, small, back), never);
  const [one] = outcome.copies;
  expect(await site.list(back)).toMatchObject([{ doubt: null, manifest: one?.backup.manifest }]);
});

test("two stores that work have the same envelope under one name", async () => {
  await using scene = await setScene(() => null);
  const { site, nas, s3 } = scene;
  const outcome = await site.backUpToAll({ nas, s3 });
  expect(outcome.failed).toEqual([]);
  const [one, other] = outcome.copies.map(({ backup }) => backup);
  if (one === undefined || other === undefined) throw new Error("there are not two");
  expect(one.manifest).toEqual(other.manifest);
  for (const key of ["shop/identity", manifestKey(one.name), envelopeKey(one.name)]) {
    const [inNas, inS3] = await Promise.all([nas, s3].map((store) => bytesOf(store, key)));
    expect(inNas?.equals(inS3 ?? Buffer.of())).toBe(true);
  }
  await requireCopy(scene, outcome, "nas");
  await requireCopy(scene, outcome, "s3");
});

test("stores that all fail make the backup fail, with the words of each", async () => {
  await using scene = await setScene(({ kind }) =>
    kind === "create" ? { what: "answer", status: 400, code: "InvalidRequest" } : null,
  );
  const { site, nas, s3 } = scene;
  await rmdir(nas.label);
  const failure = await failureOf(site.backUpToAll({ s3, nas }));
  expect(failure).toBeInstanceOf(DbackedError);
  expect(failure).toMatchObject({ kind: "store" });
  expect(String(failure)).toMatch(/s3: .*\n.*nas: .*no such folder/);
});

test("a bucket of another time makes no backup anywhere, unless a second one has the time of this host", async () => {
  await using scene = await setScene(() => ({
    what: "edit",
    edit: ({ headers }) => headers.set("date", new Date(Date.now() - 12 * 60_000).toUTCString()),
  }));
  const { site, nas, s3 } = scene;
  const tell = () => {};
  const lease = { timeoutMs: 60_000, waitMs: 0, tellWaiting: tell, tellUnsure: tell, tellUnseen: tell };
  const failure = await failureOf(site.backUpToAll({ nas, s3 }, { lease }));
  expect(failure).toMatchObject({
    kind: "store",
    message: expect.stringContaining("ahead of the store's by"),
  });
  expect(await site.list(nas)).toEqual([]);
  const right = await bucket.open({ prefix: crypto.randomUUID() });
  const { copies, failed } = await site.backUpToAll({ nas, s3, right }, { lease });
  expect(copies.map(({ place }) => place.name)).toEqual(["nas", "right"]);
  expect(failed).toMatchObject([{ place: { name: "s3" }, error: failure }]);
});

test("a backup is one more than the newest of all stores", async () => {
  await using scene = await setScene(() => null);
  const { site, nas, s3 } = scene;
  const first = await site.backUp(nas);
  const { copies } = await site.backUpToAll({ s3, nas });
  for (const { backup } of copies)
    expect(backup.manifest).toMatchObject({ seq: 2, prev: first.manifest.core });
  const third = await site.backUp(s3);
  expect(third.manifest.seq).toBe(3);
});

async function bytesOf(store: Store, key: string): Promise<Buffer> {
  return Buffer.from(await collect(await store.get(key, null, never), 20 * MIB));
}

function planOf(
  { copies: [made] }: { copies: readonly { backup: Backup }[] },
  store: Store,
  target: Store,
): FillPlan {
  if (made === undefined) throw new Error("nothing was made");
  return fillPlanFor([{ store, backup: made.backup }], target);
}

function errorOf({ failed }: BackupOutcome): unknown {
  return failed[0]?.error;
}

/** The copy is the only one that went well, or one of them, and brings the database back. */
async function requireCopy({ site }: Scene, { copies }: BackupOutcome, name: string): Promise<void> {
  const copy = copies.find(({ place }) => place.name === name);
  if (copy === undefined) throw new Error(`no copy in ${name}`);
  const { store } = copy.place;
  const [listed, ...others] = await site.list(store);
  if (listed === undefined) throw new Error(`nothing is listed in ${name}`);
  expect(others).toEqual([]);
  expect(listed).toMatchObject({ doubt: null, proofs: { readBackAt: expect.any(String) } });
  expect(await site.contentOf(store, listed)).toBe(site.content());
}
