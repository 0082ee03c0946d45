import { DbackedError } from "../../base/error.ts";
import { askServer, type Reach, type Server } from "./client.ts";
import { account } from "./gaps.ts";
import { holds } from "./grants.ts";
import { knowsLongTimes, type Needs } from "./needs.ts";
import { identifier, literal } from "./quotes.ts";
import type { Restoring } from "./restore.ts";
import { OWN_DATABASES, type Target } from "./target.ts";

/** Rights to create something in another's name. */
const DEFINER_RIGHTS: readonly string[] = ["SUPER", "SET USER", "SET_USER_ID", "SET_ANY_DEFINER"];

/** The dump program puts rows together into statements of nearly this size, in bytes. @see net_buffer_length */
const LONGEST_STATEMENT = 1024 * 1024;

/**
 * Refuses a restore that would fail, before anything is changed.
 *
 * @throws {DbackedError} `target`, with the commands that mend it.
 */
export async function refuseTarget(
  { reach, plan }: Restoring,
  target: Target,
  needs: Needs,
  signal: AbortSignal,
): Promise<void> {
  const { label, database } = reach.connection;
  if (OWN_DATABASES.has(database.toLowerCase()))
    throw new DbackedError("target", `${label} is the server's own, and nothing is restored into it`, {
      hint: "name another database",
    });
  if (!target.exists)
    throw new DbackedError("target", `There is no database ${label}`, {
      hint: `${creationOf(needs, database)}\nor, if it is there, grant ${account(target.role)} rights on it`,
    });
  if (target.objects.length > 0 && !plan.force)
    throw new DbackedError("target", `${label} is not empty: it holds ${target.objects.length} objects`, {
      hint: "restore into an empty database, or give --force to empty this one first",
    });
  refuseSmallPackets(label, target, needs);
  refuseLongHistory(label, target, needs);
  refuseFunctions(label, target, needs);
  if (!plan.noOwner) await refuseDefiners(reach, target, needs, signal);
}

/** The statement that creates a database like the one that was dumped. */
function creationOf({ characterSet, collation }: Needs, database: string): string {
  const options = characterSet === null ? "" : ` CHARACTER SET ${characterSet} COLLATE ${collation}`;
  return `CREATE DATABASE ${identifier(database)}${options};`;
}

/** What the source took in one statement the target must take too; of what is not known, the usual size. */
function refuseSmallPackets(label: string, { maxAllowedPacket }: Target, needs: Needs): void {
  const needed = Math.min(needs.maxAllowedPacket ?? LONGEST_STATEMENT, 1024 ** 3);
  if (!(maxAllowedPacket < needed)) return;
  throw new DbackedError(
    "target",
    `The server of ${label} takes statements of ${maxAllowedPacket} bytes at most, and the dump may hold some of ${needed}`,
    { hint: `SET GLOBAL max_allowed_packet = ${needed};` },
  );
}

/** Of such a row an older server says that it ends at a time that is none. */
function refuseLongHistory(label: string, { server }: Target, needs: Needs): void {
  if (!needs.hasLongHistory || server.product !== "MariaDB" || knowsLongTimes(server)) return;
  throw new DbackedError(
    "target",
    `The dump holds tables WITH SYSTEM VERSIONING of MariaDB 11.5 or newer, which ${label}, of version ${server.version}, does not take`,
    { hint: "restore into MariaDB 11.5 or newer" },
  );
}

function refuseFunctions(label: string, { rights, distrustsFunctions }: Target, needs: Needs): void {
  const isTrusted = ["SUPER", "BINLOG ADMIN"].some((right) => holds(rights.global, right));
  if (!needs.hasFunctions || !distrustsFunctions || isTrusted) return;
  throw new DbackedError(
    "target",
    `The dump holds functions or triggers, and the server of ${label}, which keeps a binary log, takes them only from who may do everything`,
    { hint: "SET GLOBAL log_bin_trust_function_creators = 1;" },
  );
}

async function refuseDefiners(
  reach: Reach,
  target: Target,
  { definers }: Needs,
  signal: AbortSignal,
): Promise<void> {
  const { role, rights, server } = target;
  const others = definers.filter((name) => name !== role);
  if (others.length === 0) return;
  const { label } = reach.connection;
  const names = others.map(account).join(", ");
  if (!DEFINER_RIGHTS.some((right) => holds(rights.global, right)))
    throw new DbackedError(
      "target",
      `The dump holds views, routines, triggers or events of ${names}, and ${account(role)} may not create them in ${label} in another's name`,
      { hint: `GRANT ${definerRight(server)} ON *.* TO ${account(role)};` },
    );
  const missing = await missingAccounts(reach, others, signal);
  if (missing.length === 0) return;
  throw new DbackedError(
    "target",
    `The server of ${label} lacks the accounts ${missing.map(account).join(", ")}, in whose name views, routines, triggers or events of the dump run`,
    {
      hint: [
        "give --no-owner, and everything will run in your name; or make them, with the rights that they need here:",
        ...missing.map((name) => `CREATE USER ${account(name)} ACCOUNT LOCK;`),
        ...grantsFor(missing, target),
      ].join("\n"),
    },
  );
}

/** What accounts need in whose name something reads and writes the target, whatever rights they had on the original's name. */
export function grantsFor(names: readonly string[], { pattern }: Target): string[] {
  const rights = "SELECT, INSERT, UPDATE, DELETE, EXECUTE, TRIGGER, EVENT, SHOW VIEW";
  return names.map((name) => `GRANT ${rights} ON ${pattern}.* TO ${account(name)};`);
}

function definerRight({ product, major, minor }: Server): string {
  if (product === "MariaDB") return major > 10 || minor >= 5 ? "SET USER" : "SUPER";
  if (major < 8) return "SUPER";
  return major > 8 || minor >= 2 ? "SET_ANY_DEFINER" : "SET_USER_ID";
}

/** Those that the server does not have; none, if the role may not look. */
async function missingAccounts(
  reach: Reach,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const wanted = names.map(literal).join(", ");
  const accounts = "SELECT CONCAT(User, '@', Host) AS account, User, Host FROM mysql.user";
  // A role of MariaDB can be a definer, and has no host.
  const query = `SELECT account, CONCAT(User, '') FROM (${accounts}) a WHERE account IN (${wanted}) OR (Host = '' AND CONCAT(User, '@') IN (${wanted}))`;
  try {
    const { answers } = await askServer(reach, { accounts: query }, signal);
    const known = new Set(answers.accounts.map(([name]) => name));
    return names.filter((name) => !known.has(name));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DbackedError) return [];
    throw error;
  }
}

/** What a restore does not bring back, or only seemingly. */
export async function noticesOf(
  reach: Reach,
  target: Target,
  { characterSet, collation }: Needs,
  signal: AbortSignal,
): Promise<string[]> {
  const { database } = reach.connection;
  const notices: string[] = [];
  if (characterSet !== null && (characterSet !== target.characterSet || collation !== target.collation))
    notices.push(
      `new tables would get another character set than in the dumped database: ALTER DATABASE ${identifier(database)} CHARACTER SET ${characterSet} COLLATE ${collation};`,
    );
  const gone = await missingAccounts(reach, await readDefiners(reach, signal), signal);
  if (gone.length > 0)
    notices.push(
      `views, routines, triggers or events run in the name of accounts that the server lacks, and fail: ${gone.map(account).join(", ")}`,
    );
  return notices;
}

async function readDefiners(reach: Reach, signal: AbortSignal): Promise<string[]> {
  const database = literal(reach.connection.database);
  const { answers } = await askServer(
    reach,
    {
      definers: `SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ${database}
        UNION SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${database}
        UNION SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${database}
        UNION SELECT DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${database}`,
    },
    signal,
  );
  return answers.definers.map(([name = ""]) => name);
}
