import { isAbsolute } from "node:path";
import { z } from "zod";
import { reasonOf } from "../../base/error.ts";
import { Secret } from "../../base/secret.ts";
import { judgeOptions, type JudgedOptions } from "../dumper-options.ts";
import { splitWords } from "../words.ts";
import { MONGODUMP_OPTIONS } from "./dumper-options.ts";
import { needsPassword, parameterOf, parseUrl, type UrlParts } from "./url.ts";

const absolutePath = z.string().refine(isAbsolute, "expected an absolute path");
const word = z.string().min(1);

/** Fields that a URL holds already. */
const IN_URL = ["host", "port", "username"] as const;

/** Databases that every server has for itself. */
export const OWN: ReadonlySet<string> = new Set(["admin", "config", "local"]);

/** What `database` has for each of a server's databases, one backup for each. */
const EACH = "*";

const fields = z.strictObject({
  /** `mongodb://user@host:port/database`, with MongoDB's parameters after `?`. */
  url: word.optional(),
  /** @default localhost */
  host: word.optional(),
  port: z.int().min(1).max(65535).optional(),
  username: word.optional(),
  password: z.union([z.instanceof(Secret), z.string().transform((text) => new Secret(text))]).optional(),
  /** Without one, the whole server is dumped. */
  database: word.optional(),
  /** Which database knows the user. @default the database that is dumped; `admin` for a whole server */
  authenticationDatabase: word.optional(),
  tls: z
    .union([
      z.boolean(),
      z.strictObject({
        /** Whom to trust, in PEM; without it what the system trusts. */
        caFile: absolutePath.optional(),
        /** The client's certificate and its key, in one file. */
        certificateKeyFile: absolutePath.optional(),
      }),
    ])
    .optional(),
  databaseToolsDirectory: absolutePath.optional(),
  /** More options for mongodump: words, or one line as a shell would split it. */
  dumperOptions: z.union([z.string(), z.array(z.string())]).default([]),
  /** Dumps what the role may read, and leaves out the rest. */
  acceptIncomplete: z.boolean().default(false),
});

export type MongodbFields = z.output<typeof fields>;

/** Options of a database of the type `mongodb`. */
export const mongodbOptions = fields.superRefine((options, context) => {
  for (const { field, message } of mistakesIn(options)) {
    context.addIssue({ code: "custom", path: [field], message });
  }
});

/** What `dumperOptions` mean to mongodump. */
export function judgeDumperOptions(options: MongodbFields["dumperOptions"]): JudgedOptions {
  const words = typeof options === "string" ? splitWords(options) : options;
  return judgeOptions("mongodump", MONGODUMP_OPTIONS, words);
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

interface Mistake {
  field: string;
  message: string;
}

function* mistakesIn(options: MongodbFields): Generator<Mistake> {
  let parts: UrlParts | null = null;
  try {
    parts = partsOf(options);
  } catch (error) {
    yield { field: "url", message: reasonOf(error) };
  }
  if (options.url !== undefined) {
    for (const field of IN_URL) {
      if (options[field] !== undefined)
        yield { field, message: "cannot be combined with url, which says it already" };
    }
  }
  if (parts !== null) yield* mistakesInParts(options, parts);
  try {
    judgeDumperOptions(options.dumperOptions);
  } catch (error) {
    yield { field: "dumperOptions", message: reasonOf(error) };
  }
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
      message: `"${database}" belongs to the server itself: to have it, name no database, and all of the server is dumped`,
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
