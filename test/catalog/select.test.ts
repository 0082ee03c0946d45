import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Backup } from "../../src/catalog/list.ts";
import { nameBackup } from "../../src/catalog/name.ts";
import { copiesOf, selectBackup } from "../../src/catalog/select.ts";

type Named = { backup: Backup };

const named = (set: string, takenAt: string, id: string, doubt: string | null = null): Named => ({
  backup: { name: nameBackup(set, new Date(takenAt), id), doubt } as Backup,
});

const first = named("shop", "2026-11-22T02:00:00Z", `abcdef${"0".repeat(26)}`);
const second = named("shop", "2026-11-23T02:00:00Z", `abcdef${"1".repeat(26)}`);
const third = named("forum", "2026-11-23T02:00:00Z", `123456${"2".repeat(26)}`);
const backups = [first, second, third];

test.each([
  ["123456", third],
  ["abcdef0", first],
  ["ABCDEF1", second],
  [second.backup.name.id, second],
  ["shop/20261122T020000Z", first],
  [third.backup.name.stem, third],
])("selectBackup() finds %s", (wanted, found) => {
  expect(selectBackup(backups, wanted)).toBe(found);
});

test.each([
  ["abcdef", /names 2 backups/],
  ["12345", /No backup is named/],
  ["", /No backup is named/],
  ["/", /No backup is named/],
  ["shop/", /No backup is named/],
  ["shop/20261122", /No backup is named/],
  ["forum/20261122T020000Z", /No backup is named/],
  ["fedcba", /No backup is named/],
])("selectBackup() refuses %j", (wanted, says) => {
  expect(() => selectBackup(backups, wanted)).toThrow(says);
});

test("selectBackup() takes the first copy that counts, and copiesOf() has the others behind it", () => {
  const { set, id } = third.backup.name;
  const copy = (doubt: string | null) => named(set, "2026-11-23T02:00:00Z", id, doubt);
  const [damaged, one, other] = [copy("not whole"), copy(null), copy(null)];
  const found = [first, damaged, second, one, other];
  expect(selectBackup(found, "123456")).toBe(one);
  expect(copiesOf(found, damaged)).toEqual([one, other, damaged]);
  expect(selectBackup([first, damaged], "123456")).toBe(damaged);
});

test("selectBackup() finds every backup by every prefix that is long enough and its own", () => {
  const ids = fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{32}$/), {
    minLength: 1,
    selector: (id) => id.slice(0, 6),
  });
  fc.assert(
    fc.property(ids, fc.integer({ min: 6, max: 32 }), (ids, digits) => {
      const all = ids.map((id) => named("shop", "2026-11-22T02:00:00Z", id));
      for (const each of all) expect(selectBackup(all, each.backup.name.id.slice(0, digits))).toBe(each);
    }),
  );
});
