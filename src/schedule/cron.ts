import { DbackedError, reasonOf } from "../base/error.ts";

/** Which minutes of which days a cron expression names. */
export interface Cron {
  minutes: readonly number[];
  hours: readonly number[];
  months: readonly number[];
  daysOfMonth: readonly number[];
  /** 0 and 7 are Sunday. */
  daysOfWeek: readonly number[];
  /** Where neither sort of days begins with a star, one of the two is enough; else both must fit. */
  isEitherDay: boolean;
}

const FIELDS = 5;

const ALIASES = new Set(["@hourly", "@daily", "@weekly", "@monthly", "@yearly"]);

/** Letters are names of months and days; what other programs mean by `L`, `W`, `#` and `H` differs from one to the next. */
const FORM = /^(?:[\d*?/,\s-]|\b[a-z]{3}\b)+$/i;

/**
 * Reads a cron expression: minute, hour, day of the month, month, day of the week.
 *
 * @throws {DbackedError} `config`
 */
export async function parseCron(text: string): Promise<Cron> {
  const trimmed = text.trim();
  const fields = trimmed.split(/\s+/);
  if (!ALIASES.has(trimmed) && (fields.length !== FIELDS || !FORM.test(trimmed))) throw wrong();
  const { CronExpressionParser } = await import("cron-parser");
  try {
    // Only the fields: where clocks change, its own search goes wrong in one direction or the other (5.10.5).
    const parsed = CronExpressionParser.parse(trimmed, { tz: "UTC" }).fields;
    return {
      minutes: numbersOf(parsed.minute.values),
      hours: numbersOf(parsed.hour.values),
      months: numbersOf(parsed.month.values),
      daysOfMonth: numbersOf(parsed.dayOfMonth.values),
      daysOfWeek: numbersOf(parsed.dayOfWeek.values),
      isEitherDay: isNarrow(fields[2]) && isNarrow(fields[4]),
    };
  } catch (cause) {
    throw wrong(reasonOf(cause), cause);
  }
}

function isNarrow(field: string | undefined): boolean {
  return field !== undefined && !/^[*?]/.test(field);
}

function numbersOf(values: readonly unknown[]): number[] {
  return values.map(Number);
}

function wrong(why?: string, cause?: unknown): DbackedError {
  const form =
    'expected an interval of a minute or more, as in "6h", or the five fields of cron, as in "0 3 * * *"';
  return new DbackedError("config", why === undefined ? form : `${form}: ${why}`, { cause });
}
