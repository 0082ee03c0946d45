import { DbackedError, reasonOf } from "../../base/error.ts";

/** The code of a failed system call, as in `ENOSPC`; empty for any other error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** A part of the path is not there, or is a file where a folder was looked for. */
const ABSENT = new Set(["ENOENT", "ENOTDIR"]);

/** What a call gives; null if what it is about is not there. */
export async function unlessAbsent<Result>(promise: Promise<Result>): Promise<Result | null> {
  try {
    return await promise;
  } catch (error) {
    if (ABSENT.has(codeOf(error))) return null;
    throw error;
  }
}

/** Turns the failure of a system call into words: what failed, and what to do. `doing` is as in `write x.dbk to`. */
export function folderFailure(doing: string, folder: string, cause: unknown): DbackedError {
  const code = codeOf(cause);
  const { why, hint } = explain(code, folder) ?? { why: reasonOf(cause), hint: undefined };
  return new DbackedError("store", `Cannot ${doing} ${folder}: ${why}`, { hint, cause });
}

function explain(code: string, folder: string): { why: string; hint: string } | null {
  switch (code) {
    case "ENOENT":
      return {
        why: "there is no such folder",
        hint: `is its disk mounted? A new folder is made with: mkdir -m 700 ${folder}`,
      };
    case "ENOSPC":
      return { why: "the disk is full (ENOSPC)", hint: `see what fills it: df -h ${folder}` };
    case "EDQUOT":
      return { why: "the disk quota is used up (EDQUOT)", hint: "ask for more, or remove old backups" };
    case "EFBIG":
      return {
        why: "the file is too large for this file system (EFBIG)",
        hint: "is it FAT? Use another one",
      };
    case "EROFS":
      return { why: "it is mounted read-only (EROFS)", hint: `see how it is mounted: findmnt -T ${folder}` };
    case "EACCES":
    case "EPERM":
      return {
        why: `access denied (${code})`,
        hint: `${process.env["USER"] ?? "the user that runs dbacked"} needs read, write and search rights there: ls -ld ${folder}`,
      };
    default:
      return null;
  }
}
