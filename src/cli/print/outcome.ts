import { DbackedError, reasonOf } from "../../base/error.ts";
import type { Outcome } from "../session.ts";
import { backupJson, type BackupJson } from "./backup.ts";

interface FailureJson {
  database: string;
  kind: string;
  message: string;
  hint: string | null;
}

/** What `run --once --json` prints. @see docs/json.md */
export function reportJson(outcomes: readonly Outcome[]): { backups: BackupJson[]; failures: FailureJson[] } {
  return {
    backups: outcomes.flatMap((outcome) => ("backup" in outcome ? backupJson(outcome) : [])),
    failures: outcomes.flatMap((outcome) =>
      "error" in outcome ? failureJson(outcome.database, outcome.error) : [],
    ),
  };
}

function failureJson(database: string, error: unknown): FailureJson {
  const known = error instanceof DbackedError ? error : null;
  return { database, kind: known?.kind ?? "bug", message: reasonOf(error), hint: known?.hint ?? null };
}
