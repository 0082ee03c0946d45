import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { PutBucketPolicyCommand, PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import { chmod } from "node:fs/promises";
import { join } from "node:path";

import { sharedSeaweed } from "../services.ts";
import { makeBucket, type TestBucket } from "../store/bucket.ts";
import { backUp, s3Store, sqliteDatabase, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

let host: Workspace;
let bucket: TestBucket;

/** A host with one database, whose backups go to a bucket, and one backup of it. */
beforeAll(async () => {
  const server = await sharedSeaweed();
  bucket = await makeBucket(server);
  host = await workspace();
  const file = join(host.folder, "app.db");
  using database = new Database(file);
  database.run("CREATE TABLE customers (name TEXT)");
  const entry = sqliteDatabase(file, { schedule: "1d" });
  await host.configure({ databases: [entry], stores: [s3Store(server, bucket, { prefix: "of/us" })] });
  await chmod(host.configFile, 0o600);
  await backUp(host);
});

afterAll(() => host[Symbol.asyncDispose]());

test("`doctor` ends well where there is only something to look at, and leaves the store as it was", async () => {
  const store = await bucket.open();
  const before = await store.list("", new AbortController().signal);
  const { exitCode, stdout, stderr } = await host.run(["doctor"]);
  expect(stdout).toContain("! these credentials can delete backups for good");
  expect(stdout).toContain("! these credentials can overwrite backups");
  expect(stdout).toContain("✓ the newest backup in s3://");
  expect(stdout).not.toContain("✗");
  expect([exitCode, stderr]).toEqual([0, expect.stringMatching(/^\d+ to look at \(!\), \d+ well \(✓\)\n$/)]);
  expect((await store.list("", new AbortController().signal)).objects).toEqual(before.objects);
});

test("`doctor --private-key-path` opens the newest backup", async () => {
  const { exitCode, stdout } = await host.run(["doctor", "--private-key-path", host.privateKey]);
  expect(stdout).toContain("opens with this private key");
  expect(exitCode).toBe(0);
  const wrong = await host.run(["doctor", "--private-key-path", host.publicKey]);
  expect(wrong.stdout).toContain("✗ Cannot read the private key: it is a public key");
  expect(wrong.stdout).toContain("✓ the newest backup in s3://");
  expect(wrong.exitCode).toBe(7);
});

test("`doctor` goes on where the config has mistakes, and ends with their code", async () => {
  const file = join(host.folder, "mistaken.toml");
  await Bun.write(file, `colour = 1\n${await Bun.file(host.configFile).text()}`);
  await chmod(file, 0o600);
  const { exitCode, stdout } = await host.run(["doctor", "--config", file, "--json"]);
  const { checks } = JSON.parse(stdout) as { checks: { subject: string; state: string; what: string }[] };
  expect(checks[0]).toMatchObject({ subject: "config", state: "fail", kind: "config" });
  expect(checks.filter(({ subject }) => subject === "store s3").length).toBeGreaterThan(5);
  expect(exitCode).toBe(3);
  const nothing = await host.run(["doctor", "--config", "/no/such/config.toml"]);
  expect(nothing.stdout).toBe("config\n  ✗ /no/such/config.toml: cannot be read: no such file\n");
  expect(nothing.exitCode).toBe(3);
});

test("`doctor` proves that nothing can be overwritten and deleted, and `prune` that a probe is in no list", async () => {
  const { client, name: Bucket } = bucket;
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  const denial = { Effect: "Deny", Principal: "*", Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"] };
  const Statement = [{ ...denial, Resource: [`arn:aws:s3:::${Bucket}/*`] }];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const { exitCode, stdout } = await host.run(["doctor", "--store", "s3"]);
  expect(stdout).toContain("✓ deleting is denied");
  expect(stdout).toContain("✓ overwriting keeps the version before, which these credentials cannot remove");
  expect(exitCode).toBe(0);
  const listed = await host.run(["list"]);
  expect([listed.stdout.trim().split("\n").length, listed.stderr, listed.exitCode]).toEqual([2, "", 0]);
  const unfinished = await host.run(["list", "--unfinished", "--json"]);
  expect(unfinished.stdout).not.toContain("_probe");
});

test("`doctor --print-policy` prints what S3 takes, for the bucket and the prefix of the config", async () => {
  const { stdout, stderr, exitCode } = await host.run(["doctor", "--print-policy", "host"]);
  expect([stderr, exitCode]).toEqual(["", 0]);
  expect(JSON.parse(stdout)).toMatchObject({
    Statement: [
      { Resource: `arn:aws:s3:::${bucket.name}/of/us/*` },
      { Resource: `arn:aws:s3:::${bucket.name}` },
    ],
  });
  const wrong = await host.run(["doctor", "--print-policy", "everybody"]);
  expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining("host or bucket")]);
});

test.each([
  [["--passphrase-file", "x"], "--private-key-path"],
  [["--print-policy", "host", "--database", "app"], "--print-policy only goes with --store"],
  [["--trust-signer", "nobody"], "ed25519"],
  [["--store", "nowhere"], 'There is no store "nowhere"'],
])("`doctor %p` is refused", async (options, why) => {
  const { exitCode, stderr, stdout } = await host.run(["doctor", ...options]);
  expect(stdout).toBe("");
  expect(stderr).toContain(why);
  expect([2, 7]).toContain(exitCode);
});
