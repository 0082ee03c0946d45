import type { AccountEntry, Step } from "./accounts-script.ts";
import { askServer, type Reach, type Server } from "./client.ts";
import { account } from "./gaps.ts";
import { holds, parseGrants, rightsIn, seesDatabases } from "./grants.ts";

/** What we ask a server before its accounts are dumped, or restored. */
export interface AccountServer {
  server: Server;
  /** The server's own identifier; null if it has none. */
  identifier: string | null;
  role: string;
  /** Whether the role may read accounts other than its own. */
  mayRead: boolean;
  /** Whether the server shows the role all its databases. */
  seesDatabases: boolean;
  /** All that the role may read, but the server's own. */
  accounts: readonly Account[];
}

/** A user, or a role. */
interface Account {
  /** `backup@%`; a role of MariaDB has no host: `readers@`. */
  name: string;
  isRole: boolean;
}

/** Accounts that the servers make for themselves. */
const OWN: ReadonlySet<string> = new Set(["mariadb.sys", "mysql.infoschema", "mysql.session", "mysql.sys"]);

/** MariaDB's role that everybody has; it cannot be created. */
export const PUBLIC = "PUBLIC@";

const QUERIES = {
  variables: "SHOW VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid')",
  role: "SELECT CURRENT_USER()",
  grants: "SHOW GRANTS",
};

/** Asks a server who it is, and which accounts it has. */
export async function readAccountServer(reach: Reach, signal: AbortSignal): Promise<AccountServer> {
  const { server, answers } = await askServer(reach, QUERIES, signal);
  const variables = new Map(answers.variables.map(([name = "", value = ""]) => [name, value]));
  const grants = parseGrants(answers.grants.map(([line = ""]) => line));
  const rights = rightsIn(grants, { database: "mysql", hasWildcards: true });
  const role = answers.role[0]?.[0] ?? "";
  const mayRead = holds(rights.database, "SELECT");
  return {
    server,
    identifier: variables.get("server_uuid") ?? variables.get("server_uid") ?? null,
    role,
    mayRead,
    seesDatabases: seesDatabases(rights),
    accounts: mayRead ? await listAccounts(reach, server, signal) : [{ name: role, isRole: false }],
  };
}

async function listAccounts(reach: Reach, server: Server, signal: AbortSignal): Promise<Account[]> {
  const isRole = server.product === "MariaDB" ? "is_role" : "'N'";
  const accounts = `SELECT User, Host, ${isRole} FROM mysql.user ORDER BY 3 DESC, 1, 2`;
  const { answers } = await askServer(reach, { accounts }, signal);
  return answers.accounts
    .filter(([user = ""]) => !OWN.has(user))
    .map(([user = "", host = "", isRole]) => ({ name: `${user}@${host}`, isRole: isRole === "Y" }));
}

/** Reads what makes each account, in the order in which it can be run. */
export async function readAccounts(
  reach: Reach,
  accounts: readonly Account[],
  signal: AbortSignal,
): Promise<AccountEntry[]> {
  const queries: Record<string, string> = {
    // Passwords of MySQL are bytes that are no text.
    settings: "/*!80017 SET SESSION print_identified_with_as_hex = ON */",
  };
  for (const [at, { name, isRole }] of accounts.entries()) {
    const quoted = accountName(name);
    if (!isRole) queries[`create ${at}`] = `SHOW CREATE USER ${quoted}`;
    queries[`grants ${at}`] = `SHOW GRANTS FOR ${quoted}`;
  }
  const { answers } = await askServer(reach, queries, signal);
  const first = (name: string) => (answers[name] ?? []).map(([text = ""]) => text);
  const entries = accounts.flatMap((each, at) =>
    entriesOf(each, { create: first(`create ${at}`), grants: first(`grants ${at}`) }),
  );
  return STEPS.flatMap((step) => entries.filter((entry) => entry.step === step));
}

const STEPS: readonly Step[] = ["create", "grant", "object", "default"];

interface Told {
  create: readonly string[];
  grants: readonly string[];
}

/** MySQL sets default roles where the account is created, when the roles may not be there yet. */
const DEFAULT_ROLE = / DEFAULT ROLE ((?:`(?:[^`]|``)*`@`(?:[^`]|``)*`,?)+)(?= REQUIRE )/;

function entriesOf({ name, isRole }: Account, { create, grants }: Told): AccountEntry[] {
  const role = isRole && name !== PUBLIC ? [`CREATE ROLE ${accountName(name)}`] : [];
  const roles = DEFAULT_ROLE.exec(create[0] ?? "")?.[1];
  const entry = (step: Step) => (text: string) => ({ step, account: name, text });
  return [
    ...[...role, ...create].map((text) => entry("create")(text.replace(DEFAULT_ROLE, ""))),
    ...grants.map((text) => entry(stepOf(text))(text)),
    ...(roles === undefined ? [] : [entry("default")(`ALTER USER ${account(name)} DEFAULT ROLE ${roles}`)]),
  ];
}

function stepOf(text: string): Step {
  if (text.startsWith("SET DEFAULT ROLE ")) return "default";
  return parseGrants([text]).some(({ object }) => object !== null) ? "object" : "grant";
}

function accountName(name: string): string {
  return name === PUBLIC ? "PUBLIC" : account(name);
}
