import { expect, test } from "bun:test";
import { setsOf, sortHoldings } from "../../src/catalog/holdings.ts";
import { parsePartKey } from "../../src/catalog/name.ts";
import { judgeUnfinished } from "../../src/catalog/retention/unfinished.ts";
import type { Draft, StoredObject } from "../../src/store/store.ts";

const NOW = new Date("2026-11-22T12:00:00Z");
const DAY_MS = 86_400_000;
const STEM = `shop/20261101T020000Z-${"a".repeat(32)}`;
const OTHER = `shop/20261102T020000Z-${"b".repeat(32)}`;

function object(key: string, days = 9, size = 10): StoredObject {
  return { key, size, modifiedAt: new Date(NOW.getTime() - days * DAY_MS) };
}

function draft(key: string, days = 9, id = "1"): Draft {
  return { ...object(key, days), id };
}

function judge(objects: readonly StoredObject[], drafts: readonly Draft[] = []) {
  const holdings = sortHoldings("shop", { objects, now: NOW }, drafts);
  const fates = judgeUnfinished(holdings, NOW).map(({ unfinished, fate, reason }) => [
    unfinished.kind,
    unfinished.key,
    fate,
    reason,
  ]);
  return { ...holdings, fates };
}

const OLD = ["removed", "older than 7 days"];

test.each([
  [`${STEM}.json`, "manifest"],
  [`${STEM}.proof-1763776800000-0a1b2c3d.json`, "proof"],
  [`${STEM}.keys-1763776800000`, "sidecar"],
  [`${STEM}.dbk`, "envelope"],
  [`${STEM}.dbk.0001`, "volume"],
  [`${STEM}.dbk.10000`, "volume"],
  [`${STEM}.dbk.0000`, null],
  [`${STEM}.dbk.00001`, null],
  [`${STEM}.dbk.1`, null],
  [`${STEM}.keys-1`, null],
  [`${STEM}.txt`, null],
  ["shop/notes.dbk", null],
  [`${STEM}.json/x`, null],
])("parsePartKey() says what %s is", (key, part) => {
  expect(parsePartKey(key)?.part ?? null).toBe(part as null);
});

test("a backup's objects are removed from the manifest on, its volumes last", () => {
  const endings = [
    ".dbk",
    ".dbk.0001",
    ".dbk.0002",
    ".json",
    ".keys-1763776800000",
    ".proof-1763776800000-0a1b2c3d.json",
  ];
  const { backups, unfinished, foreign } = judge(endings.map((ending) => object(STEM + ending)));
  expect([unfinished, foreign]).toEqual([[], []]);
  expect(backups.get(STEM)?.map(({ key }) => key.slice(STEM.length))).toEqual([
    ".json",
    ".proof-1763776800000-0a1b2c3d.json",
    ".keys-1763776800000",
    ".dbk",
    ".dbk.0001",
    ".dbk.0002",
  ]);
});

test("what is begun and not finished is told by its kind, and goes when all of it is old", () => {
  const volumes = [object(`${OTHER}.dbk.0001`), object(`${OTHER}.dbk.0002`)];
  const remains = [object(`shop/20261103T020000Z-${"c".repeat(32)}.keys-1763776800000`)];
  const { fates } = judge([object(`${STEM}.dbk`), object(`${STEM}.dbk.0001`, 6.9), ...volumes, ...remains]);
  expect(fates).toEqual([
    ["envelope", `${STEM}.dbk`, "kept", "younger than 7 days"],
    ["volumes", `${OTHER}.dbk.0001`, ...OLD],
    ["remains", remains[0]?.key ?? "", ...OLD],
  ]);
});

test("an orphan is told by what can be opened of it, whatever lies beside it", () => {
  const proof = object(`${STEM}.proof-1763776800000-0a1b2c3d.json`);
  const keyOf = (...objects: StoredObject[]) => judge([proof, ...objects]).unfinished.map(({ key }) => key);
  expect(keyOf(object(`${STEM}.dbk`), object(`${STEM}.dbk.0001`))).toEqual([`${STEM}.dbk`]);
  expect(keyOf(object(`${STEM}.dbk.0001`), object(`${STEM}.dbk.0002`))).toEqual([`${STEM}.dbk.0001`]);
  expect(keyOf()).toEqual([proof.key]);
});

test("drafts of one backup are judged together, and those of others are not ours", () => {
  const own = [draft(`${STEM}.dbk`, 30), draft(`${STEM}.dbk.0001`, 1, "2")];
  const temporary = draft("shop/.dbacked-x.tmp", 8, "shop/.dbacked-x.tmp");
  const strange = [draft("shop/film.mp4"), draft(`forum/${STEM.slice(5)}.dbk`)];
  const { fates, foreign } = judge([], [...own, temporary, ...strange]);
  expect(fates).toEqual([
    ["draft", `${STEM}.dbk`, "kept", "younger than 7 days"],
    ["draft", "shop/.dbacked-x.tmp", ...OLD],
  ]);
  expect(foreign).toEqual(strange.map(({ key }) => key));
});

test("nothing is touched that we do not know", () => {
  const ours = ["shop/identity", "shop/identity.2", `${STEM}.json`, `${STEM}.dbk`].map((key) => object(key));
  const strange = ["shop/notes.txt", `${STEM}.txt`, `${STEM}.dbk.1`, "shop/lease/mine", "shop/deep/a.dbk"];
  const { foreign, fates } = judge([...ours, ...strange.map((key) => object(key))]);
  expect([foreign.toSorted(), fates]).toEqual([strange.toSorted(), []]);
});

test.each<[string, readonly StoredObject[], boolean]>([
  ["there is none", [], false],
  ["one was taken today", [object("shop/lease/0001", 0)], true],
  ["one has a young heartbeat", [object("shop/lease/0001"), object("shop/lease/0001.7", 1.9)], true],
  ["it was given back", [object("shop/lease/0001", 0), object("shop/lease/0001.end", 0)], false],
  ["nobody has heard of it for two days", [object("shop/lease/0001", 2.1)], false],
  ["there is something strange", [object("shop/lease/strange", 1)], true],
])("an orphan goes or not when of the leases %s", (_, leases, isBusy) => {
  const { fates } = judge([object(`${STEM}.dbk`), ...leases]);
  const fate = isBusy ? ["kept", "a run of this database may be under way"] : OLD;
  expect(fates[0]).toEqual(["envelope", `${STEM}.dbk`, ...fate]);
});

test("leases that are long over go, but for the last one and those that are alive", () => {
  const over = ["0001", "0001.1", "0001.end", "0002", "0002.1"].map((name) => object(`shop/lease/${name}`));
  const last = [object("shop/lease/0010"), object("shop/lease/0010.end")];
  const { unfinished, fates } = judge([...over, ...last]);
  expect(fates).toEqual([["leases", "shop/lease/0001", ...OLD]]);
  expect(unfinished[0]?.objects).toEqual(over);
  const alive = judge([...over, object("shop/lease/0002.2", 1), ...last]);
  expect(alive.fates).toMatchObject([
    ["leases", "shop/lease/0001", "kept", expect.stringContaining("under way")],
  ]);
});

test("setsOf() finds the sets whose objects are ours", () => {
  const keys = [`${STEM}.dbk`, "forum/identity", "photos/a.jpg", "prod.%41/identity.3", "top", "/x"];
  expect(setsOf(keys.map((key) => ({ key })))).toEqual(["forum", "prod.%41", "shop"]);
});
