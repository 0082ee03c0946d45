import { z } from "zod";
import type { Period } from "./calendar.ts";

const HOUR_MS = 3_600_000;

const UNITS_MS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS, w: 7 * 24 * HOUR_MS };

const SPAN = /^([1-9]\d{0,4})([hdw])$/;

const count = z.int().min(1).optional();

/** The key of the config for each rule that keeps the newest backup of a period, and that period. */
export const PERIOD_RULES = [
  ["hourly", "hour"],
  ["daily", "day"],
  ["weekly", "week"],
  ["monthly", "month"],
  ["yearly", "year"],
] as const satisfies readonly (readonly [string, Period])[];

/** What is kept of a set. Each rule keeps by itself; a backup goes only when none of them wants it. */
export const keepOption = z
  .strictObject({
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    within: z.string().regex(SPAN, 'expected a time, as in "36h", "30d" or "8w"').optional(),
  })
  .refine((keep) => Object.values(keep).some((rule) => rule !== undefined), {
    error: "says nothing of what to keep; expected last, hourly, daily, weekly, monthly, yearly or within",
  });

/** How many backups of each sort are kept. */
export type Keep = z.output<typeof keepOption>;

/** The span of `within`, in ms. */
export function spanOf(within: string): number {
  const [, number = "0", unit = "h"] = SPAN.exec(within) ?? [];
  return Number(number) * (UNITS_MS[unit] ?? 0);
}

/** The rules in words, as in `7 last, 14 daily, within 30d`. */
export function describeKeep({ within, ...counts }: Keep): string {
  const rules = (["last", ...PERIOD_RULES.map(([rule]) => rule)] as const).flatMap((rule) =>
    counts[rule] === undefined ? [] : `${counts[rule]} ${rule}`,
  );
  return [...rules, ...(within === undefined ? [] : [`within ${within}`])].join(", ");
}
