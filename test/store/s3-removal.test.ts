import {
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, setDefaultTimeout, test } from "bun:test";

import { streamOf } from "../../src/base/bytes.ts";
import { Retained } from "../../src/store/store.ts";
import { failureOf, sample } from "../conformance/sample.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket, type TestBucket } from "./bucket.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;
const SECOND_MS = 1000;

async function versionsIn({ client, name }: TestBucket): Promise<number> {
  const { Versions = [], DeleteMarkers = [] } = await client.send(
    new ListObjectVersionsCommand({ Bucket: name }),
  );
  return Versions.length + DeleteMarkers.length;
}

/** GOVERNANCE: what one may override who has the right to, and we never do. */
async function retain(client: S3Client, bucket: string, key: string, ms: number): Promise<void> {
  const retention = { Mode: "GOVERNANCE", RetainUntilDate: new Date(Date.now() + ms) } as const;
  await client.send(new PutObjectRetentionCommand({ Bucket: bucket, Key: key, Retention: retention }));
}

describe.each([
  ["SeaweedFS", sharedSeaweed],
  ["Ceph RGW", sharedRgw],
] as const)("removal from %s", (_, start) => {
  test("leaves no version in a bucket that keeps them, even of what was overwritten", async () => {
    const bucket = await makeBucket(await start());
    const { client, name } = bucket;
    const versioning = (Status: "Enabled" | "Suspended") =>
      client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status } }));
    await versioning("Enabled");
    const store = await bucket.open();
    await store.put("a/x.dbk", streamOf(sample(6 << 20)), { id: "1" }, never);
    for (const Body of ["one", "two", "three"])
      await client.send(new PutObjectCommand({ Bucket: name, Key: "a/x.json", Body }));
    expect(await versionsIn(bucket)).toBe(4);
    await store.remove(["a/x.json", "a/none", "a/x.dbk"], never);
    expect(await versionsIn(bucket)).toBe(0);

    await versioning("Suspended");
    await store.create("a/y", sample(5), never);
    await store.remove(["a/y"], never);
    expect((await store.list("", never)).objects).toEqual([]);
  });

  test("asks for every lock before it removes anything", async () => {
    const bucket = await makeBucket(await start(), { objectLock: true });
    const store = await bucket.open();
    for (const key of ["a/x.json", "a/x.dbk", "a/y"]) await store.create(key, sample(9), never);
    await retain(bucket.client, bucket.name, "a/x.dbk", 4 * SECOND_MS);
    const failure = await failureOf(store.remove(["a/x.json", "a/x.dbk"], never));
    expect(failure).toBeInstanceOf(Retained);
    expect(failure).toMatchObject({
      kind: "store",
      message: expect.stringContaining("a/x.dbk: it is retained until 2"),
    });
    expect((await store.list("a/x", never)).objects).toHaveLength(2);
    expect(await versionsIn(bucket)).toBe(3);
    const locked = new GetObjectRetentionCommand({ Bucket: bucket.name, Key: "a/x.dbk" });
    expect((await bucket.client.send(locked)).Retention?.Mode).toBe("GOVERNANCE");

    const hold = { Bucket: bucket.name, Key: "a/y", LegalHold: { Status: "ON" } } as const;
    await bucket.client.send(new PutObjectLegalHoldCommand(hold));
    expect(await failureOf(store.remove(["a/y"], never))).toMatchObject({ until: null });

    await Bun.sleep(5 * SECOND_MS);
    await store.remove(["a/x.json", "a/x.dbk"], never);
    expect(await versionsIn(bucket)).toBe(1);
  });

  test("is denied in words where the policy denies it", async () => {
    const bucket = await makeBucket(await start());
    const store = await bucket.open();
    await store.create("a/x.json", sample(9), never);
    const Statement = [
      {
        Effect: "Deny",
        Principal: "*",
        Action: ["s3:DeleteObject"],
        Resource: `arn:aws:s3:::${bucket.name}/*`,
      },
    ];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await bucket.client.send(new PutBucketPolicyCommand({ Bucket: bucket.name, Policy }));
    expect(await failureOf(store.remove(["a/x.json"], never))).toMatchObject({
      kind: "store",
      message: expect.stringContaining("Cannot remove a/x.json from"),
      hint: expect.stringMatching(/needs s3:DeleteObject on .*; better not that of the host/),
    });
    expect((await store.list("", never)).objects).toHaveLength(1);
  });
});
