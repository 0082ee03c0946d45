import { later } from "./schedule.ts";

/** Failures of one tick's backup, one after the other. */
export interface Trouble {
  failures: number;
  lastAt: Date;
  /** The next tick: from then on they count anew. */
  until: Date;
}

const FIRST_MS = 5 * 60 * 1000;
const LONGEST_MS = 60 * 60 * 1000;

/** Adds a failure. `next` is the next tick as it is judged at that moment. */
export function addFailure(known: Trouble | null, failedAt: Date, next: Date): Trouble {
  if (known === null || failedAt >= known.until) return { failures: 1, lastAt: failedAt, until: next };
  return { ...known, failures: known.failures + 1, lastAt: failedAt };
}

/**
 * When it is tried again: after 5 minutes, then after twice as long each time up to an hour, and at the next tick in any
 * case. A clock that was put back makes nobody wait longer.
 */
export function retryAt({ failures, lastAt, until }: Trouble, now: Date): Date {
  const waitMs = Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);
  const at = Math.min(later(lastAt, waitMs).getTime(), until.getTime());
  return at - now.getTime() > LONGEST_MS ? now : new Date(at);
}
