import { expect, test } from "bun:test";

import { Secret } from "../../src/base/secret.ts";
import { s3Options } from "../../src/store/s3.ts";

test("s3Options has defaults for all but the bucket", () => {
  expect(s3Options.parse({ bucket: "b" })).toEqual({ bucket: "b", prefix: "", maxParts: 10_000 });
});

test("s3Options hides secrets, whether they come as text or hidden already", () => {
  for (const secretAccessKey of ["do-not-show-me", new Secret("do-not-show-me")]) {
    const options = s3Options.parse({ bucket: "b", accessKeyId: "a", secretAccessKey });
    expect(options.secretAccessKey?.reveal()).toBe("do-not-show-me");
    expect(JSON.stringify(options)).not.toContain("do-not-show-me");
  }
});

test.each([
  [{}, "bucket"],
  [{ bucket: "b", accessKeyId: "a" }, "secretAccessKey"],
  [{ bucket: "b", secretAccessKey: "s" }, "accessKeyId"],
  [{ bucket: "b", sessionToken: "t" }, "sessionToken"],
  [{ bucket: "b", kmsKeyId: "k" }, "kmsKeyId"],
  [{ bucket: "b", kmsKeyId: "k", serverSideEncryption: "AES256" }, "kmsKeyId"],
  [{ bucket: "b", endpoint: "s3.example.com" }, "endpoint"],
  [{ bucket: "b", endpoint: "ftp://s3.example.com" }, "endpoint"],
  [{ bucket: "b", endpoint: "https://me@s3.example.com" }, "endpoint"],
  [{ bucket: "b", maxParts: 10_001 }, "maxParts"],
  [{ bucket: "b", maxParts: 0 }, "maxParts"],
  [{ bucket: "b", objectLockDays: 1 }, "objectLockDays"],
])("s3Options refuses %j", (options, name) => {
  const issue = s3Options.safeParse(options).error?.issues[0];
  expect(`${issue?.path.join(".")} ${issue?.message}`).toContain(name);
});

test("s3Options refuses a password in the endpoint without showing it", () => {
  const { error } = s3Options.safeParse({
    bucket: "b",
    endpoint: "https://me:do-not-show-me@s3.example.com",
  });
  expect(error?.issues).toHaveLength(1);
  expect(error?.message).toContain("a user or a password");
  expect(error?.message).not.toContain("do-not-show-me");
});
