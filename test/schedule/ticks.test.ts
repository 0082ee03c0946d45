import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseCron } from "../../src/schedule/cron.ts";
import { lastTick, nextTick } from "../../src/schedule/ticks.ts";
import { tickByTick } from "./clock.ts";

const DAY_MS = 86_400_000;

/** Zones, and days on which their clocks changed. */
const CHANGES: readonly (readonly [zone: string, day: string])[] = [
  ["UTC", "2026-03-29"],
  ["Europe/Paris", "2026-03-29"],
  ["Europe/Paris", "2026-10-25"],
  ["America/New_York", "2026-03-08"],
  ["America/New_York", "2026-11-01"],
  // By half an hour.
  ["Australia/Lord_Howe", "2026-10-04"],
  ["Australia/Lord_Howe", "2026-04-05"],
  // At midnight.
  ["America/Sao_Paulo", "2018-11-04"],
  ["America/Sao_Paulo", "2018-02-18"],
  ["Africa/Cairo", "2026-04-24"],
  // Without 30 December 2011.
  ["Pacific/Apia", "2011-12-30"],
  ["Asia/Kathmandu", "2026-01-01"],
];

async function ticksFrom(text: string, zone: string, from: string, count: number): Promise<string[]> {
  const cron = await parseCron(text);
  const found: string[] = [];
  for (let at = new Date(from); found.length < count; found.push(at.toISOString()))
    at = nextTick({ cron, zone }, at);
  return found.map((each) => each.slice(0, 16));
}

test.each([
  ["30 2 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", ["2026-03-29T01:30", "2026-03-30T00:30"]],
  [
    "30 2 * * *",
    "Europe/Paris",
    "2026-10-24T12:00:00Z",
    ["2026-10-25T00:30", "2026-10-26T01:30", "2026-10-27T01:30"],
  ],
  [
    "0 * * * *",
    "Europe/Paris",
    "2026-10-24T23:30:00Z",
    ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"],
  ],
  ["0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", ["2104-02-29T00:00"]],
  ["0 3 13 * 5", "UTC", "2026-11-01T00:00:00Z", ["2026-11-06T03:00", "2026-11-13T03:00", "2026-11-20T03:00"]],
  ["0 3 */2 * 5", "UTC", "2026-11-01T00:00:00Z", ["2026-11-13T03:00", "2026-11-27T03:00"]],
  ["@weekly", "UTC", "2026-11-23T00:00:00Z", ["2026-11-29T00:00"]],
])("nextTick() of %s in %s after %s", async (text, zone, from, expected) => {
  expect(await ticksFrom(text, zone, from, expected.length)).toEqual(expected);
});

const minutes = fc.constantFrom("0", "30", "15,45", "*/20", "59", "1-3", "*");
const hours = fc.constantFrom("0", "1", "2", "2,3", "*/6", "23", "*", "1-3");
const days = fc.constantFrom("*", "*", "1", "*/2", "29-31");
const weekdays = fc.constantFrom("*", "*", "0", "7", "mon-fri", "5");
const texts = fc.tuple(minutes, hours, days, fc.constant("*"), weekdays).map((fields) => fields.join(" "));

test.each(CHANGES)(
  "the ticks around a change of clocks in %s on %s are those of a clock",
  async (zone, day) => {
    const start = Date.parse(`${day}T00:00:00Z`) - 2 * DAY_MS;
    const end = start + 4 * DAY_MS;
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const cron = await parseCron(text);
        const expected = tickByTick(cron, zone, start, end);
        const forward: number[] = [];
        for (let at = nextTick({ cron, zone }, new Date(start - 1)); at.getTime() < end;) {
          forward.push(at.getTime());
          at = nextTick({ cron, zone }, at);
          if (forward.length > 20) break;
        }
        expect(forward).toEqual(expected.slice(0, forward.length));
        expect(forward.length).toBe(Math.min(expected.length, 21));
      }),
      { numRuns: 12 },
    );
  },
);

test("lastTick() and nextTick() agree: no tick lies between them", async () => {
  const moments = fc.integer({ min: Date.UTC(2026, 0, 1) / 1000, max: Date.UTC(2027, 0, 1) / 1000 });
  const zones = fc.constantFrom(...CHANGES.map(([zone]) => zone));
  await fc.assert(
    fc.asyncProperty(texts, zones, moments, async (text, zone, second) => {
      const ticks = { cron: await parseCron(text), zone };
      const now = new Date(second * 1000);
      const [last, next] = [lastTick(ticks, now), nextTick(ticks, now)];
      expect(last.getTime()).toBeLessThanOrEqual(now.getTime());
      expect(next.getTime()).toBeGreaterThan(now.getTime());
      expect(nextTick(ticks, last)).toEqual(next);
      expect(lastTick(ticks, new Date(next.getTime() - 1))).toEqual(last);
      expect(lastTick(ticks, next)).toEqual(next);
    }),
    { numRuns: 200 },
  );
});

test.each(["", "3", "* * * *", "0 0 3 * * *", "61 * * * *", "0 24 * * *", "0 0 30 2 *", "0 3 * * foo"])(
  "parseCron() refuses %p",
  async (text) => {
    expect(await parseCron(text).catch((error: unknown) => error)).toMatchObject({ kind: "config" });
  },
);

test.each([
  "0 0 L * *",
  "0 0 15W * *",
  "H 3 * * *",
  "0 3 * * MON#1",
  "* * * * * *",
  "@reboot",
  "1.5 * * * *",
])("parseCron() refuses %p, which is not of every cron", async (text) => {
  expect(await parseCron(text).catch((error: unknown) => error)).toMatchObject({ kind: "config" });
});
