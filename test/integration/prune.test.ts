import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { utf8 } from "../../src/base/bytes.ts";
import { generateSigner, readSigner } from "../../src/seal/signer.ts";
import { trusting } from "../job/plan.ts";
import { listGood, SETTINGS } from "./scene.ts";
import { allBut, expectPruned, KEPT_DAYS, pick, someDays } from "./some-days.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;
const JUNK = `20261123T010002Z-${"a".repeat(32)}`;

describe.each(SETTINGS)("prune in %s", (setting) => {
  test("tells what would go, stops where that is much, and removes it when told to", async () => {
    const { site, ids } = await someDays(setting);
    await using _ = site;
    const before = await site.look();
    const dry = await site.prune("--dry-run");
    expect(dry).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("4 of 6 backups would go") });
    expect(dry.backups).toEqual({ kept: pick(ids, KEPT_DAYS), removed: allBut(ids, KEPT_DAYS) });
    expect(dry.reasons).toContain("newest of week 2026-W40 (2nd of 3)");
    const braked = await site.prune();
    expect(braked).toMatchObject({ exitCode: 2, removedBytes: 0, failures: [{ kind: "usage" }] });
    expect(braked.backups["pending"]).toEqual(allBut(ids, KEPT_DAYS));
    expect(await site.look()).toEqual(before);

    const weight = await site.weigh();
    const done = await site.prune("--yes");
    expect(done).toMatchObject({ exitCode: 0, removedBytes: dry.removedBytes, backups: dry.backups });
    expect(await site.weigh()).toBe(weight - done.removedBytes);
    await expectPruned(site, ids);
    expect(await site.prune()).toMatchObject({
      exitCode: 0,
      removedBytes: 0,
      backups: { kept: pick(ids, KEPT_DAYS) },
    });
  });
});

describe.each(["a folder", "SeaweedFS"] as const)("prune in %s", (setting) => {
  test("takes no notice of what is planted, and does not touch it", async () => {
    const { site, ids } = await someDays(setting);
    await using _ = site;
    const stranger = await readSigner((await generateSigner()).pem);
    const theirs = { signer: stranger, trusted: trusting(stranger) };
    const planted = [
      ...(await site.make(1, theirs)),
      ...(await site.make(1, { now: () => new Date("9999-12-31T23:59:59.999Z") })),
    ];
    const strange = [`app/${JUNK}.json`, "app/notes.txt", `app/${JUNK}.dbk.1`, "app/lease/mine.txt"];
    for (const key of strange) await site.store.create(key, utf8("junk"), never);
    const { backups, exitCode, stderr } = await site.prune("--yes");
    expect({ exitCode, kept: backups["kept"], ignored: backups["ignored"] }).toEqual({
      exitCode: 0,
      kept: pick(ids, KEPT_DAYS),
      ignored: planted,
    });
    for (const words of [
      "is no backup, and is left alone",
      "2 backups not counted",
      "dbacked has not written it",
    ])
      expect(stderr).toContain(words);
    expect(await site.look()).toEqual(expect.arrayContaining(strange));
    await expectPruned(site, ids);
  });

  test("may run twice at once, and may be killed: the next run finishes it", async () => {
    const { site, ids } = await someDays(setting);
    await using _ = site;
    const killed = await site.host.start(["prune", "--yes"]);
    const isBegun = async () => !(await site.look()).some((key) => key.includes(`${ids[0]}.json`));
    while (!(await isBegun())) await Bun.sleep(1);
    killed.kill("SIGKILL");
    await killed.finished;
    for (const id of await listGood(site.host)) expect(ids).toContain(id);
    const verified = await site.host.run(["verify", "--json", "--no-record"]);
    expect(verified.exitCode).toBe(0);

    const both = await Promise.all([site.prune("--yes"), site.prune("--yes")]);
    expect(both.map(({ exitCode, failures }) => ({ exitCode, failures }))).toEqual(
      Array.from({ length: 2 }, () => ({ exitCode: 0, failures: [] })),
    );
    expect((await listGood(site.host)).toReversed()).toEqual(pick(ids, KEPT_DAYS));
    await site.expectRestorable(ids[5] ?? "", 5);
  });
});
