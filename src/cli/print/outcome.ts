import { DbackedError, kindOf, reasonOf } from "../../base/error.ts";
import type { NotDue } from "../due.ts";
import type { Outcome } from "../session.ts";
import { backupJson, type BackupJson } from "./backup.ts";

/** What `run --once --json` prints. @see docs/json.md */
export interface ReportJson {
  backups: BackupJson[];
  failures: FailureJson[];
  notDue: NotDueJson[];
}

interface NotDueJson {
  database: string;
  newest: string;
  next: string;
}

interface FailureJson {
  database: string;
  /** Where only the copy for one store failed, that one. */
  store: string | null;
  kind: string;
  message: string;
  hint: string | null;
}

/** The outcomes as they are printed. */
export function reportJson(outcomes: readonly Outcome[]): ReportJson {
  return {
    backups: outcomes.flatMap((outcome) => ("backup" in outcome ? backupJson(outcome) : [])),
    failures: outcomes.flatMap((outcome) => ("error" in outcome ? failureJson(outcome) : [])),
    notDue: outcomes.flatMap((outcome) =>
      "notDue" in outcome ? notDueJson(outcome.database, outcome.notDue) : [],
    ),
  };
}

function notDueJson(database: string, { newest, next }: NotDue): NotDueJson {
  return { database, newest: newest.toISOString(), next: next.toISOString() };
}

function failureJson({ database, store, error }: Extract<Outcome, { error: unknown }>): FailureJson {
  const hint = error instanceof DbackedError ? error.hint : undefined;
  return { database, store, kind: kindOf(error), message: reasonOf(error), hint: hint ?? null };
}
