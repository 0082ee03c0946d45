import { expect, test } from "bun:test";
import fc from "fast-check";
import { addFailure, retryAt } from "../../src/schedule/retry.ts";
import { delayOf, judge, later, parseSchedule } from "../../src/schedule/schedule.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOW = new Date("2026-11-23T12:00:00Z");

const schedule = (text: string, delayMs = 0) => parseSchedule(text, { zone: "UTC", delayMs });
const at = (text: string) => new Date(`2026-11-${text}:00Z`);

test.each([
  ["0 3 * * *", null, true],
  ["0 3 * * *", "23T02:59", true],
  ["0 3 * * *", "23T03:00", false],
  ["0 3 * * *", "20T03:00", true],
  ["6h", null, true],
  ["6h", "23T06:00", true],
  ["6h", "23T06:01", false],
  ["1d", "23T06:00", false],
  // A little ahead of this clock, and long ahead: then this clock was put back.
  ["6h", "23T12:05", false],
  ["0 3 * * *", "23T12:05", false],
  ["0 3 * * *", "29T03:00", true],
  ["6h", "29T03:00", true],
])("judge() of %s, the newest from %s", async (text, newest, isDue) => {
  expect(judge(await schedule(text), newest === null ? null : at(newest), NOW).isDue).toBe(isDue);
});

test("judge() says when the next one is due", async () => {
  expect(judge(await schedule("0 3 * * *"), at("23T03:00"), NOW).next).toEqual(at("24T03:00"));
  expect(judge(await schedule("6h"), at("23T10:00"), NOW).next).toEqual(at("23T16:00"));
  expect(judge(await schedule("6h"), null, NOW).next).toEqual(at("23T18:00"));
});

const texts = fc.constantFrom("0 3 * * *", "*/30 * * * *", "15 22 * * 1-5", "6h", "1d", "45m");
const ages = fc.integer({ min: 0, max: 40 * 24 * 60 });

test("judge() finds nothing due once a backup was made, until `next`, and then it does", async () => {
  await fc.assert(
    fc.asyncProperty(texts, fc.nat(59), fc.nat(90), ages, async (text, minute, delay, age) => {
      const chosen = await schedule(text, delay * MINUTE_MS);
      const now = later(NOW, (age + minute) * MINUTE_MS);
      const { isDue, next, tick } = judge(chosen, now, now);
      expect(isDue).toBe(false);
      expect(tick <= now && now < next).toBe(true);
      expect(judge(chosen, now, later(next, -1)).isDue).toBe(false);
      expect(judge(chosen, now, next).isDue).toBe(true);
      expect(judge(chosen, now, later(next, 365 * 24 * HOUR_MS)).isDue).toBe(true);
    }),
  );
});

test("a delay moves every tick by as much", async () => {
  const delayed = await schedule("0 3 * * *", 20 * MINUTE_MS);
  expect(judge(delayed, null, at("23T03:10"))).toMatchObject({ tick: at("22T03:20"), next: at("23T03:20") });
});

test("delayOf() is the same for a name, lies within the jitter, and differs between names", () => {
  const names = Array.from({ length: 1000 }, (_, number) => `shop-${number}`);
  const delays = names.map((name) => delayOf(name, HOUR_MS));
  expect(delays).toEqual(names.map((name) => delayOf(name, HOUR_MS)));
  expect(delays.every((delay) => delay >= 0 && delay < HOUR_MS)).toBe(true);
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  expect(Math.abs(mean - HOUR_MS / 2)).toBeLessThan(HOUR_MS / 20);
  expect(delayOf("shop", 0)).toBe(0);
});

test.each(["0h", "6 hours", "-6h", "1w", "367d", "90s"])("parseSchedule() refuses %p", async (text) => {
  expect(await schedule(text).catch((error: unknown) => error)).toMatchObject({ kind: "config" });
});

test("retryAt() waits 5 minutes, doubles to an hour, and never passes the next tick", () => {
  let trouble = null;
  let now = NOW;
  const waits: number[] = [];
  for (let failure = 0; failure < 7; failure += 1) {
    trouble = addFailure(trouble, now, later(NOW, 5 * HOUR_MS));
    const next = retryAt(trouble, now);
    waits.push((next.getTime() - now.getTime()) / MINUTE_MS);
    now = next;
  }
  expect(waits).toEqual([5, 10, 20, 40, 60, 60, 60]);
  trouble = addFailure(trouble, now, later(NOW, 5 * HOUR_MS));
  expect(retryAt(trouble, now)).toEqual(later(NOW, 5 * HOUR_MS));
  trouble = addFailure(trouble, later(NOW, 5 * HOUR_MS), later(NOW, 10 * HOUR_MS));
  expect(trouble.failures).toBe(1);
});

test("retryAt() waits for no moment that a clock put back has moved far away", () => {
  const trouble = addFailure(null, later(NOW, 24 * HOUR_MS), later(NOW, 48 * HOUR_MS));
  expect(retryAt(trouble, NOW)).toEqual(NOW);
});
