import { DbackedError } from "../base/error.ts";
import { printDuration } from "../base/units.ts";
import { CLOCK_TOLERANCE_MS } from "../catalog/doubt.ts";

/** Stores tell whole seconds. */
const SECOND_MS = 1000;

/** A time that the store told at some moment between two of ours. */
export interface ToldTime {
  stored: Date;
  before: Date;
  after: Date;
}

/** By how much, at least, this host's clock differs from the store's, in ms, and how messages say so. */
export function compareClocks({ stored, before, after }: ToldTime): { offMs: number; what: string } {
  const early = before.getTime() - SECOND_MS - stored.getTime();
  const late = stored.getTime() - after.getTime() - SECOND_MS;
  const offMs = Math.max(early, late, 0);
  const side = early > late ? "ahead of" : "behind";
  return { offMs, what: `this host's clock is ${side} the store's by ${printDuration(offMs)}` };
}

/** A store's clock and this host's tell other times. */
export class OtherTime extends DbackedError {}

/**
 * Refuses a backup that would be of another time in the store: of the future, it would not count; of the past, it would
 * be taken for an old one.
 *
 * @throws {OtherTime} `store`
 */
export function requireSameTime(label: string, told: ToldTime): void {
  const { offMs, what } = compareClocks(told);
  if (offMs <= CLOCK_TOLERANCE_MS) return;
  throw new OtherTime("store", `Cannot make a backup in ${label}: ${what}`, {
    hint: "set it: timedatectl set-ntp true",
  });
}
