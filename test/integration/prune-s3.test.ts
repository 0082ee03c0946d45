import {
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { utf8 } from "../../src/base/bytes.ts";
import { sortHoldings } from "../../src/catalog/holdings.ts";
import { judgeUnfinished } from "../../src/catalog/retention/unfinished.ts";
import { removeJudged } from "../../src/job/prune.ts";
import { type History, history } from "./history.ts";
import { listGood } from "./scene.ts";
import { allBut, DAYS, expectPruned, KEEP, KEPT_DAYS, pick, someDays } from "./some-days.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;

async function setPolicy(
  { bucket }: History,
  deny: { action: string; ending: string } | null,
): Promise<void> {
  if (bucket === null) throw new Error("a folder has no policy");
  if (deny === null) {
    await bucket.client.send(new DeleteBucketPolicyCommand({ Bucket: bucket.name }));
    return;
  }
  const Resource = `arn:aws:s3:::${bucket.name}/*${deny.ending}`;
  const Statement = [{ Effect: "Deny", Principal: "*", Action: deny.action, Resource }];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await bucket.client.send(new PutBucketPolicyCommand({ Bucket: bucket.name, Policy }));
}

describe.each(["SeaweedFS", "Ceph RGW"] as const)("prune in %s", (setting) => {
  test("says what it takes where deletion is denied, and what is there still counts", async () => {
    const { site, ids } = await someDays(setting);
    await using _ = site;
    await setPolicy(site, { action: "s3:DeleteObject", ending: "" });
    const denied = await site.prune("--yes");
    expect(denied).toMatchObject({
      exitCode: 6,
      removedBytes: 0,
      failures: [{ kind: "store", hint: expect.stringContaining("s3:DeleteObject on") }],
    });
    expect(denied.backups["pending"]).toHaveLength(4);
    expect((await listGood(site.host)).toReversed()).toEqual(ids);
    await site.expectRestorable(ids[0] ?? "", 0);

    await setPolicy(site, { action: "s3:DeleteObject", ending: ".dbk" });
    expect(await site.prune("--yes")).toMatchObject({ exitCode: 6, removedBytes: 0 });
    expect((await listGood(site.host)).toReversed()).toEqual(ids.slice(1));
    const unfinished = await site.host.run(["list", "--unfinished", "--json"]);
    expect(JSON.parse(unfinished.stdout)).toMatchObject([
      { kind: "envelope", key: expect.stringContaining(`${ids[0]}.dbk`), removable: false },
    ]);
    await setPolicy(site, null);
    expect((await site.prune("--yes")).backups["removed"]).toEqual(allBut(ids, KEPT_DAYS).slice(1));
    expect((await listGood(site.host)).toReversed()).toEqual(pick(ids, KEPT_DAYS));
    await site.expectRestorable(ids[3] ?? "", 3);
  });

  test("sees the envelope of a run that could not write its manifest", async () => {
    await using site = await history(setting);
    const [id = ""] = await site.make(1);
    await setPolicy(site, { action: "s3:PutObject", ending: ".json" });
    expect((await site.host.run(["run", "--once"])).exitCode).toBe(6);
    await setPolicy(site, null);
    const { stdout, stderr } = await site.host.run(["list", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ id }]);
    expect(stderr).toContain("dbacked list --unfinished");
    const unfinished = await site.host.run(["list", "--unfinished", "--json"]);
    expect(JSON.parse(unfinished.stdout)).toMatchObject([{ kind: "envelope", database: "app" }]);
    await site.expectRestorable(id, 0);
  });

  test("leaves what is locked, and removes it when it may", async () => {
    const { site, ids } = await someDays(setting, { objectLock: true });
    await using _ = site;
    const { client, name } = site.bucket ?? { client: null, name: "" };
    const key = (await site.look()).find((each) => each.endsWith(`${ids[4]}.dbk`)) ?? "";
    const until = new Date(Date.now() + 4000);
    const Retention = { Mode: "GOVERNANCE", RetainUntilDate: until } as const;
    await client?.send(new PutObjectRetentionCommand({ Bucket: name, Key: key, Retention }));
    const pruned = await site.prune("--yes");
    expect(pruned).toMatchObject({ exitCode: 0, backups: { retained: [ids[4]] } });
    expect(pruned.backups["removed"]).toHaveLength(3);
    expect(await listGood(site.host)).toContain(ids[4] ?? "");
    await site.expectRestorable(ids[4] ?? "", 4);
    await Bun.sleep(Math.max(0, until.getTime() + 1500 - Date.now()));
    expect((await site.prune()).backups["removed"]).toEqual([ids[4] ?? ""]);
    await expectPruned(site, ids);
  });

  test("shows orphans and open uploads, and clears them up once they are old", async () => {
    await using site = await history(setting);
    const { bucket, host, store } = site;
    if (bucket === null) throw new Error("a folder has no uploads");
    const [id = ""] = await site.make(1);
    await site.configure({ keep: { last: 1 } });
    const keyOf = (digit: string, ending: string) => `app/20261001T020000Z-${digit.repeat(32)}${ending}`;
    await store.create(keyOf("a", ".dbk"), utf8("whole, maybe"), never);
    for (const Key of [keyOf("b", ".dbk"), keyOf("b", ".dbk.0001"), "app/film.mp4"])
      await bucket.client.send(new CreateMultipartUploadCommand({ Bucket: bucket.name, Key }));
    const listed = await host.run(["list", "--unfinished", "--json"]);
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { kind: "envelope", key: keyOf("a", ".dbk"), removable: false },
      { kind: "draft", key: keyOf("b", ".dbk"), removable: false },
    ]);
    const { unfinished, exitCode, stderr } = await site.prune();
    expect([exitCode, unfinished.map(({ fate }) => fate)]).toEqual([0, ["kept", "kept"]]);
    expect(stderr).toContain("has not written it: app/film.mp4");

    const inEightDays = new Date(Date.now() + 8 * 86_400_000);
    const holdings = sortHoldings(
      "app",
      await store.list("app/", never),
      await store.drafts.list("app/", never),
    );
    const verdicts = judgeUnfinished(holdings, inEightDays);
    const removals = await removeJudged(site, { verdicts: [], unfinished: verdicts, holdings }, never);
    expect(removals).toMatchObject({ done: [{ outcome: "removed" }, { outcome: "removed" }], failure: null });
    expect(await bucket.openUploads()).toEqual(["app/film.mp4"]);
    expect((await site.look()).filter((key) => key.includes("aaaa"))).toEqual([]);
    await site.expectRestorable(id, 0);
  });

  test("leaves no version behind where the bucket keeps them", async () => {
    const site = await history(setting);
    await using _ = site;
    const { client, name } = site.bucket ?? { client: null, name: "" };
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client?.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
    const ids = await site.make(DAYS);
    await site.configure({ keep: KEEP });
    expect((await site.prune("--yes")).exitCode).toBe(0);
    const { Versions = [], DeleteMarkers = [] } =
      (await client?.send(new ListObjectVersionsCommand({ Bucket: name }))) ?? {};
    expect(DeleteMarkers).toEqual([]);
    expect(Versions.map(({ Key }) => Key ?? "").toSorted()).toEqual((await site.look()).toSorted());
    await expectPruned(site, ids);
  });
});
