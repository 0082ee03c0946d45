import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { exitCodeOf, DbackedError } from "../../src/base/error.ts";
import type { Backup } from "../../src/catalog/list.ts";
import type { S3Store } from "../../src/store/s3/s3-store.ts";
import { failureOf } from "../conformance/sample.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket, type TestBucket } from "../store/bucket.ts";
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
  const bucket = await made;
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
  return { site, bucket, prefix, direct, spoilt, older, olderContent, [Symbol.asyncDispose]: dispose };
}

describe.each(TRANSPORT)("$title", ({ rows }) => {
  test.concurrent.each(rows)("$where: $what", async (row) => {
    using _ = await takeTurn();
    await using scene = await setScene(row);
    const { site, spoilt, older, olderContent, direct } = scene;
    const told: string[] = [];
    const tellUnread = ({ message }: Error) => void told.push(message);
    const { stallMs = 30_000, outcome } = row;
    const run = site.backUp(spoilt, { stallMs, tellUnread });
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
  await expectNoUpload(scene);
}

async function expectFailure(scene: Scene, run: Promise<Backup>, outcome: Failure): Promise<void> {
  const { site, direct, older } = scene;
  const error = await run.then(
    () => new Error("it went well"),
    (failure: unknown) => failure,
  );
  if (!(error instanceof DbackedError)) throw error;
  const said = `${error.message}\n${error.hint ?? ""}`;
  const kind: string = error.kind;
  expect({ kind, said }).toEqual({ kind: outcome.kind, said: expect.stringMatching(outcome.says) });
  expect(exitCodeOf(error)).toBeGreaterThan(1);
  await expectRemains(scene, outcome);
  // The next run goes well, and clears up.
  const next = await site.backUp(direct);
  expect(await site.contentOf(direct, next)).toBe(site.content());
  expect(
    (await site.list(direct)).filter(({ doubt }) => doubt === null).map(({ name }) => name.id),
  ).toContain(older.name.id);
  await expectNoUpload(scene);
}

async function expectRemains({ site, direct, older }: Scene, { leaves }: Failure): Promise<void> {
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

async function expectNoUpload({ bucket, prefix }: Scene): Promise<void> {
  expect((await bucket.openUploads()).filter((key) => key.startsWith(prefix))).toEqual([]);
}
