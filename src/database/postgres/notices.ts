import type { TocEntry } from "./archive.ts";
import { isAboutDatabase } from "./needs.ts";
import { identifier } from "./psql.ts";
import type { Target } from "./target.ts";

const NAME = String.raw`"(?:[^"]|"")*"|[^\s"]+`;

/** What belongs to the database itself and is lost in a restore into another one, as commands. */
export function noticesOf(entries: readonly TocEntry[], target: Target, database: string): string[] {
  const created = entries.find(({ kind }) => kind === "DATABASE")?.definition ?? "";
  const settings = entries
    .filter((entry) => isAboutDatabase(entry) && entry.kind !== "DATABASE")
    .flatMap(({ definition }) => rename(definition, database).split(/\n+/))
    .filter((line) => line !== "");
  return [...localeNotices(created, target, database), ...settings];
}

/** The statement that creates a database like the one that was dumped; null if the dump does not say. */
export function creationOf(entries: readonly TocEntry[], database: string): string | null {
  const created = entries.find(({ kind }) => kind === "DATABASE")?.definition ?? "";
  return created === "" ? null : rename(created, database).trim().replaceAll(/\n+/g, "\n");
}

function localeNotices(created: string, target: Target, database: string): string[] {
  const locale = option(created, "LOCALE");
  const differences = [
    ["encoding", option(created, "ENCODING"), target.encoding],
    ["LC_COLLATE", option(created, "LC_COLLATE") ?? locale, target.collate],
    ["LC_CTYPE", option(created, "LC_CTYPE") ?? locale, target.ctype],
  ].filter(([, dumped, found]) => dumped !== null && dumped !== found);
  if (differences.length === 0) return [];
  const named = differences.map(([what, dumped, found]) => `${what} ${dumped} (here ${found})`).join(", ");
  return [`The dumped database had ${named}. One like it is made by: ${rename(created, database).trim()}`];
}

function option(statement: string, name: string): string | null {
  return new RegExp(String.raw`\b${name} = '([^']*)'`).exec(statement)?.[1] ?? null;
}

/** Puts the target's name where the dumped database's stood. */
function rename(statements: string, database: string): string {
  const place = new RegExp(
    String.raw`^(CREATE DATABASE|ALTER DATABASE|ALTER ROLE (?:${NAME}) IN DATABASE|COMMENT ON DATABASE|(?:GRANT|REVOKE) .* ON DATABASE) (?:${NAME})`,
    "gm",
  );
  return statements.replaceAll(place, (_, command: string) => `${command} ${identifier(database)}`);
}
