import { DbackedError, reasonOf, type ErrorKind } from "../base/error.ts";

/** What to do about the file system's errors. */
const HINTS: Readonly<Record<string, string>> = {
  EACCES: "dbacked must be allowed to write there",
  EPERM: "dbacked must be allowed to write there",
  EROFS: "that disk cannot be written to",
  ENOSPC: "make room on that disk",
  EDQUOT: "make room on that disk",
  EFBIG: "make room on that disk, or raise the limit on the size of a file (`ulimit -f`)",
};

/** Puts a failure of the file system into words. Any other error stays what it is. */
export function explainDisk(error: unknown, kind: ErrorKind, what: string, hint?: string): unknown {
  if (!(error instanceof Error && "syscall" in error && "code" in error)) return error;
  return new DbackedError(kind, `${what}: ${reasonOf(error)}`, {
    cause: error,
    hint: hint ?? HINTS[String(error.code)],
  });
}
