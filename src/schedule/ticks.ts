import type { Cron } from "./cron.ts";

/** Moments that a cron expression names, by the clocks of a time zone. */
export interface Ticks {
  cron: Cron;
  zone: string;
}

/** Two leap days may be eight years apart. */
const FARTHEST_DAYS = 9 * 366;

const EVERY_HOUR = 24;

/** The last tick that is not after `now`. */
export function lastTick(ticks: Ticks, now: Date): Date {
  const found = search(ticks, now, -1, (moments) => moments.findLast((moment) => moment <= now.getTime()));
  return new Date(found);
}

/** The first tick after `now`. */
export function nextTick(ticks: Ticks, now: Date): Date {
  const found = search(ticks, now, 1, (moments) => moments.find((moment) => moment > now.getTime()));
  return new Date(found);
}

/** Goes from day to day. What clocks skip may fall into the day after, so that three days are looked at together. */
function search(
  { cron, zone }: Ticks,
  now: Date,
  step: 1 | -1,
  choose: (moments: readonly number[]) => number | undefined,
): number {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone).toPlainDate();
  const ofDay = (days: number) => momentsOn(today.add({ days }), cron, zone);
  const near = [-1, 0, 1].flatMap(ofDay).toSorted((a, b) => a - b);
  const found = choose(near);
  if (found !== undefined) return found;
  for (let days = 2; days < FARTHEST_DAYS; days += 1) {
    const later = choose(ofDay(days * step));
    if (later !== undefined) return later;
  }
  throw new Error("a cron expression without a tick in nine years");
}

/**
 * The ticks of a day, in ms, in order. A time that clocks skip comes as much later as they are put forward; of one that they
 * show twice only the first counts, unless every hour is meant.
 */
function momentsOn(day: Temporal.PlainDate, cron: Cron, zone: string): number[] {
  if (!isNamed(day, cron)) return [];
  const times = cron.hours.flatMap((hour) =>
    cron.minutes.map((minute) => day.toPlainDateTime({ hour, minute })),
  );
  const readings =
    cron.hours.length === EVERY_HOUR ? (["compatible", "later"] as const) : (["compatible"] as const);
  const moments = readings.flatMap((disambiguation) =>
    times.map((time) => time.toZonedDateTime(zone, { disambiguation }).epochMilliseconds),
  );
  return [...new Set(moments)].toSorted((a, b) => a - b);
}

function isNamed({ day, month, dayOfWeek }: Temporal.PlainDate, cron: Cron): boolean {
  if (!cron.months.includes(month)) return false;
  const [isDay, isWeekday] = [cron.daysOfMonth.includes(day), cron.daysOfWeek.includes(dayOfWeek % 7)];
  return cron.isEitherDay ? isDay || isWeekday : isDay && isWeekday;
}
