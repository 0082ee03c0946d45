import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, utimes } from "node:fs/promises";
import {
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
} from "@aws-sdk/client-s3";

import { utf8 } from "../../src/base/bytes.ts";
import { setsOf } from "../../src/catalog/holdings.ts";
import { listSets } from "../../src/catalog/list.ts";
import { PROBES, probeStore, removeProbes } from "../../src/job/probe.ts";
import { FolderStore } from "../../src/store/folder.ts";
import type { Store } from "../../src/store/store.ts";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket, type TestBucket } from "../store/bucket.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;

/** What the trials came to, by their names. */
async function probe(store: Store, now = () => new Date()): Promise<Record<string, string>> {
  const trials = await probeStore(store, now, never);
  return Object.fromEntries(trials.map(({ name, state, what }) => [name, `${state}: ${what}`]));
}

async function versionsIn({ client, name }: TestBucket): Promise<number> {
  const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket: name }));
  return (Versions?.length ?? 0) + (DeleteMarkers?.length ?? 0);
}

describe.each([
  ["SeaweedFS", sharedSeaweed],
  ["Ceph RGW", sharedRgw],
])("probeStore() on %s", (_name, start) => {
  test("tells what credentials that may do everything could lose, and leaves nothing", async () => {
    const bucket = await makeBucket(await start());
    const store = await bucket.open({ prefix: "of/us" });
    const trials = await probe(store);
    expect(trials).toMatchObject({
      write: expect.stringContaining("ok"),
      read: expect.stringContaining("ok"),
      list: expect.stringContaining("ok"),
      clock: expect.stringContaining("ok"),
      "create-once": "ok: refuses to create a name twice",
      overwrite: "warn: these credentials can overwrite backups",
      delete: "warn: these credentials can delete backups for good",
      upload: "ok: takes objects in parts",
      unfinished: "ok: open uploads can be found and aborted",
    });
    expect((await store.list("", never)).objects).toEqual([]);
    expect(await bucket.openUploads()).toEqual([]);
  });

  test("sees that deleting is denied, and finds one probe of each time", async () => {
    const bucket = await makeBucket(await start());
    const store = await bucket.open();
    await bucket.deny("s3:DeleteObject");
    expect(await probe(store)).toMatchObject({
      write: "ok: can be written to",
      delete: "ok: deleting is denied",
    });
    expect(await probe(store)).toMatchObject({
      write: "ok: can be written to",
      delete: "ok: deleting is denied",
    });
    expect((await store.list(PROBES, never)).objects).toHaveLength(2);
    const everything = (await store.list("", never)).objects;
    expect(setsOf(everything)).toEqual([]);
    expect(await listSets(store, "", never)).toEqual([]);
  });

  test("sees that overwriting is denied", async () => {
    const bucket = await makeBucket(await start());
    const store = await bucket.open();
    const key = `${PROBES}by-hand`;
    await store.create(key, utf8("before"), never);
    await bucket.deny("s3:PutObject");
    const trials = await store.trials.run({ key, size: 6 }, never);
    expect(trials).toContainEqual({ name: "overwrite", state: "ok", what: "overwriting is denied" });
    expect(trials).toContainEqual(
      expect.objectContaining({
        name: "upload",
        state: "fail",
        hint: expect.stringContaining("s3:PutObject"),
      }),
    );
  });

  test("tells of a bucket that keeps versions, whoever may not delete them", async () => {
    const bucket = await makeBucket(await start());
    const store = await bucket.open();
    const { client, name: Bucket } = bucket;
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    expect(await probe(store)).toMatchObject({
      overwrite: "warn: these credentials can overwrite backups",
      delete: "warn: these credentials can delete backups for good",
    });
    expect(await versionsIn(bucket)).toBe(0);
    await bucket.deny("s3:DeleteObjectVersion");
    expect(await probe(store)).toMatchObject({
      overwrite: expect.stringMatching(/^ok: overwriting keeps the version before/),
      delete: expect.stringMatching(/^warn: these credentials can hide backups/),
    });
    expect((await store.list("", never)).objects).toEqual([]);
  });

  test("tells until when Object Lock keeps what is hidden", async () => {
    const bucket = await makeBucket(await start(), { objectLock: true });
    const Rule = { DefaultRetention: { Mode: "COMPLIANCE", Days: 1 } } as const;
    const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled", Rule } as const;
    await bucket.client.send(
      new PutObjectLockConfigurationCommand({ Bucket: bucket.name, ObjectLockConfiguration }),
    );
    expect(await probe(await bucket.open())).toMatchObject({
      overwrite: expect.stringMatching(/^ok: overwriting keeps the version before/),
      delete: expect.stringMatching(/^warn: .*not delete them for good; it is locked until \d{4}-/),
    });
  });

  test("tells which right is missing to write, to read and to list", async () => {
    const bucket = await makeBucket(await start());
    const store = await bucket.open();
    for (const [action, name] of [
      ["s3:PutObject", "write"],
      ["s3:ListBucket", "list"],
    ] as const) {
      await bucket.deny(action);
      const trials = await probeStore(store, () => new Date(), never);
      expect(trials.find((trial) => trial.name === name)).toMatchObject({
        state: "fail",
        hint: expect.stringContaining(action),
      });
    }
  });
});

describe("probeStore() in a folder", () => {
  test("tells that whoever owns it can delete, and how much room there is", async () => {
    await using folder = await temporaryFolder("probe");
    const trials = await probe(new FolderStore({ path: folder.path }));
    expect(trials).toMatchObject({
      write: "ok: can be written to",
      delete: "warn: this user can delete and overwrite backups",
      access: "ok: only its owner and group can write there",
      space: expect.stringContaining("are free there"),
    });
    await chmod(folder.path, 0o777);
    expect((await probe(new FolderStore({ path: folder.path })))["access"]).toMatch(/^warn/);
  });

  test("removeProbes() takes away what has lain there for a week, and no more", async () => {
    await using folder = await temporaryFolder("probe");
    const store = new FolderStore({ path: folder.path });
    const eightDaysAgo = Date.now() / 1000 - 8 * 86_400;
    for (const key of [`${PROBES}old`, `${PROBES}new`, "shop/old"]) await store.create(key, utf8("x"), never);
    for (const key of [`${PROBES}old`, "shop/old"])
      await utimes(`${folder.path}/${key}`, eightDaysAgo, eightDaysAgo);
    expect(await removeProbes(store, never)).toBe(1);
    const { objects } = await store.list("", never);
    expect(objects.map(({ key }) => key)).toEqual([`${PROBES}new`, "shop/old"]);
  });

  test("says that a folder is not there", async () => {
    const trials = await probe(new FolderStore({ path: "/no/such/folder" }));
    expect(trials["write"]).toMatch(/^fail: .*there is no such folder/);
  });

  test("compares the clocks", async () => {
    await using folder = await temporaryFolder("probe");
    const ahead = () => new Date(Date.now() + 5 * 60_000);
    const trials = await probe(new FolderStore({ path: folder.path }), ahead);
    expect(trials["clock"]).toMatch(
      /^warn: this host's clock is ahead of the store's by (?:4 min 5\d s|5 min)/,
    );
  });
});
