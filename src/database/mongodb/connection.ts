import { Secret } from "../../base/secret.ts";
import type { Transport } from "../database.ts";
import { meansEach, partsOf, type MongodbFields } from "./options.ts";
import { parameterOf, parseUrl, type UrlParts } from "./url.ts";

/** Whom we talk to. */
export interface Connection {
  /** Null: the whole server. */
  database: string | null;
  /** `db1.internal:27017,db2.internal:27017`. */
  server: string;
  /** Which database, for messages. */
  label: string;
  /** The whole URL, password included: for a file that only its owner can read, and for questions of our own. */
  uri: Secret;
}

const DEFAULT_PORT = 27017;

/** A host that drops packets would else cost half a minute and more. In ms. */
const TIMEOUT_MS = 12_000;

/** How the options of a database lead to it. They must have passed the schema. */
export function connectionOf(options: MongodbFields): Connection {
  const parts = partsOf(options);
  const isEach = meansEach(options);
  const database = isEach ? null : (parts.database ?? options.database ?? null);
  const server = parts.isSrv ? parts.hosts.join() : parts.hosts.map(withPort).join();
  const password = options.password ?? parts.password;
  const parameters = [
    ...parts.parameters,
    ...defaultsOf(parts),
    ...authentication(parts, options.authenticationDatabase, database),
    ...tls(options.tls),
  ];
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  const scheme = parts.isSrv ? "mongodb+srv" : "mongodb";
  const path = isEach ? "" : encodeURIComponent(parts.database ?? "");
  const uri = new Secret(
    `${scheme}://${userInfo(parts.username, password)}${parts.hosts.join()}/${path}?${query}`,
  );
  return withDatabase({ database, server, label: "", uri }, database);
}

/** The same server, another database. */
export function withDatabase(connection: Connection, database: string | null): Connection {
  const { server } = connection;
  const label = database === null ? `the MongoDB server ${server}` : `"${database}" on ${server}`;
  return { ...connection, database, label };
}

/** What protects the connection; nothing has to on a socket. */
export function transportOf({ uri }: Connection): Transport | undefined {
  const parts = parseUrl(uri.reveal());
  // The path of a socket has its slashes encoded.
  const hosts = parts.hosts.filter((host) => !host.includes("%")).map((host) => host.replace(/:\d+$/, ""));
  if (hosts.length === 0) return undefined;
  const says = parameterOf(parts, "tls") ?? parameterOf(parts, "ssl");
  const isEncrypted = says === undefined ? parts.isSrv : says === "true";
  return { hosts, isEncrypted, isVerified: isEncrypted && parameterOf(parts, "tlsInsecure") !== "true" };
}

function withPort(host: string): string {
  // A socket's path has its slashes encoded.
  if (host.includes("%")) return decodeURIComponent(host);
  return /:\d+$/.test(host) ? host : `${host}:${DEFAULT_PORT}`;
}

function userInfo(username: string | null, password: Secret | null): string {
  if (username === null) return "";
  const secret = password === null ? "" : `:${encodeURIComponent(password.reveal())}`;
  return `${encodeURIComponent(username)}${secret}@`;
}

type Parameters = readonly (readonly [string, string])[];

function defaultsOf(parts: UrlParts): Parameters {
  const says = (name: string) => parameterOf(parts, name) !== undefined;
  const timeouts = ["serverSelectionTimeoutMS", "connectTimeoutMS"].filter((name) => !says(name));
  // One host without the name of its replica set is asked itself, as MongoDB's tools do it: what the set calls its
  // members may not be known here.
  const isDirect =
    !parts.isSrv &&
    parts.hosts.length === 1 &&
    !["replicaSet", "directConnection", "loadBalanced"].some(says);
  return [
    ...timeouts.map((name) => [name, String(TIMEOUT_MS)] as const),
    ...(isDirect ? [["directConnection", "true"] as const] : []),
  ];
}

/** Says who knows the user, since mongodump would else look into the database that it dumps. */
function authentication(parts: UrlParts, given: string | undefined, database: string | null): Parameters {
  if (given !== undefined) return [["authSource", given]];
  if (parts.username === null || parameterOf(parts, "authSource") !== undefined) return [];
  const mechanism = parameterOf(parts, "authMechanism") ?? "";
  if (mechanism === "PLAIN" || mechanism === "MONGODB-X509") return [["authSource", "$external"]];
  // The DNS may say it for a mongodb+srv:// URL, and says rather "admin" than anything else.
  if (parts.isSrv) return parts.database === null ? [["authSource", "admin"]] : [];
  return [["authSource", database ?? "admin"]];
}

function tls(given: MongodbFields["tls"]): Parameters {
  if (given === undefined) return [];
  if (typeof given === "boolean") return [["tls", String(given)]];
  return [
    ["tls", "true"],
    ...(given.caFile === undefined ? [] : [["tlsCAFile", given.caFile] as const]),
    ...(given.certificateKeyFile === undefined
      ? []
      : [["tlsCertificateKeyFile", given.certificateKeyFile] as const]),
  ];
}
