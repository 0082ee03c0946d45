import { expect, test } from "bun:test";
import fc from "fast-check";
import { findMissing, type Keeper } from "../../src/catalog/missing.ts";
import type { Backup } from "../../src/catalog/list.ts";
import { nameBackup } from "../../src/catalog/name.ts";
import { judge, type Retention } from "../../src/catalog/retention/judge.ts";
import { summarizeProofs } from "../../src/catalog/proof.ts";

const DAY_MS = 86_400_000;

function backupOf(day: number, doubt: string | null = null): Backup {
  const taken = new Date(Date.UTC(2026, 0, 1, 3) + day * DAY_MS);
  const id = day.toString(16).padStart(32, "0");
  const manifest = { takenAt: taken.toISOString(), dumpBytes: 100, rows: 1 } as Backup["manifest"];
  const proofs = summarizeProofs([]);
  return { name: nameBackup("shop", taken, id), manifest, signer: "", proofs, storedAt: taken, doubt };
}

const days = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 30 });
const keeper = (list: readonly number[]): Keeper => ({
  backups: list.map((day) => backupOf(day)),
  broken: [],
});
const stemOf = ({ originals }: { originals: readonly { backup: Backup }[] }) =>
  originals[0]?.backup.name.stem ?? "";

test("findMissing() leaves nothing missing, without keep, once all is copied", () => {
  fc.assert(
    fc.property(fc.array(days, { minLength: 1, maxLength: 3 }), (lists) => {
      const keepers = lists.map(keeper);
      const missing = findMissing(keepers, null);
      expect(missing.every(({ reason }) => reason === null)).toBe(true);
      const full = keepers.map((each) => {
        const copied = missing.filter(({ target }) => target === each).flatMap(({ originals }) => originals);
        return { backups: [...each.backups, ...copied.map(({ backup }) => backup)], broken: [] };
      });
      expect(findMissing(full, null)).toEqual([]);
    }),
  );
});

test("findMissing() copies nothing that keep would remove next", () => {
  const retention: Retention = { keep: { last: 2, weekly: 3, monthly: 2 }, zone: "UTC" };
  fc.assert(
    fc.property(days, days, (one, other) => {
      const [source, target] = [keeper(one), keeper(other)];
      const wanted = findMissing([source, target], retention).filter(
        (each) => each.target === target && each.reason === null,
      );
      const copied = wanted.flatMap(({ originals }) => originals.map(({ backup }) => backup));
      const verdicts = judge([...target.backups, ...copied], retention);
      const removed = verdicts.filter(({ fate }) => fate === "removed").map(({ backup }) => backup);
      for (const backup of copied) expect(removed).not.toContain(backup);
    }),
  );
});

test("findMissing() takes no copy that does not count, and counts as there what cannot be read", () => {
  const source = { backups: [backupOf(1), backupOf(2, "failed its verify"), backupOf(3)], broken: [] };
  const target = { backups: [], broken: [backupOf(3).name.stem] };
  expect(findMissing([source, target], null).map(stemOf)).toEqual([backupOf(1).name.stem]);
});

test("findMissing() names every copy in the order of the stores, and the oldest backup first", () => {
  const [one, two, empty] = [keeper([5, 1]), keeper([1]), keeper([])];
  const missing = findMissing([one, two, empty], null).filter(({ target }) => target === empty);
  expect(missing.map(stemOf)).toEqual([backupOf(1).name.stem, backupOf(5).name.stem]);
  expect(missing.map(({ originals }) => originals.map((each) => each.keeper))).toEqual([[one, two], [one]]);
});
