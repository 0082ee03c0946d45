import { identifier } from "./quotes.ts";

/** One line of SHOW GRANTS. */
export interface Grant {
  isRevoke: boolean;
  /** In capitals: `SELECT`, `ALL PRIVILEGES`. Those on single columns only are left out. */
  privileges: readonly string[];
  /** As it stands there, with its wildcards; null is every database. */
  database: string | null;
  /** A table or routine; null is all of them. */
  object: string | null;
  /** Whose it is, as it stands there. */
  grantee: string;
}

const NAME = "`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|[^\\s.`\"']+";

const LINE = new RegExp(
  `^(GRANT|REVOKE) (.+?) ON (?:(?:TABLE|FUNCTION|PROCEDURE|PACKAGE BODY|PACKAGE) )?(${NAME})\\.(${NAME}) (?:TO|FROM) ((?:${NAME})(?:@(?:${NAME}))?)`,
  "s",
);

/** What SHOW GRANTS prints. Roles that are granted and the right to stand for another user are left out. */
export function parseGrants(lines: readonly string[]): Grant[] {
  return lines.flatMap((line) => {
    const [, verb, privileges = "", database = "", object = "", grantee = ""] = LINE.exec(line) ?? [];
    if (verb === undefined || privileges === "PROXY") return [];
    return [
      {
        isRevoke: verb === "REVOKE",
        privileges: splitPrivileges(privileges),
        database: database === "*" ? null : unquote(database),
        object: object === "*" ? null : unquote(object),
        grantee,
      },
    ];
  });
}

/** What a role may do, and where. */
export interface Rights {
  /** On the whole server. */
  global: ReadonlySet<string>;
  /** On the whole database, the global ones included. */
  database: ReadonlySet<string>;
  /** Tables of the database on which there are rights of their own. */
  tables: readonly string[];
  /** Whether the role may read the system table that holds routines, where there is one. */
  canReadProc: boolean;
}

interface Place {
  database: string;
  /** False if the server takes `%` and `_` for what they are (`partial_revokes`). */
  hasWildcards: boolean;
}

/**
 * What the grants come to in one database. Of several that match its name the server takes the most specific one only,
 * for each user or role.
 */
export function rightsIn(grants: readonly Grant[], { database, hasWildcards }: Place): Rights {
  const global = new Set(grants.filter(isGlobal).flatMap(({ privileges }) => privileges));
  const matching = grants.filter((grant) => {
    const pattern = grant.database;
    if (pattern === null || grant.object !== null || grant.isRevoke) return false;
    return hasWildcards ? matches(pattern, database) : pattern === database;
  });
  const chosen = [...Map.groupBy(matching, ({ grantee }) => grantee).values()].flatMap(mostSpecific);
  const inDatabase = new Set([...global, ...chosen.flatMap(({ privileges }) => privileges)]);
  for (const { isRevoke, database: revoked, privileges } of grants)
    if (isRevoke && revoked === database) for (const each of privileges) inDatabase.delete(each);
  const tables = grants.filter((grant) => grant.database === database && grant.object !== null);
  const canReadProc = grants.some(isForProc);
  return { global, database: inDatabase, tables: tables.map(({ object }) => object ?? ""), canReadProc };
}

/** The name of a database as an identifier for GRANT, where `%` and `_` are wildcards as a rule. */
export function patternOf(database: string, hasWildcards: boolean): string {
  return identifier(hasWildcards ? database.replaceAll(/[%_\\]/g, String.raw`\$&`) : database);
}

/** Whether a set of rights holds `right`, be it as one of all. */
export function holds(rights: ReadonlySet<string>, right: string): boolean {
  return rights.has(right) || rights.has("ALL PRIVILEGES") || rights.has("ALL");
}

/** Whether a server shows all its databases to who has these rights. */
export function seesDatabases({ global }: Rights): boolean {
  return ["SHOW DATABASES", "SELECT"].some((right) => holds(global, right));
}

function isGlobal({ database, object, isRevoke }: Grant): boolean {
  return database === null && object === null && !isRevoke;
}

function isForProc({ database, object, isRevoke, privileges }: Grant): boolean {
  const isThere = database === "mysql" && (object === null || object === "proc");
  return isThere && !isRevoke && holds(new Set(privileges), "SELECT");
}

function mostSpecific(grants: readonly Grant[]): readonly Grant[] {
  const literals = grants.map(({ database }) => literalLength(database ?? ""));
  const longest = Math.max(...literals);
  return grants.filter((_, at) => literals[at] === longest);
}

/** How many characters stand before the first wildcard. */
function literalLength(pattern: string): number {
  const [literal = ""] = /^(?:\\.|[^%_\\]|\\$)*/s.exec(pattern) ?? [];
  return literal === pattern ? Number.POSITIVE_INFINITY : literal.length;
}

/** `%` is anything, `_` any one character; a backslash takes its meaning from whatever follows, another one too. */
function matches(pattern: string, name: string): boolean {
  const source = pattern.replaceAll(/\\(.)|%|_|[^%_\\]+|\\/gs, (part, escaped: string | undefined) => {
    if (escaped !== undefined) return RegExp.escape(escaped);
    if (part === "%") return ".*";
    return part === "_" ? "." : RegExp.escape(part);
  });
  return new RegExp(`^${source}$`, "su").test(name);
}

/** `SELECT, INSERT (a, b), SHOW VIEW`: what is on columns only is no right on the table. */
function splitPrivileges(text: string): string[] {
  const pieces = text.replaceAll(/`(?:[^`]|``)*`|"(?:[^"]|"")*"/g, "").replaceAll(/\([^)]*\)/g, "()");
  return pieces
    .split(",")
    .map((each) => each.trim().toUpperCase())
    .filter((each) => each !== "" && !each.endsWith("()"));
}

function unquote(name: string): string {
  const [quote = ""] = name;
  return /[`"']/.test(quote) ? name.slice(1, -1).replaceAll(quote + quote, quote) : name;
}
