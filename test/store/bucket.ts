import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  ListMultipartUploadsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

import { s3Options } from "../../src/store/s3.ts";
import type { Tuning } from "../../src/store/s3/bucket.ts";
import { S3Store } from "../../src/store/s3/s3-store.ts";
import type { S3Server } from "../../scripts/services/s3-server.ts";

/** A bucket for one test file, and what can be seen of it from outside. */
export interface TestBucket {
  name: string;
  /** For what a store cannot do. */
  client: S3Client;
  /** Opens a store in it; `options` and `tuning` go over the usual. */
  open: (options?: Record<string, unknown>, tuning?: Partial<Tuning>) => Promise<S3Store>;
  openUploads: () => Promise<string[]>;
  /** Denies an action to everybody by the bucket's policy; null takes the policy away. */
  deny: (action: string | null) => Promise<void>;
  /** Makes small objects, many at a time. */
  fill: (keys: readonly string[]) => Promise<void>;
}

/** Makes a bucket of its own on a server. */
export async function makeBucket(server: S3Server, { objectLock = false } = {}): Promise<TestBucket> {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const name = `test-${crypto.randomUUID().slice(0, 13)}`;
  await client.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: objectLock }));
  return {
    name,
    client,
    open: (options = {}, tuning = {}) =>
      S3Store.open(
        s3Options.parse({ bucket: name, endpoint, accessKeyId, secretAccessKey, ...options }),
        tuning,
      ),
    openUploads: async () => {
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: name }));
      return (Uploads ?? []).map(({ Key }) => Key ?? "");
    },
    deny: async (action) => {
      if (action === null) await client.send(new DeleteBucketPolicyCommand({ Bucket: name }));
      else
        await client.send(new PutBucketPolicyCommand({ Bucket: name, Policy: policyAgainst(action, name) }));
    },
    fill: async (keys) => {
      const put = (Key: string) => client.send(new PutObjectCommand({ Bucket: name, Key, Body: "x" }));
      for (let at = 0; at < keys.length; at += 40) await Promise.all(keys.slice(at, at + 40).map(put));
    },
  };
}

function policyAgainst(action: string, bucket: string): string {
  const resources = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  const denial = { Effect: "Deny", Principal: "*", Action: action, Resource: resources };
  return JSON.stringify({ Version: "2012-10-17", Statement: [denial] });
}
