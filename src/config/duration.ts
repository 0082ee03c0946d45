import { z } from "zod";

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const FORM = /^([1-9]\d{0,5})([smhd])$/;

const LONGEST_MS = 30 * UNITS_MS.d;

/** A span of time as the config has it, as in `90s`, `15m`, `1h` or `2d`; in ms once it is read. */
export const durationOption = z
  .string()
  .transform((text) => {
    const [, number = "0", unit = "s"] = FORM.exec(text) ?? [];
    return Number(number) * UNITS_MS[unit as keyof typeof UNITS_MS];
  })
  .refine(
    (ms) => ms > 0 && ms <= LONGEST_MS,
    'expected a time, as in "90s", "15m", "1h" or "2d", at most "30d"',
  );
