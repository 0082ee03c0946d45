import { reasonOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { type FailureHistory, forgetFailures, recallFailures, rememberFailure } from "../host/failures.ts";
import { stateFolder, stateFolders } from "../host/state.ts";
import type { ReportJson } from "./print/outcome.ts";

/** Remembers what failed, for `dbacked status`, and forgets what failed before a good backup. Nothing depends on it. */
export async function remember({ backups, failures }: Omit<ReportJson, "notDue">, now: Date): Promise<void> {
  const folder = stateFolder(process.env);
  try {
    for (const { database } of backups) await forgetFailures(folder, database);
    for (const { database, store, kind, message, hint } of failures)
      await rememberFailure(folder, database, { at: now.toISOString(), store, kind, message, hint });
  } catch (error) {
    // On a read-only file system, or for a user without a home.
    log.debug(`Nothing can be remembered in ${folder}: ${reasonOf(error)}`);
  }
}

/** What is remembered of a database; null if that is nothing, or not for this user's eyes. */
export async function recall(database: string): Promise<FailureHistory | null> {
  for (const folder of stateFolders(process.env)) {
    try {
      const history = await recallFailures(folder, database);
      if (history !== null) return history;
    } catch (error) {
      log.debug(`What is remembered in ${folder} cannot be read: ${reasonOf(error)}`);
    }
  }
  return null;
}
