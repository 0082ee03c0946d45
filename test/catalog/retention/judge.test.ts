import { expect, test } from "bun:test";
import fc from "fast-check";
import { calendarIn } from "../../../src/catalog/retention/calendar.ts";
import { type Candidate, judge, type Retention } from "../../../src/catalog/retention/judge.ts";
import { type Keep, keepOption, PERIOD_RULES } from "../../../src/catalog/retention/policy.ts";
import { candidate } from "./candidates.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 1, 2);
const ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"];

const count = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined });
const spans = fc.option(fc.constantFrom("1h", "30h", "3d", "8w"), { nil: undefined });
const counts = { last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count };
const retentions: fc.Arbitrary<Retention> = fc.record({
  keep: fc.record({ ...counts, within: spans }).filter((keep) => keepOption.safeParse(keep).success),
  zone: fc.constantFrom(...ZONES),
});

/** Proved ones among them, some of the same hour, some years apart. */
const backups: fc.Arbitrary<Candidate[]> = fc
  .array(
    fc.record({
      at: fc.oneof(fc.integer({ min: 0, max: 40 * DAY }), fc.integer({ min: 0, max: 1500 * DAY })),
      isProved: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((made) =>
    made.map(({ at, isProved }, id) =>
      candidate(new Date(START + at), { id, proofs: isProved ? { verifiedAt: "then" } : {} }),
    ),
  );

function keptOf(all: readonly Candidate[], retention: Retention): Candidate[] {
  return judge(all, retention).flatMap(({ backup, fate }) => (fate === "removed" ? [] : [backup]));
}

function kept(all: readonly Candidate[], keep: Keep, zone = "UTC"): string[] {
  return keptOf(all, { keep, zone }).map(({ manifest }) => manifest.takenAt.slice(0, 10));
}

function daily(days: number, from = START): Candidate[] {
  return Array.from({ length: days }, (_, at) => candidate(new Date(from + at * DAY)));
}

test("judge() keeps every kept backup when asked again, for the same reasons", () => {
  fc.assert(
    fc.property(backups, retentions, (all, retention) => {
      const once = judge(all, retention).filter(({ fate }) => fate === "kept");
      expect(
        judge(
          once.map(({ backup }) => backup),
          retention,
        ),
      ).toEqual(once);
    }),
  );
});

test("judge() wants nothing back that it removed, whatever comes later", () => {
  fc.assert(
    fc.property(backups, retentions, fc.integer({ min: 0, max: 60 }), (all, retention, at) => {
      const sorted = all.toSorted((a, b) => (a.manifest.takenAt < b.manifest.takenAt ? -1 : 1));
      const [before, later] = [sorted.slice(0, at), sorted.slice(at)];
      const survivors = keptOf([...keptOf(before, retention), ...later], retention);
      expect(survivors).toEqual(keptOf(sorted, retention));
    }),
  );
});

test("judge() never removes the newest, what was stored last, nor the newest that was proved", () => {
  fc.assert(
    fc.property(backups, retentions, (all, retention) => {
      const newest = judge(all, retention);
      if (newest.length > 0) expect(newest[0]?.fate).toBe("kept");
      const proved = newest.find(({ backup }) => backup.proofs.verifiedAt !== null);
      if (proved !== undefined) expect(proved.fate).toBe("kept");
    }),
  );
  const backwards = [
    candidate("2026-05-02T00:00:00Z"),
    candidate("1970-01-01T00:00:00Z", { storedAt: new Date() }),
  ];
  expect(kept(backwards, { last: 1 })).toEqual(["2026-05-02", "1970-01-01"]);
});

test("judge() keeps the newest of each period, of as many as the rule says", () => {
  fc.assert(
    fc.property(
      backups,
      fc.constantFrom(...PERIOD_RULES),
      fc.integer({ min: 1, max: 9 }),
      (all, [rule, period], most) => {
        for (const zone of ZONES) {
          const calendar = calendarIn(zone);
          const nameOf = ({ manifest }: Candidate) => calendar(new Date(manifest.takenAt))[period];
          const verdicts = judge(all, { keep: { [rule]: most }, zone });
          const periods = Map.groupBy(verdicts, ({ backup }) => nameOf(backup));
          const places = [...periods.values()].map(([newest], at) => [newest?.fate, at < most]);
          expect(places.filter(([fate, isIn]) => isIn === true && fate !== "kept")).toEqual([]);
          const named = verdicts.flatMap(({ reasons }) =>
            reasons.filter((each) => each.startsWith("newest of")),
          );
          expect(named).toHaveLength(Math.min(most, periods.size));
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("what does not count changes nothing, and is left alone", () => {
  fc.assert(
    fc.property(backups, backups, retentions, (all, others, retention) => {
      const planted = [
        candidate("9999-12-31T23:59:59.999Z", { doubt: "taken in the future" }),
        ...others.map((each) => ({ ...each, doubt: "signed by another" })),
      ];
      const verdicts = judge([...all, ...planted], retention);
      expect(verdicts.filter(({ fate }) => fate !== "ignored")).toEqual([...judge(all, retention)]);
      expect(verdicts.filter(({ fate }) => fate === "ignored")).toHaveLength(planted.length);
    }),
  );
  const [verdict] = judge([candidate("2026-01-01T00:00:00Z", { doubt: "failed its verify" })], {
    keep: { last: 1 },
    zone: "UTC",
  });
  expect(verdict?.reasons).toEqual(["does not count: failed its verify; left alone"]);
});

test("a year of daily backups, pruned each day, leaves what the rules say", () => {
  const keep = { last: 3, daily: 7, weekly: 5, monthly: 12, yearly: 3 };
  let stored: Candidate[] = [];
  for (const backup of daily(400)) stored = keptOf([...stored, backup], { keep, zone: "UTC" });
  expect(stored.map(({ manifest }) => manifest.takenAt.slice(0, 10))).toEqual([
    "2027-02-04",
    "2027-02-03",
    "2027-02-02",
    "2027-02-01",
    "2027-01-31",
    "2027-01-30",
    "2027-01-29",
    "2027-01-24",
    "2027-01-17",
    "2027-01-10",
    "2026-12-31",
    "2026-11-30",
    "2026-10-31",
    "2026-09-30",
    "2026-08-31",
    "2026-07-31",
    "2026-06-30",
    "2026-05-31",
    "2026-04-30",
    "2026-03-31",
  ]);
});

test.each([
  ["Europe/Paris", "22:00"],
  ["America/New_York", "04:00"],
  ["Australia/Lord_Howe", "13:00"],
])("a year of hourly backups leaves the last of each day in %s, whatever the clocks do", (zone, hour) => {
  const start = Date.parse(`2026-01-01T${hour}:00Z`);
  const hours = Array.from({ length: 365 * 24 }, (_, at) => candidate(new Date(start + at * HOUR)));
  const calendar = calendarIn(zone);
  const dayOf = ({ manifest }: Candidate) => calendar(new Date(manifest.takenAt)).day;
  const lasts = hours.filter((each, at) => {
    const next = hours[at + 1];
    return next === undefined || dayOf(next) !== dayOf(each);
  });
  expect(new Set(lasts.map(dayOf)).size).toBe(lasts.length);
  expect(keptOf(hours, { keep: { daily: 999 }, zone })).toEqual(lasts.toReversed());
});

test("reasons name every rule that wants a backup", () => {
  const verdicts = judge(daily(10), { keep: { last: 2, weekly: 2, within: "24h" }, zone: "UTC" });
  expect(verdicts.slice(0, 4).map(({ fate, reasons }) => `${fate}: ${reasons.join("; ")}`)).toEqual([
    "kept: 1st of 2 last; newest of week 2026-W02 (1st of 2); within 24h; what was stored last",
    "kept: 2nd of 2 last; within 24h",
    "removed: outside 2 last, 2 weekly, within 24h",
    "removed: outside 2 last, 2 weekly, within 24h",
  ]);
});

test("time alone removes nothing: `within` begins at the newest backup", () => {
  const old = daily(5, Date.UTC(2001, 1, 1));
  expect(kept(old, { within: "2d" })).toEqual(["2001-02-05", "2001-02-04", "2001-02-03"]);
});

test("days begin where the zone has them begin", () => {
  const late = [candidate("2026-06-01T21:30:00Z"), candidate("2026-06-01T22:30:00Z")];
  expect(keptOf(late, { keep: { daily: 2 }, zone: "UTC" })).toHaveLength(1);
  expect(keptOf(late, { keep: { daily: 2 }, zone: "Europe/Paris" })).toHaveLength(2);
});

test("a proved backup stays until a newer one is proved", () => {
  const proved = { proofs: { drilledAt: "then" } };
  const all = [
    candidate("2026-01-01T00:00:00Z", proved),
    candidate("2026-01-02T00:00:00Z", { proofs: { sampledAt: "then" } }),
    candidate("2026-01-03T00:00:00Z"),
  ];
  expect(kept(all, { last: 1 })).toEqual(["2026-01-03", "2026-01-01"]);
  expect(kept(all.slice(1), { last: 1 })).toEqual(["2026-01-03", "2026-01-02"]);
  expect(kept([...all, candidate("2026-01-04T00:00:00Z", proved)], { last: 1 })).toEqual(["2026-01-04"]);
});
