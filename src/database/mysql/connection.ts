import type { Secret } from "../../base/secret.ts";
import type { Transport } from "../database.ts";
import type { MysqlFields } from "./options.ts";
import type { Product } from "./tools.ts";
import { parseUrl } from "./url.ts";

/** How a connection is encrypted. */
export interface Tls {
  mode: "disable" | "prefer" | "require" | "verify-ca" | "verify-full";
  caFile?: string | undefined;
  certificateFile?: string | undefined;
  keyFile?: string | undefined;
}

/** Whom we talk to. */
export interface Connection {
  database: string;
  /** `db.internal:3306`, or the path of a socket. */
  server: string;
  /** Which database, for messages. */
  label: string;
  host: string | null;
  port: number;
  /** Null, and no host: the client's own socket. */
  socket: string | null;
  username: string | null;
  password: Secret | null;
  tls: Tls;
}

const DEFAULT_PORT = 3306;

/** How the options of a database lead to it. They must have passed the schema. */
export function connectionOf(options: MysqlFields): Connection {
  const url = options.url === undefined ? null : parseUrl(options.url);
  const host = url === null ? (options.host ?? null) : url.host;
  const socket = (url === null ? options.socket : url.socket) ?? null;
  const port = (url === null ? options.port : url.port) ?? DEFAULT_PORT;
  const database = (url === null ? options.database : url.database) ?? "";
  const server = host === null ? (socket ?? "the local socket") : `${bracket(host)}:${port}`;
  const tls = typeof options.tls === "string" ? { mode: options.tls } : options.tls;
  return {
    database,
    server,
    label: labelOf(database, server),
    host,
    port,
    socket,
    username: (url === null ? options.username : url.username) ?? null,
    password: options.password ?? url?.password ?? null,
    // Nobody listens on a socket.
    tls: tls ?? url?.tls ?? { mode: host === null ? "disable" : "prefer" },
  };
}

/** The same server, another database. */
export function withDatabase(connection: Connection, database: string): Connection {
  return { ...connection, database, label: labelOf(database, connection.server) };
}

/** What protects the connection; nothing has to on a socket. */
export function transportOf({ host, tls }: Connection, isEncrypted: boolean): Transport | undefined {
  return host === null ? undefined : { hosts: [host], isEncrypted, isVerified: verifies(tls) };
}

function labelOf(database: string, server: string): string {
  return `"${database}" on ${server}`;
}

function bracket(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/**
 * The option file that leads a product's programs to the server. They read it and no other.
 *
 * @see https://dev.mysql.com/doc/refman/8.4/en/option-files.html for its syntax
 */
export function optionFile(connection: Connection, product: Product): string {
  const { host, socket, port, username, password } = connection;
  const options: Record<string, string | number | null> = {
    // A host named localhost would be taken for the socket else.
    ...(host === null ? { protocol: "SOCKET", socket } : { protocol: "TCP", host, port }),
    user: username,
    password: password?.reveal() ?? null,
    ...(product === "MySQL" ? mysqlTls(connection) : mariadbTls(connection)),
  };
  const lines = Object.entries(options).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${quote(String(value))}`],
  );
  return `[client]\n${lines.join("\n")}\n`;
}

/** A value as option files have it: nothing in it can end it, or begin a comment. */
function quote(value: string): string {
  const escaped = value
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return `"${escaped}"`;
}

const MYSQL_MODES: Readonly<Record<Tls["mode"], string>> = {
  disable: "DISABLED",
  prefer: "PREFERRED",
  require: "REQUIRED",
  "verify-ca": "VERIFY_CA",
  "verify-full": "VERIFY_IDENTITY",
};

function mysqlTls({ tls }: Connection): Record<string, string | number | null> {
  // Without TLS, MySQL 8's usual accounts need the server's key to send a password.
  const isPlain = tls.mode === "disable" || tls.mode === "prefer";
  return {
    "ssl-mode": MYSQL_MODES[tls.mode],
    ...tlsFiles(tls),
    ...(isPlain ? { "loose-get-server-public-key": 1 } : {}),
  };
}

/**
 * Of MariaDB's programs only `ssl-verify-server-cert` insists on TLS, and it checks the name too: so `verify-ca` is the
 * same as `verify-full`, and `require` is seen to by asking the server afterwards.
 */
function mariadbTls({ tls }: Connection): Record<string, string | number | null> {
  if (tls.mode === "disable") return { ssl: 0, "ssl-verify-server-cert": 0 };
  return { "ssl-verify-server-cert": verifies(tls) ? 1 : 0, ...tlsFiles(tls) };
}

function verifies({ mode }: Tls): boolean {
  return mode === "verify-ca" || mode === "verify-full";
}

/** The authorities only where they are asked for: MariaDB's programs would check them in every mode. */
function tlsFiles(tls: Tls): Record<string, string | null> {
  return {
    "ssl-ca": verifies(tls) ? (tls.caFile ?? null) : null,
    "ssl-cert": tls.certificateFile ?? null,
    "ssl-key": tls.keyFile ?? null,
  };
}
