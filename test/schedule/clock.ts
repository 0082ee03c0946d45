import type { Cron } from "../../src/schedule/cron.ts";

const MINUTE_MS = 60_000;

/** What clocks of a zone show, as if it were UTC. */
function wallIn(zone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  return (instant) => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
  };
}

/**
 * All ticks from `start` to `end`, as a clock finds them that goes on minute by minute and never looks ahead: it calls what it
 * has skipped as much later, and forgets what it has shown before.
 */
export function tickByTick(cron: Cron, zone: string, start: number, end: number): number[] {
  const wallOf = wallIn(zone);
  const ticks = new Set<number>();
  let wall = wallOf(start - MINUTE_MS);
  let shownUpTo = wall;
  for (let instant = start; instant < end; instant += MINUTE_MS) {
    const shown = wallOf(instant);
    for (let skipped = wall + MINUTE_MS; skipped < shown; skipped += MINUTE_MS)
      if (isNamed(skipped, cron)) ticks.add(instant + (skipped - wall - MINUTE_MS));
    const isNew = shown > shownUpTo || cron.hours.length === 24;
    if (isNew && isNamed(shown, cron)) ticks.add(instant);
    wall = shown;
    shownUpTo = Math.max(shownUpTo, shown);
  }
  return [...ticks].filter((tick) => tick < end).toSorted((a, b) => a - b);
}

function isNamed(wall: number, cron: Cron): boolean {
  const date = new Date(wall);
  if (!cron.minutes.includes(date.getUTCMinutes()) || !cron.hours.includes(date.getUTCHours())) return false;
  if (!cron.months.includes(date.getUTCMonth() + 1)) return false;
  const isDay = cron.daysOfMonth.includes(date.getUTCDate());
  const isWeekday = cron.daysOfWeek.includes(date.getUTCDay());
  return cron.isEitherDay ? isDay || isWeekday : isDay && isWeekday;
}
