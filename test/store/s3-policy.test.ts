import { expect, setDefaultTimeout, test } from "bun:test";
import { PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { fileURLToPath } from "node:url";

import { probeStore } from "../../src/job/probe.ts";
import { s3Options } from "../../src/store/s3.ts";
import { bucketPolicy, hostPolicy } from "../../src/store/s3/policy.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket } from "./bucket.ts";

setDefaultTimeout(60_000);

const PAGE = await Bun.file(fileURLToPath(import.meta.resolve("../../docs/stores.md"))).text();
const GOLDEN = fileURLToPath(import.meta.resolve("../testdata/s3-policies.json"));

const plain = s3Options.parse({ bucket: "acme-backups", region: "eu-west-1" });

test("the printed policies are those that were agreed on", async () => {
  const key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
  const kms = { serverSideEncryption: "aws:kms", kmsKeyId: key };
  const options = s3Options.parse({ bucket: "acme-backups", prefix: "/of/us/", region: "eu-west-1", ...kms });
  expect({
    host: hostPolicy(plain),
    bucket: bucketPolicy(plain),
    hostWithPrefixAndKey: hostPolicy(options),
    bucketWithPrefix: bucketPolicy(options),
  }).toEqual(await Bun.file(GOLDEN).json());
});

test("docs/stores.md shows the printed policies", () => {
  const shown = [...PAGE.matchAll(/```json\n([^]*?)```/g)].map(
    ([, json = ""]) => JSON.parse(json) as unknown,
  );
  expect(shown).toEqual([hostPolicy(plain), bucketPolicy(plain)]);
});

test.each([
  ["cn-north-1", "arn:aws-cn:s3:::b/*"],
  ["us-gov-west-1", "arn:aws-us-gov:s3:::b/*"],
  ["eu-west-1", "arn:aws:s3:::b/*"],
])("hostPolicy() knows the part of Amazon that %s is in", (region, resource) => {
  const [objects] = hostPolicy(s3Options.parse({ bucket: "b", region })).Statement;
  expect(objects?.Resource).toBe(resource);
});

test.each([
  ["SeaweedFS", sharedSeaweed],
  ["Ceph RGW", sharedRgw],
])("bucketPolicy() stands in no backup's way on %s", async (_name, start) => {
  const bucket = await makeBucket(await start());
  const policy = JSON.stringify(bucketPolicy(s3Options.parse({ bucket: bucket.name })));
  await bucket.client.send(new PutBucketPolicyCommand({ Bucket: bucket.name, Policy: policy }));
  const store = await bucket.open();
  const trials = await probeStore(store, () => new Date(), new AbortController().signal);
  expect(trials.filter(({ state }) => state === "fail")).toEqual([]);
});
