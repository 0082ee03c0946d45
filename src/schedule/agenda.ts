import { addFailure, retryAt, type Trouble } from "./retry.ts";
import { judge, later, type Schedule } from "./schedule.ts";

/** What came of looking after a set: when its newest backup was taken, made now or before; or that another run is at it. */
export type Result = { newest: Date } | "busy" | "failed";

/** What is remembered of a set. It is lost with the process, and nothing depends on it: the store knows what is due. */
export interface Agenda {
  /** Before then nothing is to be done about it. */
  lookAt: Date;
  trouble: Trouble | null;
}

/** When one is looked at again that another run is at, or that is due again as soon as it was made, in ms. */
const AGAIN_MS = 60_000;

/**
 * Decides when a set is to be looked at again. A backup that was made and does not count, since a clock is wrong, does not lead
 * to the next one before the next tick.
 */
export function replan(schedule: Schedule, { trouble }: Agenda, result: Result, now: Date): Agenda {
  if (result === "busy") return { lookAt: later(now, AGAIN_MS), trouble };
  if (result === "failed") {
    const more = addFailure(trouble, now, judge(schedule, null, now).next);
    return { lookAt: retryAt(more, now), trouble: more };
  }
  const { isDue, next } = judge(schedule, result.newest, now);
  return { lookAt: isDue ? later(now, AGAIN_MS) : next, trouble: null };
}
