import type { ErrorKind } from "../../src/base/error.ts";

/** One harm, and what must come of it. */
export interface Row {
  /** Where it strikes, as in `UploadPart`. */
  where: string;
  /** What it does, in words. */
  what: string;
  outcome: Outcome;
}

export type Outcome = Success | Failure;

interface Success {
  /** What is told besides, as a warning. */
  warns?: RegExp;
}

export interface Failure {
  /** A sort of error, or the signal that ended the run. */
  kind: ErrorKind | NodeJS.Signals;
  /** In the message or the hint. */
  says: RegExp;
  /** @default nothing */
  leaves?: Remains;
}

/**
 * What a failed run leaves in the store. `orphan`: bytes that are no backup. `unproved`: a whole backup, which was not read
 * back. `condemned`: a backup that a proof keeps from counting; `ruined`, if it is spoilt in fact. `upload`: an open upload, which shows nowhere.
 */
export type Remains = "nothing" | "orphan" | "unproved" | "condemned" | "ruined" | "upload";

export function isFailure(outcome: Outcome): outcome is Failure {
  return "kind" in outcome;
}

/** Rows of one sort, for one chapter of the page. */
export interface Chapter {
  title: string;
  /** What is the same in all its rows. */
  about: string;
  rows: readonly Row[];
}
