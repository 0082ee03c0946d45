import { DbackedError, type ErrorKind } from "../base/error.ts";

/** One thing that was looked at, and how it is. */
export interface Check {
  /** What it belongs to, as in `config`, `database shop` or `store s3`. */
  subject: string;
  /** `warn`: backups are made, and something is not as it should be. */
  state: "ok" | "warn" | "fail";
  /** What is so, in words. */
  what: string;
  /** What to do about it. */
  hint: string | null;
  /** What sort of failure it is; null unless it is one. */
  kind: ErrorKind | null;
}

/** All is well. */
export function good(subject: string, what: string): Check {
  return { subject, state: "ok", what, hint: null, kind: null };
}

/** Something is not as it should be. */
export function doubtful(subject: string, what: string, hint: string | null = null): Check {
  return { subject, state: "warn", what, hint, kind: null };
}

/** Something stands in the way of backups, or is wrong with them. */
export function bad(subject: string, { kind, message, hint }: DbackedError): Check {
  return { subject, state: "fail", what: message, hint: hint ?? null, kind };
}

/** Runs one look; what fails in it is told, and stops no other. Only an interruption and a bug are thrown. */
export async function examine(
  subject: string,
  look: () => Promise<readonly Check[]>,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DbackedError) return [bad(subject, error)];
    throw error;
  }
}
