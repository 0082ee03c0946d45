import { expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { listBackups } from "../../src/catalog/list.ts";
import { NotFound, Unreadable } from "../../src/store/store.ts";
import { sharedSeaweed } from "../services.ts";
import { makeBucket } from "./bucket.ts";

setDefaultTimeout(60_000);

const KEY = "shop/20261122T020000Z-00112233445566778899aabbccddeeff.json";
const never = new AbortController().signal;

/** Stores an object that only the holder of its key can read, as anybody with the right to write can. */
async function plantSealed(bucket: string): Promise<void> {
  const { endpoint, accessKeyId, secretAccessKey } = await sharedSeaweed();
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const key = Buffer.alloc(32, 7);
  const encryption = {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: key.toString("base64"),
    SSECustomerKeyMD5: createHash("md5").update(key).digest("base64"),
  };
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: KEY, Body: "x", ...encryption }));
}

test("listBackups() tells of a planted object that cannot be read, and goes on", async () => {
  const bucket = await makeBucket(await sharedSeaweed());
  await plantSealed(bucket.name);
  const store = await bucket.open();
  expect(store.get(KEY, null, never)).rejects.toBeInstanceOf(Unreadable);
  expect(store.get(`${KEY}2`, null, never)).rejects.toBeInstanceOf(NotFound);
  const verify = () => Promise.reject(new Error("nothing is there to be verified"));
  const { backups, broken } = await listBackups(store, "shop", verify, never);
  expect(backups).toEqual([]);
  expect(broken).toMatchObject([{ key: KEY, failure: { message: expect.stringContaining("Cannot read") } }]);
});
