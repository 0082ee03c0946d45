import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { type Backup, findNewest } from "../catalog/list.ts";
import type { DatabaseConfig } from "../config/config.ts";
import { newerOf, type Place } from "../job/copy.ts";
import { noteVerifier } from "../job/trust.ts";
import { judge } from "../schedule/schedule.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { Task } from "./tasks.ts";

/** There is a backup since the last tick of the schedule. */
export class NotDue extends Error {
  /** When it was taken. */
  readonly newest: Date;
  /** When the next one is due. */
  readonly next: Date;

  constructor(newest: Date, next: Date) {
    super(`not due before ${next.toISOString()}`);
    this.newest = newest;
    this.next = next;
  }
}

/**
 * Asks the stores whether a backup is due, before anybody else is asked anything: the newest in any of them counts. One that
 * cannot be asked is told.
 *
 * @throws {NotDue}; {DbackedError} `config`, if the database has no schedule; `store`, if none can be asked.
 */
export async function requireDue(
  { set, entry }: Task,
  places: readonly Place[],
  trusted: readonly TrustedSigner[],
  signal: AbortSignal,
): Promise<void> {
  let newest: Backup | undefined;
  const failures: DbackedError[] = [];
  for (const { store } of places) {
    try {
      newest = newerOf(newest, await findNewest(store, set, noteVerifier(store, trusted, signal), signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DbackedError)) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first !== undefined && failures.length === places.length) throw first;
  for (const { message } of failures) log.warn(`${set}: not every store tells what it has: ${message}`);
  refuseUndue(entry, newest);
}

/** @throws {NotDue} if no backup is due after the newest one. */
export function refuseUndue({ name, schedule }: DatabaseConfig, newest: Backup | undefined): void {
  if (schedule === null)
    throw new DbackedError("config", `The database "${name}" has no schedule, so that nothing is ever due`, {
      hint: 'give it one, as in schedule = "0 3 * * *", or leave out --if-due',
    });
  if (newest === undefined) return;
  const takenAt = new Date(newest.manifest.takenAt);
  const { isDue, next } = judge(schedule, takenAt, new Date());
  if (!isDue) throw new NotDue(takenAt, next);
}

/** Says that nothing was done. */
export function tellNotDue(set: string, notDue: NotDue): NotDue {
  log.info(`${set}: has a backup of ${notDue.newest.toISOString()}, and is ${notDue.message}`);
  return notDue;
}
