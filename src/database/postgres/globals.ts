import type { ByteStream } from "../../base/bytes.ts";
import { chooseTools, findTools, type FoundTools } from "../../tool/find.ts";
import type { Check, Database, Dump, Gap, Inspection, RestorePlan, RestoreReport } from "../database.ts";
import { withDatabase, type Connection } from "./connection.ts";
import { startGlobalsDump } from "./globals-dump.ts";
import { restoreGlobals } from "./globals-restore.ts";
import { askServer } from "./maintenance.ts";
import type { PostgresFields } from "./options.ts";
import { identifier } from "./psql.ts";
import { IDENTIFIER } from "./source.ts";
import { findPsql, POSTGRES_SERVER_TOOLS } from "./tools.ts";

/** What we ask a server before its roles are dumped. */
interface Server {
  version: string;
  versionNumber: number;
  role: string;
  /** The cluster's own number; null if the role may not know it. */
  identifier: string | null;
  mayReadPasswords: boolean;
  /** The one that let us in. */
  database: string;
}

/** Roles and tablespaces of a server, which belong to none of its databases, by `pg_dumpall`. */
export class PostgresGlobals implements Database {
  readonly engine = "postgres";
  readonly label: string;
  readonly #options: PostgresFields;
  readonly #connection: Connection;

  /** @param connection leads to the server; its database is not asked. */
  constructor(options: PostgresFields, connection: Connection) {
    this.#options = options;
    this.#connection = connection;
    this.label = `the roles and tablespaces of ${connection.server}`;
  }

  async check(signal: AbortSignal): Promise<Check> {
    const { server } = await this.#ask(signal);
    return {
      server: `PostgreSQL ${server.version}`,
      source: `postgres-globals ${server.identifier ?? this.#connection.server}`,
      gaps: gapsOf(server),
    };
  }

  async dump(signal: AbortSignal): Promise<Dump> {
    const { server, connection } = await this.#ask(signal);
    const tools = await this.#findTools(server, signal);
    const plan = { label: this.label, version: server.version, gaps: gapsOf(server), connection, tools };
    return startGlobalsDump(plan, signal);
  }

  async restore(body: ByteStream, plan: RestorePlan, signal: AbortSignal): Promise<RestoreReport> {
    try {
      const { psql, connection } = await this.#ask(signal);
      return await restoreGlobals({ psql, connection }, plan, body, signal);
    } catch (error) {
      if (!body.locked) await body.cancel(error).catch(() => {});
      throw error;
    }
  }

  /** Roles that are there already are no obstacle: they are left as they are. */
  async inspect(): Promise<Inspection> {
    return { exists: true, objects: 0, examples: [] };
  }

  async #ask(signal: AbortSignal): Promise<{ server: Server; psql: string; connection: Connection }> {
    const psql = await findPsql(this.label, this.#options.databaseToolsDirectory, signal);
    const asked = { psql, connection: this.#connection };
    const server = await askServer<Server>(asked, SERVER, signal);
    return { server, psql, connection: withDatabase(this.#connection, server.database) };
  }

  async #findTools({ version, versionNumber }: Server, signal: AbortSignal): Promise<FoundTools> {
    const only = this.#options.databaseToolsDirectory;
    const found = await findTools(POSTGRES_SERVER_TOOLS, only, signal);
    const need = {
      major: Math.floor(versionNumber / 10_000),
      reason: `the server is version ${version}`,
      only,
    };
    return chooseTools(POSTGRES_SERVER_TOOLS, found, need);
  }
}

/** On most servers that others run nobody may read them, and the roles themselves are worth keeping. */
function gapsOf({ mayReadPasswords, role }: Server): Gap[] {
  if (mayReadPasswords) return [];
  return [
    {
      kind: "password",
      object: "passwords of roles",
      why: "the role may not read them",
      mend: `GRANT SELECT ON pg_catalog.pg_authid TO ${identifier(role)};`,
      isMinor: true,
    },
  ];
}

const SERVER = `
${IDENTIFIER}
SELECT json_build_object(
  'version', split_part(current_setting('server_version'), ' ', 1),
  'versionNumber', current_setting('server_version_num')::int,
  'role', current_user,
  'identifier', nullif(:'identifier', ''),
  'database', current_database(),
  'mayReadPasswords', has_table_privilege('pg_catalog.pg_authid', 'SELECT')
);
`;
