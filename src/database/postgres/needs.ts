import type { TocEntry } from "./archive.ts";

/** What an archive takes for granted on the server that it is restored into. */
export interface Needs {
  roles: ReadonlySet<string>;
  /** Roles that are needed only because they own something. */
  ownersOnly: ReadonlySet<string>;
  extensions: ReadonlySet<string>;
  tablespaces: ReadonlySet<string>;
  /** About how many locks a restore in one transaction holds at its end. */
  locks: number;
}

/** Entries about the database itself, which pg_restore leaves out unless it creates the database. */
export function isAboutDatabase({ kind, tag }: TocEntry): boolean {
  return kind === "DATABASE" || kind === "DATABASE PROPERTIES" || tag.startsWith("DATABASE ");
}

/** Locks that one entry leaves behind; a table comes with its TOAST table and that one's index. */
const LOCKS: Readonly<Record<string, number>> = {
  TABLE: 3,
  "MATERIALIZED VIEW": 3,
  VIEW: 1,
  SEQUENCE: 1,
  INDEX: 1,
  CONSTRAINT: 1,
  BLOB: 1,
};

/** Kinds of entries whose statements name roles. */
const NAMING_ROLES = new Set(["ACL", "DEFAULT ACL", "POLICY", "USER MAPPING"]);

/** Reads from a table of contents what must be there before the first statement runs. */
export function needsOf(entries: readonly TocEntry[], { noOwner }: { noOwner: boolean }): Needs {
  const own = entries.filter((entry) => !isAboutDatabase(entry));
  const named = new Set(
    own
      .filter(({ kind }) => NAMING_ROLES.has(kind))
      .flatMap(({ kind, definition }) => rolesIn(kind, definition)),
  );
  const owners = new Set(noOwner ? [] : own.map(({ owner }) => owner).filter((owner) => owner !== ""));
  return {
    roles: named.union(owners),
    ownersOnly: owners.difference(named),
    extensions: new Set(own.filter(({ kind }) => kind === "EXTENSION").map(({ tag }) => tag)),
    tablespaces: new Set(own.map(({ tablespace }) => tablespace).filter((name) => name !== "")),
    locks: own.reduce((sum, { kind }) => sum + (LOCKS[kind] ?? 0), 0),
  };
}

/** A quoted name, a string, a dollar-quoted string, a word, or any other character. */
const TOKEN = /"(?:[^"]|"")*"|'(?:[^']|'')*'|[\p{L}_][\p{L}\p{N}_$]*|\S/gu;

/** What stands for no role of its own. */
const NO_ROLES = new Set(["PUBLIC", "CURRENT_USER", "SESSION_USER", "CURRENT_ROLE", "DEFAULT"]);

/**
 * The roles that statements of pg_dump name: after TO, FROM, ROLE, FOR and AUTHORIZATION, which are reserved words or
 * stand where no name can.
 */
function rolesIn(kind: string, statements: string): string[] {
  const tokens = [...statements.matchAll(TOKEN)].map(([token]) => token);
  const roles: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    if (kind === "POLICY" && ["USING", "CHECK"].includes(tokens[at] ?? "")) break;
    if (!introducesRole(tokens, at, kind)) continue;
    do {
      at += 1;
      roles.push(nameOf(tokens[at] ?? ""));
    } while (tokens[at + 1] === "," && (at += 1));
  }
  return roles.filter((role) => role !== "" && !NO_ROLES.has(role));
}

function introducesRole(tokens: readonly string[], at: number, kind: string): boolean {
  const token = tokens[at];
  if (token === "TO") return true;
  if (kind === "POLICY") return false;
  if (kind === "USER MAPPING") return token === "FOR";
  if (token === "FROM") return true;
  if (token === "ROLE") return tokens[at - 1] === "FOR";
  return token === "AUTHORIZATION" && tokens[at - 1] === "SESSION";
}

function nameOf(token: string): string {
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll('""', '"');
  if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
  return /^[\p{L}_]/u.test(token) ? token : "";
}
