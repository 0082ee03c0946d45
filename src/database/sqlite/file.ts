import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { DbackedError, reasonOf } from "../../base/error.ts";
import { runStatements, SqliteFailure, type Statement } from "./thread.ts";

/** How long to wait for a writer, in ms. */
const PATIENCE_MS = 60_000;

/** What to do about SQLite's errors. */
const HINTS: Readonly<Record<string, string>> = {
  SQLITE_BUSY: "another program has locked it for more than a minute",
  SQLITE_NOTADB: "is it encrypted, or another kind of file?",
  SQLITE_CORRUPT: "the file is damaged: restore it from a backup, or try `sqlite3 FILE .recover`",
  SQLITE_CANTOPEN: "may dbacked read the file, and write -wal and -shm beside it?",
  SQLITE_READONLY_ROLLBACK:
    "a program has died while writing: let it open the database once, so that it can recover",
};

/** Reads a database file. A program that writes to it is waited for. */
export async function readFile(path: string, statements: readonly Statement[], signal: AbortSignal) {
  await refuseAbsent(path);
  try {
    return await runStatements(path, { mode: "readonly", timeoutMs: PATIENCE_MS }, statements, signal);
  } catch (error) {
    throw explain(error, `Cannot read ${path}`);
  }
}

/** Puts SQLite's failure into words. */
export function explain(error: unknown, what: string): unknown {
  if (!(error instanceof SqliteFailure)) return error;
  const hint = HINTS[error.code];
  return new DbackedError("database", `${what}: ${error.message}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Size in bytes; null if there is no such file. The file is not opened. `kind` is that of the failure. */
export async function sizeOf(path: string, kind: "database" | "target"): Promise<number | null> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new DbackedError(kind, `Cannot look at ${path}: ${reasonOf(error)}`, { cause: error });
  }
  throw new DbackedError(kind, `${path} is no file`);
}

async function refuseAbsent(path: string): Promise<void> {
  if ((await sizeOf(path, "database")) === null)
    throw new DbackedError("database", `There is no file ${path}`, {
      hint: "a database is never created by a backup",
    });
}

/** How the names of our own files beside a database begin. */
export function temporaryPrefix(path: string): string {
  return `.${basename(path)}.dbacked-`;
}
