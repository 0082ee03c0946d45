import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TocEntry } from "./archive.ts";

/** What hangs on another entry and means nothing without it. */
const FOLLOWERS = new Set(["ACL", "COMMENT", "SECURITY LABEL"]);

/** The entries of an archive, and which of them a restore does without. */
export interface Sorted {
  kept: readonly TocEntry[];
  skipped: readonly TocEntry[];
}

/** Sets aside the entries that `skip` names, with what hangs on them. @see Lost */
export function sortEntries(entries: readonly TocEntry[], skip: readonly string[]): Sorted {
  const wanted = new Set(skip);
  const named = entries.filter(
    ({ object, kind, schema, tag }) => wanted.has(object) || wanted.has(`${kind} ${schema} ${tag}`),
  );
  // A table or its rows are never left out, whatever a dump may say of itself.
  const spare = named.filter(({ kind, hasData }) => !hasData && kind !== "TABLE");
  const ids = new Set(spare.map(({ id }) => id));
  const isSkipped = ({ id, kind, needs }: TocEntry) =>
    ids.has(id) || (FOLLOWERS.has(kind) && needs.some((need) => ids.has(need)));
  return {
    kept: entries.filter((entry) => !isSkipped(entry)),
    skipped: entries.filter(isSkipped),
  };
}

/** The statements that were not run, for the user. */
export function statementsOf({ skipped }: Sorted): string[] {
  return skipped.filter(({ kind }) => !FOLLOWERS.has(kind)).map(({ definition }) => definition.trim());
}

/** A file that tells pg_restore what to restore; without a path, all of it is. Removed on dispose. */
export interface EntryList extends AsyncDisposable {
  path: string | null;
}

/** Writes the list that `pg_restore --use-list` reads, if anything is left out. */
export async function writeEntryList({ kept, skipped }: Sorted): Promise<EntryList> {
  if (skipped.length === 0) return { path: null, async [Symbol.asyncDispose]() {} };
  const folder = await mkdtemp(join(tmpdir(), "dbacked-list-"));
  const path = join(folder, "entries");
  await Bun.write(path, kept.map(({ id }) => `${id};\n`).join(""));
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
