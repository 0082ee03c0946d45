import type { Gap, GapKind } from "../database.ts";
import { holds, patternOf } from "./grants.ts";
import { identifier } from "./quotes.ts";
import type { Source } from "./source.ts";

/** A right on the whole database, and what a dump lacks without it. */
interface Need {
  right: string;
  kind: GapKind;
  object: string;
}

const NEEDS: readonly Need[] = [
  { right: "SELECT", kind: "table", object: "tables" },
  { right: "SHOW VIEW", kind: "view", object: "views" },
  { right: "TRIGGER", kind: "trigger", object: "triggers" },
  { right: "EVENT", kind: "event", object: "events" },
];

/** The one statement that lets a role dump all databases of a server, those to come too, and its accounts. */
export function grantForServer(role: string): string {
  const names = NEEDS.map(({ right }) => right).join(", ");
  return `GRANT ${names}, SHOW DATABASES ON *.* TO ${account(role)};`;
}

/** What we must know of a source to judge what a dump of it lacks. */
type Judged = Pick<
  Source,
  | "hiddenKeys"
  | "server"
  | "role"
  | "rights"
  | "hasWildcards"
  | "hiddenRoutines"
  | "versioned"
  | "versionedByTransaction"
>;

/**
 * Says what a dump would lack. It is judged by the role's grants: the server does not show what the role may not read,
 * so nothing can be compared.
 */
export function gapsOf(source: Judged, database: string): Gap[] {
  const { rights } = source;
  const missing = NEEDS.filter(({ right }) => !holds(rights.database, right));
  // All of them, since a grant on this very name takes the place of one on a pattern.
  const names = NEEDS.map(({ right }) => right).join(", ");
  const pattern = patternOf(database, source.hasWildcards);
  const mend = `GRANT ${names} ON ${pattern}.* TO ${account(source.role)};`;
  const gaps: Gap[] = missing.map(({ right, kind, object }) => ({
    kind,
    object: `${object} of ${identifier(database)}`,
    why: whyMissing(right, rights.tables),
    mend,
  }));
  return [...gaps, ...routineGaps(source, database), ...historyGaps(source), ...keyGaps(source)];
}

/** The rights that the gaps are about: without them the dump program is not asked for what it could not read. */
export function lacks(source: Judged, right: string): boolean {
  return !holds(source.rights.database, right);
}

/** Whether the role can read the body of every routine. */
export function canReadRoutines({ server, rights, hiddenRoutines }: Judged): boolean {
  if (holds(rights.global, "SELECT")) return true;
  // Whoever may run all routines is shown all of them, and the bodies of its own.
  if (holds(rights.database, "EXECUTE") && hiddenRoutines === 0) return true;
  if (server.product === "MySQL" && server.major >= 8) return rights.global.has("SHOW_ROUTINE");
  return rights.canReadProc || (knowsRoutineRight(server) && holds(rights.database, "SHOW CREATE ROUTINE"));
}

/** Before there was this right, "all" on a database was none to read the bodies of others' routines. */
function knowsRoutineRight({ product, major, minor }: Source["server"]): boolean {
  return product === "MariaDB" && (major > 11 || (major === 11 && minor >= 3));
}

function whyMissing(right: string, tables: readonly string[]): string {
  const why = `the role lacks ${right} on the whole database`;
  if (right !== "SELECT" || tables.length === 0) return why;
  return `${why}, and has rights on single tables only`;
}

function routineGaps(source: Judged, database: string): Gap[] {
  if (canReadRoutines(source)) return [];
  const { product, major } = source.server;
  const right = product === "MySQL" && major >= 8 ? "SHOW_ROUTINE ON *.*" : "SELECT ON `mysql`.`proc`";
  return [
    {
      kind: "routine",
      object: `routines of ${identifier(database)}`,
      why: "the role may not read those of others",
      mend: `GRANT ${right} TO ${account(source.role)};`,
    },
  ];
}

/** Before MariaDB 10.11 nothing dumps what a table was in the past, and nothing at all does it by transactions. */
function historyGaps({ server, versioned, versionedByTransaction }: Judged): Gap[] {
  const lost = hasHistory(server) ? versionedByTransaction : versioned;
  if (lost.length === 0) return [];
  return [
    {
      kind: "rows",
      object: `history of ${lost.map(identifier).join(", ")}`,
      why: hasHistory(server)
        ? "MariaDB's programs dump history by time only, not by transactions"
        : "before version 10.11 MariaDB's programs dump present rows only",
    },
  ];
}

function keyGaps({ hiddenKeys }: Judged): Gap[] {
  if (hiddenKeys.length === 0) return [];
  return [
    {
      kind: "rows",
      object: `generated primary keys of ${hiddenKeys.map(identifier).join(", ")}`,
      why: "the server hides them",
      mend: "SET GLOBAL show_gipk_in_create_table_and_information_schema = ON;",
    },
  ];
}

/** Whether the history of tables can be dumped, and restored. */
export function hasHistory({ product, major, minor }: Source["server"]): boolean {
  return product === "MariaDB" && (major > 10 || (major === 10 && minor >= 11));
}

/** `backup@%` as SQL has it. A role of MariaDB has no host: `readers`, or `readers@`. */
export function account(user: string): string {
  const at = user.lastIndexOf("@");
  if (at === -1 || at === user.length - 1) return identifier(at === -1 ? user : user.slice(0, at));
  return `${identifier(user.slice(0, at))}@${identifier(user.slice(at + 1))}`;
}
