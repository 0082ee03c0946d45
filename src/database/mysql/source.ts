import { DbackedError } from "../../base/error.ts";
import { askServer, LIMIT_QUERY, type Answers, type Reach, type Server } from "./client.ts";
import { parseGrants, rightsIn, type Rights } from "./grants.ts";

/** What we ask a server before a dump. */
export interface Source {
  server: Server;
  /** The server's own identifier; null if it has none. */
  identifier: string | null;
  /** `backup@%`, as the server knows the role. */
  role: string;
  rights: Rights;
  hasWildcards: boolean;
  characterSet: string;
  collation: string;
  maxAllowedPacket: number;
  /** True if the server keeps a binary log. */
  hasLog: boolean;
  /** Tables of engines without transactions, with their engine. */
  unsafe: readonly string[];
  /** Tables whose history is kept (`WITH SYSTEM VERSIONING`), and those of them where it goes by transactions. */
  versioned: readonly string[];
  versionedByTransaction: readonly string[];
  /** True if the default of a column takes numbers from a sequence. */
  takesNumbers: boolean;
  /** Tables whose generated primary key the server hides from everybody, the dump program too. */
  hiddenKeys: readonly string[];
  /** Columns that are dumped with six digits. */
  floats: readonly string[];
  views: readonly string[];
  /** How many of the routines that the role is shown have a body that it is not. */
  hiddenRoutines: number;
  /** True if there are functions or triggers, which a server with a binary log may not take from everybody. */
  hasFunctions: boolean;
  /** Accounts in whose name views, routines, triggers and events run: `root@localhost`. */
  definers: readonly string[];
}

/** Engines that give a snapshot, or hold nothing of their own. */
const SAFE = `'InnoDB', 'ROCKSDB', 'TokuDB', 'BLACKHOLE', 'PERFORMANCE_SCHEMA'`;

const TABLES = "FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()";

/** Whether a server shows primary keys that it generated. MySQL has it since version 8.0.30. */
const SHOW_KEYS = "show_gipk_in_create_table_and_information_schema";

const QUERIES = {
  variables: `SHOW VARIABLES WHERE Variable_name IN
    ('server_uuid', 'server_uid', 'max_allowed_packet', 'log_bin', 'partial_revokes',
    '${SHOW_KEYS}')`,
  limit: LIMIT_QUERY,
  role: "SELECT CURRENT_USER()",
  grants: "SHOW GRANTS",
  schema: `SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA
    WHERE SCHEMA_NAME = DATABASE()`,
  unsafe: `SELECT CONCAT(TABLE_NAME, ' (', ENGINE, ')') ${TABLES} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
    AND ENGINE NOT IN (${SAFE}) ORDER BY 1`,
  versioned: `SELECT TABLE_NAME ${TABLES} AND TABLE_TYPE = 'SYSTEM VERSIONED' ORDER BY 1`,
  views: `SELECT TABLE_NAME ${TABLES} AND TABLE_TYPE = 'VIEW' ORDER BY 1`,
  floats: `SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND DATA_TYPE = 'float' AND TABLE_NAME IN
    (SELECT TABLE_NAME ${TABLES} AND TABLE_TYPE <> 'VIEW') ORDER BY 1`,
  takesNumbers: `SELECT 1 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_DEFAULT LIKE '%val(%\`.\`%' LIMIT 1`,
  // Only for this session, and after the variable was asked for.
  showKeys: `/*!80030 SET SESSION ${SHOW_KEYS} = ON */`,
  keys: `SELECT TABLE_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
    AND COLUMN_NAME = 'my_row_id' AND EXTRA LIKE '%INVISIBLE%' ORDER BY 1`,
  hiddenRoutines: `SELECT COUNT(*) FROM information_schema.ROUTINES
    WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_DEFINITION IS NULL`,
  functions: `SELECT 1 FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = 'FUNCTION'
    UNION SELECT 1 FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()`,
  definers: `SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()
    UNION SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
    UNION SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
    UNION SELECT DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()`,
};

/** Asks a server what it is, what the database holds, and what the role may read of it. */
export async function readSource(reach: Reach, signal: AbortSignal): Promise<Source> {
  const { server, answers } = await askServer({ ...reach, isInside: true }, QUERIES, signal);
  refuseLimit(reach.connection.label, column(answers, "limit")[0] ?? "");
  const variables = new Map(answers.variables.map(([name = "", value = ""]) => [name, value]));
  const grants = parseGrants(column(answers, "grants"));
  const hasWildcards = variables.get("partial_revokes") !== "ON";
  const { database } = reach.connection;
  const versioned = column(answers, "versioned");
  const [[characterSet = "", collation = ""] = []] = answers.schema;
  return {
    server,
    identifier: variables.get("server_uuid") ?? variables.get("server_uid") ?? null,
    role: column(answers, "role")[0] ?? "",
    rights: rightsIn(grants, { database, hasWildcards }),
    hasWildcards,
    characterSet,
    collation,
    maxAllowedPacket: Number(variables.get("max_allowed_packet")),
    hasLog: variables.get("log_bin") === "ON",
    unsafe: column(answers, "unsafe"),
    versioned,
    versionedByTransaction: versioned.length === 0 ? [] : await readByTransaction(reach, signal),
    views: column(answers, "views"),
    takesNumbers: answers.takesNumbers.length > 0,
    hiddenKeys: variables.get(SHOW_KEYS) === "OFF" ? column(answers, "keys") : [],
    floats: column(answers, "floats"),
    hiddenRoutines: Number(column(answers, "hiddenRoutines")[0]),
    hasFunctions: answers.functions.length > 0,
    definers: column(answers, "definers"),
  };
}

/** More rows than any table has. */
const NO_LIMIT = 2n ** 63n;

/** The dump program does not lift it: MariaDB's would dump that many rows of each table, and exit with code 0. */
function refuseLimit(label: string, limit: string): void {
  if (!/^\d+$/.test(limit) || BigInt(limit) >= NO_LIMIT) return;
  throw new DbackedError(
    "database",
    `Cannot dump ${label}: the server gives ${limit} rows of a table at most`,
    {
      hint: "SET GLOBAL sql_select_limit = 18446744073709551615; and see that init_connect sets none either",
    },
  );
}

/** Only servers with such tables know the column that tells. */
async function readByTransaction(reach: Reach, signal: AbortSignal): Promise<string[]> {
  const tables = `SELECT TABLE_NAME FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND GENERATION_EXPRESSION = 'ROW START' AND DATA_TYPE = 'bigint' ORDER BY 1`;
  const { answers } = await askServer({ ...reach, isInside: true }, { tables }, signal);
  return answers.tables.map(([name = ""]) => name);
}

function column(answers: Answers<keyof typeof QUERIES>, name: keyof typeof QUERIES): string[] {
  return answers[name].map(([first = ""]) => first);
}
