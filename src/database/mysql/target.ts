import type { Inspection } from "../database.ts";
import { askServer, type Reach, type Server } from "./client.ts";
import { parseGrants, patternOf, rightsIn, type Rights } from "./grants.ts";
import { identifier, literal } from "./quotes.ts";

/** The server's own: it makes them itself. */
export const OWN_DATABASES: ReadonlySet<string> = new Set([
  "information_schema",
  "mysql",
  "performance_schema",
  "sys",
]);

/** What we ask a server before a restore. */
export interface Target {
  server: Server;
  exists: boolean;
  /** `restorer@%`, as the server knows the role. */
  role: string;
  rights: Rights;
  characterSet: string;
  collation: string;
  maxAllowedPacket: number;
  /** The database's name as GRANT has it, where `_` may stand for anything. */
  pattern: string;
  /** True if only SUPER makes functions and triggers, since they would be repeated from the binary log. */
  distrustsFunctions: boolean;
  objects: readonly TargetObject[];
}

/** Something that a restore would find in its way. */
interface TargetObject {
  /** As DROP has it: `TABLE`, `PACKAGE`. */
  sort: string;
  name: string;
}

/** How many objects a refusal names. */
const EXAMPLES = 5;

/** In which order objects are dropped: views before the tables that they are made of. */
const ORDER: readonly string[] = ["EVENT", "VIEW", "TABLE", "SEQUENCE"];

/** Says what a restore would find. */
export async function inspectTarget(reach: Reach, signal: AbortSignal): Promise<Inspection> {
  const { exists, objects } = await readTarget(reach, signal);
  const examples = objects.slice(0, EXAMPLES).map(({ sort, name }) => `${sort.toLowerCase()} ${name}`);
  return { exists, objects: objects.length, examples };
}

/** Asks a server about the target of a restore. */
export async function readTarget(reach: Reach, signal: AbortSignal): Promise<Target> {
  const { database } = reach.connection;
  const { server, answers } = await askServer(reach, queriesFor(literal(database)), signal);
  const variables = new Map(answers.variables.map(([name = "", value = ""]) => [name, value]));
  const hasWildcards = variables.get("partial_revokes") !== "ON";
  const grants = parseGrants(answers.grants.map(([line = ""]) => line));
  const [schema] = answers.schema;
  return {
    server,
    exists: schema !== undefined,
    role: answers.role[0]?.[0] ?? "",
    rights: rightsIn(grants, { database, hasWildcards }),
    characterSet: schema?.[0] ?? "",
    collation: schema?.[1] ?? "",
    maxAllowedPacket: Number(variables.get("max_allowed_packet")),
    pattern: patternOf(database, hasWildcards),
    distrustsFunctions:
      variables.get("log_bin") === "ON" && variables.get("log_bin_trust_function_creators") === "OFF",
    objects: answers.objects.map(([sort = "", name = ""]) => ({ sort, name })),
  };
}

/**
 * The statements that empty a database, down to what a new one holds. MySQL commits each by itself.
 */
export function emptyingOf(objects: readonly TargetObject[], database: string): string[] {
  const rank = ({ sort }: TargetObject) => (ORDER.indexOf(sort) + ORDER.length + 1) % (ORDER.length + 1);
  const drops = objects
    .toSorted((a, b) => rank(a) - rank(b))
    .flatMap(({ sort, name }) => [
      // Packages are known in this mode only.
      `SET sql_mode = '${sort === "PACKAGE" ? "ORACLE" : ""}';`,
      `DROP ${sort} IF EXISTS ${identifier(database)}.${identifier(name)};`,
    ]);
  return drops.length === 0 ? [] : ["SET FOREIGN_KEY_CHECKS = 0;", ...drops, "SET FOREIGN_KEY_CHECKS = 1;"];
}

/** A package's body goes with the package, a trigger with its table. */
function queriesFor(database: string) {
  return {
    variables: `SHOW VARIABLES WHERE Variable_name IN
      ('max_allowed_packet', 'partial_revokes', 'log_bin', 'log_bin_trust_function_creators')`,
    role: "SELECT CURRENT_USER()",
    grants: "SHOW GRANTS",
    schema: `SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA
      WHERE SCHEMA_NAME = ${database}`,
    objects: `SELECT IF(TABLE_TYPE IN ('VIEW', 'SEQUENCE'), TABLE_TYPE, 'TABLE'), TABLE_NAME
        FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${database}
      UNION ALL SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES
        WHERE ROUTINE_SCHEMA = ${database} AND ROUTINE_TYPE <> 'PACKAGE BODY'
      UNION ALL SELECT 'EVENT', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${database}`,
  };
}
