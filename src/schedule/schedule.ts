import { DbackedError } from "../base/error.ts";
import { type Cron, parseCron } from "./cron.ts";
import { lastTick, nextTick } from "./ticks.ts";

/** When a set is to be backed up. */
export type Schedule = { everyMs: number } | CronSchedule;

/** A schedule of ticks. */
export interface CronSchedule {
  cron: Cron;
  zone: string;
  /** How much later than the expression says, in ms: so that many hosts do not begin at once. */
  delayMs: number;
}

/** Whether a backup is due, and why. */
export interface Verdict {
  isDue: boolean;
  /** A backup is due if the newest one is older than that. */
  tick: Date;
  /** When the next one will be due, if this one is not, or is made now. */
  next: Date;
}

/** What is taken so much later than now is of a time before the clock was put back, and tells nothing. */
const CLOCK_TOLERANCE_MS = 10 * 60 * 1000;

const MINUTE_MS = 60_000;
const UNITS_MS = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 24 * 60 * MINUTE_MS } as const;
const INTERVAL = /^\s*(?<number>[1-9]\d{0,4})\s*(?<unit>[mhd])\s*$/;
const LONGEST_MS = 366 * UNITS_MS.d;

/**
 * Reads a schedule as the config has it: an interval, or a cron expression that is meant in a time zone.
 *
 * @throws {DbackedError} `config`
 */
export async function parseSchedule(
  text: string,
  { zone, delayMs }: Pick<CronSchedule, "zone" | "delayMs">,
): Promise<Schedule> {
  const { number, unit } = INTERVAL.exec(text)?.groups ?? {};
  if (number === undefined) return { cron: await parseCron(text), zone, delayMs };
  const everyMs = Number(number) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (everyMs > LONGEST_MS) throw new DbackedError("config", "expected an interval of a year at most");
  return { everyMs };
}

/** How late a set comes of those that share a schedule: the same whenever it is asked. */
export function delayOf(set: string, jitterMs: number): number {
  if (jitterMs === 0) return 0;
  const digest = new Bun.CryptoHasher("sha256").update(set).digest();
  return Math.floor((digest.readUIntBE(0, 6) / 2 ** 48) * jitterMs);
}

/**
 * Judges whether a set is due. Whatever was missed is due once.
 *
 * @param newest - when its newest backup that counts was taken; null if there is none.
 */
export function judge(schedule: Schedule, newest: Date | null, now: Date): Verdict {
  const known = newest !== null && newest.getTime() <= now.getTime() + CLOCK_TOLERANCE_MS ? newest : null;
  if ("everyMs" in schedule) return judgeInterval(schedule.everyMs, known, now);
  const shifted = new Date(now.getTime() - schedule.delayMs);
  const tick = later(lastTick(schedule, shifted), schedule.delayMs);
  const next = later(nextTick(schedule, shifted), schedule.delayMs);
  return { isDue: known === null || known < tick, tick, next };
}

function judgeInterval(everyMs: number, newest: Date | null, now: Date): Verdict {
  const tick = later(now, -everyMs);
  const isDue = newest === null || newest <= tick;
  return { isDue, tick, next: later(newest === null || isDue ? now : newest, everyMs) };
}

/** The moment `ms` after another. */
export function later(moment: Date, ms: number): Date {
  return new Date(moment.getTime() + ms);
}
