import { expect, test } from "bun:test";
import { findBrake } from "../../../src/catalog/retention/brake.ts";
import { type Candidate, judge } from "../../../src/catalog/retention/judge.ts";
import type { Keep } from "../../../src/catalog/retention/policy.ts";
import { candidate } from "./candidates.ts";

const START = Date.UTC(2026, 0, 1);

/** One backup a day, the oldest first, each with so many bytes and rows. */
function sized(...sizes: readonly (number | [number, number | null])[]): Candidate[] {
  return sizes.map((size, at) => {
    const [dumpBytes, rows] = typeof size === "number" ? [size, null] : size;
    return candidate(new Date(START + at * 86_400_000), { dumpBytes, rows });
  });
}

const same = (count: number): Candidate[] => sized(...Array<number>(count).fill(900));

test.each<[string, Candidate[], Keep, string | null]>([
  ["nothing goes", same(3), { last: 9 }, null],
  ["three of four go", same(4), { last: 1 }, null],
  ["four of five go", same(5), { last: 1 }, "4 of 5 backups would go"],
  ["four of twenty go", same(20), { last: 16 }, null],
  ["five of twenty go", same(20), { last: 15 }, "5 of 20 backups would go"],
  ["the newest is half as large", sized(900, 900, 900, 450), { last: 3 }, null],
  [
    "the newest is smaller than that",
    sized(900, 900, 900, 449),
    { last: 3 },
    "the newest dump has 449 B, and 900 B are usual",
  ],
  ["it is smaller, and nothing goes", sized(900, 900, 900, 1), { last: 4 }, null],
  [
    "an emptied database leaves one to keep",
    sized(900, 1),
    { last: 1 },
    "the newest dump has 1 B, and 900 B are usual",
  ],
  [
    "all that is kept is empty too",
    sized(900, 900, 900, 1, 1),
    { last: 2 },
    "the newest dump has 1 B, and 900 B are usual",
  ],
  [
    "it has few rows",
    sized([900, 90], [900, 90], [900, 44]),
    { last: 2 },
    "the newest backup has 44 rows, and 90 are usual",
  ],
  ["nobody counted the rows of the newest", sized([900, 90], [900, 90], [900, null]), { last: 2 }, null],
  ["nobody counted the rows of the others", sized(900, 900, [900, 0]), { last: 2 }, null],
])("findBrake() when %s", (_, backups, keep, expected) => {
  expect(findBrake(judge(backups, { keep, zone: "UTC" }))).toBe(expected);
});

test("findBrake() looks at nothing that does not count", () => {
  const planted = candidate("9999-01-01T00:00:00Z", { doubt: "in the future", dumpBytes: 1 });
  expect(findBrake(judge([...same(4), planted], { keep: { last: 3 }, zone: "UTC" }))).toBeNull();
});
