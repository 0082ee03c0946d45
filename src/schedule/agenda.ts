import { addFailure, retryAt, type Trouble } from "./retry.ts";
import { judge, type Schedule } from "./schedule.ts";

/** What a process remembers of a set. Whatever matters is in the store: a process that starts anew remembers nothing. */
export interface Memory {
  /** When it took its last backup itself: one may be made that does not count, and that must not lead to the next at once. */
  madeAt: Date | null;
  trouble: Trouble | null;
}

/** What to do about a set. */
export type Agenda =
  | { isDue: true; tick: Date; next: Date }
  /** Before `lookAt` nothing is to be done about it. */
  | { isDue: false; lookAt: Date };

export const NO_MEMORY: Memory = { madeAt: null, trouble: null };

/**
 * Decides what to do about a set.
 *
 * @param newest - when its newest backup that counts was taken; null if there is none.
 */
export function decide(schedule: Schedule, newest: Date | null, memory: Memory, now: Date): Agenda {
  const verdicts = [newest, memory.madeAt].map((taken) => judge(schedule, taken, now));
  const done = verdicts.find(({ isDue }) => !isDue);
  if (done !== undefined) return { isDue: false, lookAt: done.next };
  const { tick, next } = judge(schedule, null, now);
  const tryAt = memory.trouble === null ? now : retryAt(memory.trouble, now);
  return tryAt <= now ? { isDue: true, tick, next } : { isDue: false, lookAt: tryAt };
}

/** What is remembered when a backup was made. */
export function rememberBackup(takenAt: Date): Memory {
  return { madeAt: takenAt, trouble: null };
}

/** What is remembered when a backup failed, or could not be judged. */
export function rememberFailure(schedule: Schedule, { madeAt, trouble }: Memory, failedAt: Date): Memory {
  const { next } = judge(schedule, null, failedAt);
  return { madeAt, trouble: addFailure(trouble, failedAt, next) };
}
