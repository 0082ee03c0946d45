import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { exitCodeOf, DbackedError } from "../../src/base/error.ts";
import type { Backup } from "../../src/catalog/list.ts";
import type { S3Store } from "../../src/store/s3/s3-store.ts";
import { failureOf } from "../conformance/sample.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket, type TestBucket } from "../store/bucket.ts";
import { aging } from "./aging.ts";
import { injecting } from "./injection.ts";
import { startProxy } from "./proxy.ts";
import { TRANSPORT } from "./chapters.ts";
import { type Failure, isFailure } from "./row.ts";
import { makeSite, type Site } from "./site.ts";
import type { TransportRow } from "./transport-row.ts";
import { takeTurn } from "./turn.ts";

// Most of them wait for their turn.
setDefaultTimeout(240_000);

const MIB = 1024 * 1024;
const buckets = new Map<string, Promise<TestBucket>>();

/** A site with one good backup, and stores of the same place: straight, and by way of the fault. */
interface Scene {
  site: Site;
  bucket: TestBucket;
  prefix: string;
  endpoint: string;
  direct: S3Store;
  spoilt: S3Store;
  older: Backup;
  olderContent: string;
}

async function setScene(row: TransportRow): Promise<Scene & AsyncDisposable> {
  const { server = "SeaweedFS", options, tuning, bytes = 11 * MIB } = row;
  const s3 = await (server === "SeaweedFS" ? sharedSeaweed() : sharedRgw());
  const made = buckets.get(server) ?? makeBucket(s3);
  buckets.set(server, made);
  // A policy is of a whole bucket.
  const bucket = row.denies === undefined ? await made : await makeBucket(s3);
  const proxy = await startProxy(s3.endpoint, injecting(row.faults));
  const site = await makeSite();
  const prefix = crypto.randomUUID();
  const quick = { partSize: 5 * MIB, pauseMs: 5, ...tuning };
  const direct = await bucket.open({ prefix }, { partSize: 5 * MIB });
  const spoilt = await bucket.open({ endpoint: proxy.endpoint, prefix, ...options }, quick);
  site.grow(1000);
  const older = await site.backUp(direct);
  const olderContent = site.content();
  site.grow(bytes);
  const dispose = async () => {
    await proxy[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  };
  const { endpoint } = s3;
  return {
    site,
    bucket,
    prefix,
    endpoint,
    direct,
    spoilt,
    older,
    olderContent,
    [Symbol.asyncDispose]: dispose,
  };
}

describe.each(TRANSPORT)("$title", ({ rows }) => {
  test.concurrent.each(rows)("$where: $what", async (row) => {
    using _ = await takeTurn();
    await using scene = await setScene(row);
    const { site, spoilt, older, olderContent, direct } = scene;
    const told: string[] = [];
    const tellUnread = ({ message }: Error) => void told.push(message);
    const { stallMs = 30_000, outcome } = row;
    if (row.denies !== undefined) await scene.bucket.deny(row.denies);
    const run = site.backUp(spoilt, { stallMs, tellUnread });
    await run.catch(() => {});
    if (row.denies !== undefined) await scene.bucket.deny(null);
    if (isFailure(outcome)) await expectFailure(scene, run, outcome);
    else await expectWhole(scene, await run);
    expect(told.join("\n")).toMatch(isFailure(outcome) ? /^$/ : (outcome.warns ?? /^$/));
    expect(await site.contentOf(direct, older)).toBe(olderContent);
  });
});

async function expectWhole(scene: Scene, made: Backup): Promise<void> {
  const { site, direct, older } = scene;
  const listed = await site.list(direct);
  expect(listed.map(({ name, doubt }) => [name.id, doubt])).toEqual([
    [made.name.id, null],
    [older.name.id, null],
  ]);
  expect(await site.contentOf(direct, made)).toBe(site.content());
  expect(await openUploads(scene)).toEqual([]);
}

async function expectFailure(scene: Scene, run: Promise<Backup>, outcome: Failure): Promise<void> {
  const { site, direct, older } = scene;
  const error = await run.then(
    () => new Error("it went well"),
    (failure: unknown) => failure,
  );
  if (!(error instanceof DbackedError)) throw error;
  const said = `${error.message}\n${error.hint ?? ""}`;
  expect(error.hint ?? "").not.toBe("");
  const kind: string = error.kind;
  expect({ kind, said }).toEqual({ kind: outcome.kind, said: expect.stringMatching(outcome.says) });
  expect(exitCodeOf(error)).toBeGreaterThan(1);
  await expectRemains(scene, outcome);
  // The next run goes well, and clears up.
  const next = await backUpLater(scene);
  expect(await site.contentOf(direct, next)).toBe(site.content());
  expect(
    (await site.list(direct)).filter(({ doubt }) => doubt === null).map(({ name }) => name.id),
  ).toContain(older.name.id);
  expect(await openUploads(scene)).toEqual([]);
}

/** Makes a backup when, as the server tells it, eight days have gone. */
async function backUpLater({ site, endpoint, bucket, prefix }: Scene): Promise<Backup> {
  await using proxy = await startProxy(endpoint, injecting(aging));
  return await site.backUp(await bucket.open({ prefix, endpoint: proxy.endpoint }, { partSize: 5 * MIB }));
}

async function expectRemains(scene: Scene, { leaves }: Failure): Promise<void> {
  const { site, direct, older } = scene;
  expect(await openUploads(scene)).toHaveLength(leaves === "upload" ? 1 : 0);
  const others = (await site.list(direct)).filter(({ name }) => name.id !== older.name.id);
  if (leaves === "unproved" || leaves === "condemned" || leaves === "ruined") {
    expect(others).toHaveLength(1);
    for (const each of others) {
      expect(each.doubt === null).toBe(leaves === "unproved");
      expect(each.proofs.readBackAt).toBeNull();
      const restored = site.contentOf(direct, each);
      if (leaves === "ruined") expect(await failureOf(restored)).toMatchObject({ kind: "damaged" });
      else expect(await restored).toBe(site.content());
    }
    return;
  }
  expect(others).toEqual([]);
  const { objects } = await direct.list("shop/2", new AbortController().signal);
  const strange = objects.filter(({ key }) => !key.includes(older.name.id));
  expect(strange.length > 0).toBe(leaves === "orphan");
}

async function openUploads({ bucket, prefix }: Scene): Promise<string[]> {
  return (await bucket.openUploads()).filter((key) => key.startsWith(prefix));
}
