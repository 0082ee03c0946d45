import type { Secret } from "../../base/secret.ts";
import type { Transport } from "../database.ts";
import type { PostgresFields } from "./options.ts";
import { parseUrl, type UrlParts } from "./url.ts";

/** Whom we talk to. */
export interface Connection {
  database: string;
  /** `db.internal:5432`, or the folder of a socket. */
  server: string;
  /** Which database, for messages. */
  label: string;
  /** All that libpq needs, password included: nothing of it stands in any program's arguments. */
  environment: Readonly<Record<string, string>>;
}

const DEFAULT_PORT = 5432;

/** Seconds. A host that drops packets would else cost minutes. */
const CONNECT_TIMEOUT = "15";

/** How the options of a database lead to it. They must have passed the schema. */
export function connectionOf(options: PostgresFields): Connection {
  const parts = options.url === undefined ? partsOf(options) : parseUrl(options.url);
  const password = options.password ?? parts.password;
  const environment = {
    PGCONNECT_TIMEOUT: CONNECT_TIMEOUT,
    PGAPPNAME: "dbacked",
    ...parts.environment,
    ...serverVariables(parts),
    ...passwordVariable(password),
    ...tlsVariables(options.tls),
  };
  return describe({ ...parts, environment });
}

/** The same server, another database. */
export function withDatabase(connection: Connection, database: string): Connection {
  const { server, environment } = connection;
  const label = labelOf(database, server);
  return { server, database, label, environment: { ...environment, PGDATABASE: database } };
}

/** What protects the connection; nothing has to on a socket. */
export function transportOf({ environment }: Connection, isEncrypted: boolean): Transport | undefined {
  const { PGHOST: host, PGSSLMODE: mode } = environment;
  if (host === undefined || /^[/@]/.test(host)) return undefined;
  return { hosts: host.split(","), isEncrypted, isVerified: mode === "verify-ca" || mode === "verify-full" };
}

function labelOf(database: string, server: string): string {
  return `"${database}" on ${server}`;
}

function partsOf(options: PostgresFields): UrlParts {
  return {
    host: options.host ?? options.socket ?? null,
    port: options.port ?? null,
    username: options.username ?? null,
    password: null,
    database: options.database ?? "",
    environment: {},
  };
}

function describe({
  host,
  port,
  database,
  environment,
}: Omit<UrlParts, "password" | "username">): Connection {
  const isSocket = host === null || host.startsWith("/");
  const name = host?.includes(":") ? `[${host}]` : host;
  const server = isSocket ? (host ?? "the local socket") : `${name}:${port ?? DEFAULT_PORT}`;
  return { database, server, label: labelOf(database, server), environment };
}

function serverVariables({ host, port, username, database }: UrlParts): Record<string, string> {
  return {
    ...(host === null ? {} : { PGHOST: host }),
    ...(port === null ? {} : { PGPORT: String(port) }),
    ...(username === null ? {} : { PGUSER: username }),
    PGDATABASE: database,
  };
}

/** In the environment, which only the same user and root can read. Without it, libpq looks into ~/.pgpass. */
function passwordVariable(password: Secret | null | undefined): Record<string, string> {
  return password ? { PGPASSWORD: password.reveal() } : {};
}

function tlsVariables(tls: PostgresFields["tls"]): Record<string, string> {
  if (tls === undefined) return {};
  if (typeof tls === "string") return { PGSSLMODE: tls };
  return {
    PGSSLMODE: tls.mode,
    ...(tls.caFile === undefined ? {} : { PGSSLROOTCERT: tls.caFile }),
    ...(tls.certificateFile === undefined ? {} : { PGSSLCERT: tls.certificateFile }),
    ...(tls.keyFile === undefined ? {} : { PGSSLKEY: tls.keyFile }),
  };
}
