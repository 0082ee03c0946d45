import { z } from "zod";
import { reasonOf } from "../../base/error.ts";
import { judgeOptions, type JudgedOptions } from "../dumper-options.ts";
import {
  absolutePath,
  type Mistake,
  mistakesBesideUrl,
  mistakesOf,
  refusing,
  serverFields,
} from "../server-fields.ts";
import { MONGODUMP_OPTIONS } from "./dumper-options.ts";
import { needsPassword, parameterOf, parseUrl, type UrlParts } from "./url.ts";

/** Fields that a URL holds already. */
const IN_URL = ["host", "port", "username"] as const;

/** Databases that every server has for itself. */
export const OWN: ReadonlySet<string> = new Set(["admin", "config", "local"]);

/** What `database` has for each of a server's databases, one backup for each. */
const EACH = "*";

const tlsFiles = z.strictObject({
  /** Whom to trust, in PEM; without it what the system trusts. */
  caFile: absolutePath.optional(),
  /** The client's certificate and its key, in one file. */
  certificateKeyFile: absolutePath.optional(),
});

/**
 * A URL is `mongodb://user@host:port/database`, with MongoDB's parameters after `?`. Without a host, it is this one;
 * without a database, the whole server is dumped.
 */
const fields = z.strictObject({
  ...serverFields,
  /** Which database knows the user. @default the database that is dumped; `admin` for a whole server */
  authenticationDatabase: z.string().min(1).optional(),
  tls: z
    .union([z.boolean(), tlsFiles], {
      error: "expected true, false or a table { caFile, certificateKeyFile } with absolute paths",
    })
    .optional(),
});

export type MongodbFields = z.output<typeof fields>;

/** Options of a database of the type `mongodb`. */
export const mongodbOptions = fields.superRefine(refusing(mistakesIn));

/** What `dumperOptions` mean to mongodump. */
export function judgeDumperOptions(options: MongodbFields["dumperOptions"]): JudgedOptions {
  return judgeOptions("mongodump", MONGODUMP_OPTIONS, options);
}

/** Says whether each database of the server is meant, with a backup of its own. */
export function meansEach(options: MongodbFields): boolean {
  return (partsOf(options).database ?? options.database) === EACH;
}

/** How the options lead to a server, whichever way they say it. */
export function partsOf(options: MongodbFields): UrlParts {
  if (options.url !== undefined) return parseUrl(options.url);
  const host = options.host ?? "localhost";
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return {
    isSrv: false,
    hosts: [options.port === undefined ? name : `${name}:${options.port}`],
    username: options.username ?? null,
    password: null,
    database: null,
    parameters: [],
  };
}

function* mistakesIn(options: MongodbFields): Generator<Mistake> {
  let parts: UrlParts | null = null;
  try {
    parts = partsOf(options);
  } catch (error) {
    yield { field: "url", message: reasonOf(error) };
  }
  if (options.url !== undefined) yield* mistakesBesideUrl(options, IN_URL);
  if (parts !== null) yield* mistakesInParts(options, parts);
  yield* mistakesOf("dumperOptions", () => judgeDumperOptions(options.dumperOptions));
}

function* mistakesInParts(options: MongodbFields, parts: UrlParts): Generator<Mistake> {
  const says = (name: string) => parameterOf(parts, name) !== undefined;
  if (parts.database !== null && options.database !== undefined)
    yield { field: "database", message: "cannot be combined with the database in the url" };
  const database = parts.database ?? options.database;
  if (database !== undefined && database !== EACH && !isDatabaseName(database))
    yield {
      field: parts.database === null ? "database" : "url",
      message: 'no name of a database has one of / \\ . " $ or a blank in it, nor more than 63 bytes',
    };
  if (database !== undefined && OWN.has(database))
    yield {
      field: parts.database === null ? "database" : "url",
      message: `"${database}" belongs to the server itself${database === "admin" ? ": to have it, name no database, and all of the server is dumped" : ", and is in no backup of one database"}`,
    };
  if (options.authenticationDatabase !== undefined && says("authSource"))
    yield { field: "authenticationDatabase", message: "cannot be combined with authSource in the url" };
  if (options.tls !== undefined && ["tls", "ssl", "tlsCAFile", "tlsCertificateKeyFile"].some(says))
    yield { field: "tls", message: "cannot be combined with what the url says of TLS" };
  if (options.password !== undefined && parts.password !== null)
    yield { field: "password", message: "cannot be combined with the password in the url" };
  const hasPassword = options.password !== undefined || parts.password !== null;
  // mongorestore would ask for it, and take the beginning of the dump for the answer.
  if (needsPassword(parts) && !hasPassword)
    yield { field: "password", message: "expected one, or a passwordFile, for this user" };
}

function isDatabaseName(name: string): boolean {
  return !/[/\\. "$\0]/.test(name) && Buffer.byteLength(name) < 64;
}
