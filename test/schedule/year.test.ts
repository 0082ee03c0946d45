import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseCron } from "../../src/schedule/cron.ts";
import { parseSchedule, type Schedule } from "../../src/schedule/schedule.ts";
import { tickByTick } from "./clock.ts";
import {
  DAY,
  HOUR,
  hostClock,
  isIn,
  LASTS,
  live,
  type Made,
  MINUTE,
  type Span,
  type Weather,
} from "./year.ts";

const START = Date.UTC(2026, 0, 1);
const END = Date.UTC(2027, 0, 1);
const ZONE = "Europe/Paris";
const FINE: Weather = { down: [], away: [], wrong: [], isLocal: false };

/** Longest wait for a new try, and the backup itself. */
const SETTLED = HOUR + LASTS + 2 * MINUTE;

const nightly = await ofCron("30 2 * * *");
const oftener = await ofCron("15 */8 * * *");

interface Case {
  schedule: Schedule;
  /** All ticks of the year and some before and after, as a clock finds them. */
  ticks: readonly number[];
}

async function ofCron(text: string): Promise<Case> {
  const schedule = await parseSchedule(text, { zone: ZONE, delayMs: 0 });
  return { schedule, ticks: tickByTick(await parseCron(text), ZONE, START - 40 * DAY, END + 40 * DAY) };
}

/** Spans that lie apart, the first of which begins on the second day. */
function spans(longest: number): fc.Arbitrary<Span[]> {
  const gaps = fc.tuple(
    fc.integer({ min: 12 * HOUR, max: 40 * DAY }),
    fc.integer({ min: MINUTE, max: longest }),
  );
  return fc.array(gaps, { minLength: 5, maxLength: 12 }).map((list) => {
    let at = START + DAY;
    return list.map(([gap, length]) => {
      const start = Math.floor((at + gap) / MINUTE) * MINUTE;
      at = start + Math.ceil(length / MINUTE) * MINUTE;
      return { start, end: at };
    });
  });
}

const weather: fc.Arbitrary<Weather> = fc.record({
  down: spans(4 * DAY),
  away: spans(2 * DAY),
  wrong: fc.constant([]),
  isLocal: fc.boolean(),
});

test.each([
  ["nightly", nightly],
  ["every eight hours", oftener],
])(
  "a year without any trouble, %s: one backup for each tick, and one to begin with",
  (_, { schedule, ticks }) => {
    const made = live(schedule, FINE, START, END).map(({ takenAt }) => takenAt);
    expect(made).toEqual([START, ...ticks.filter((tick) => START < tick && tick < END - LASTS)]);
  },
);

test.each([
  ["nightly", nightly],
  ["every eight hours", oftener],
])(
  "a year of restarts and outages, %s: each tick that could be served is served once",
  (_, { schedule, ticks }) => {
    fc.assert(
      fc.property(weather, (weather) => {
        const made = live(schedule, weather, START, END);
        for (const [at, tick] of ticks.entries()) {
          const next = ticks[at + 1] ?? END;
          if (tick < START || next > END) continue;
          const count = made.filter(({ takenAt }) => tick <= takenAt && takenAt < next).length;
          const { could, must } = chances(weather, { start: tick, end: next });
          if (must) expect(count).toBe(1);
          else expect(count).toBeLessThanOrEqual(could ? 1 : 0);
        }
      }),
      { numRuns: 6 },
    );
  },
);

/** Whether a backup could be made in a span, and whether there was so much time that it must have been. */
function chances({ down, away }: Weather, { start, end }: Span): { could: boolean; must: boolean } {
  let [longest, good] = [0, 0];
  for (let time = start; time < end; time += MINUTE) {
    good = isIn(down, time) || isIn(away, time) ? 0 : good + MINUTE;
    longest = Math.max(longest, good);
  }
  return { could: longest >= MINUTE, must: longest > SETTLED };
}

test("an interval is kept from one backup to the next, whatever happens between", async () => {
  const schedule = await parseSchedule("6h", { zone: ZONE, delayMs: 0 });
  fc.assert(
    fc.property(weather, (weather) => {
      const made = live(schedule, weather, START, END);
      for (const [at, { takenAt }] of made.entries()) {
        const before = made[at - 1]?.takenAt;
        if (before === undefined) continue;
        expect(takenAt - before).toBeGreaterThanOrEqual(6 * HOUR);
        const { must } = chances(weather, { start: before + 6 * HOUR, end: takenAt });
        expect(must).toBe(false);
      }
    }),
    { numRuns: 6 },
  );
});

const jumps = fc
  .tuple(spans(3 * DAY), fc.array(fc.integer({ min: -20 * DAY, max: 20 * DAY })))
  .map(([list, amounts]) =>
    list.map((span, at) => ({ ...span, by: Math.round((amounts[at] ?? 90 * MINUTE) / MINUTE) * MINUTE })),
  );

test("a clock that jumps for days makes no run of backups, and none is missed by the clock there is", () => {
  const { schedule, ticks } = nightly;
  fc.assert(
    fc.property(jumps, fc.boolean(), (wrong, isLocal) => {
      const weather = { ...FINE, wrong, isLocal };
      const made = live(schedule, weather, START, END);
      for (const part of steadyParts(weather)) {
        const served = made.filter(({ startedAt }) => part.start <= startedAt && startedAt < part.end);
        expectOnePerTick(served, ticks, { part, weather, before: made });
      }
    }),
    { numRuns: 6 },
  );
});

/** Spans in which the host's clock does not jump. */
function steadyParts({ wrong }: Weather): Span[] {
  const edges = [START, ...wrong.flatMap(({ start, end }) => [start, end]), END].filter(
    (edge) => edge <= END,
  );
  return edges.slice(1).map((end, at) => ({ start: edges[at] ?? START, end }));
}

interface Steady {
  part: Span;
  weather: Weather;
  before: readonly Made[];
}

/** In each period by the host's clock: at most one backup; and one, unless the period began before and had one already. */
function expectOnePerTick(
  served: readonly Made[],
  ticks: readonly number[],
  { part, weather, before }: Steady,
): void {
  const [start, end] = [part.start, part.end - MINUTE].map((time) => hostClock(weather, time));
  if (start === undefined || end === undefined) return;
  for (const [at, tick] of ticks.entries()) {
    const next = ticks[at + 1] ?? Infinity;
    const isIn = ({ takenAt }: Made) => tick <= takenAt && takenAt < next;
    const count = served.filter(isIn).length;
    expect(count).toBeLessThanOrEqual(1);
    const isWhole = start <= tick && Math.min(next, end) - tick > SETTLED;
    if (isWhole && !before.filter(({ startedAt }) => startedAt < part.start).some(isIn))
      expect(count).toBe(1);
  }
}
