import { randomBytes } from "node:crypto";
import { streamOf, utf8 } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { type Program, ProgramFailure, SECRET_FILE } from "../../tool/child.ts";
import { readOutput } from "../../tool/run.ts";
import { type Connection, optionFile } from "./connection.ts";
import { errorNumbers, explainFailure } from "./failure.ts";
import { type ClientTools, MARIADB_TOOLS, MYSQL_TOOLS, NO_LOGIN_FILE, type Product } from "./tools.ts";

/** Bytes that an answer may have: a list of all tables of a large database fits. */
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** Seconds. A host that drops packets would else cost minutes. */
const CONNECT_TIMEOUT = 15;

/** The client does not know the plugin that checks the password, or cannot load it. */
const PLUGIN_ERRORS: ReadonlySet<number> = new Set([1251, 2059, 2061]);

/** A server, and the programs that could talk to it. */
export interface Reach {
  connection: Connection;
  found: readonly ClientTools[];
  /** The only folder that was searched, if it was set. */
  only: string | undefined;
  /** Whether the connection opens the database itself, which fails if there is none. */
  isInside: boolean;
}

/** A server that answered. */
export interface Server {
  product: Product;
  /** `10.11.6` */
  version: string;
  major: number;
  minor: number;
  /** Whether the connection to it was. */
  isEncrypted: boolean;
  /** The newest client of the server's own product; else the one that could connect. */
  tools: ClientTools;
}

export type Answers<Name extends string> = Record<Name, readonly (readonly string[])[]>;

/**
 * Asks a server, by a client that can connect to it.
 *
 * @returns the rows of each query by its name; NULL is the text `NULL`.
 * @throws {DbackedError} `database`, if the server cannot be reached or refuses; `tool`, if there is no client.
 */
export async function askServer<Name extends string>(
  reach: Reach,
  queries: Record<Name, string>,
  signal: AbortSignal,
): Promise<{ server: Server; answers: Answers<Name> }> {
  const candidates = newestOfEach(reach.found);
  const all = { ...queries, version: "SELECT VERSION()", cipher: "SHOW STATUS LIKE 'Ssl_cipher'" };
  for (const [at, tools] of candidates.entries()) {
    try {
      const answers = await ask({ tools, connection: reach.connection }, reach.isInside, all, signal);
      const isEncrypted = (answers.cipher[0]?.[1] ?? "") !== "";
      refusePlain(reach.connection, isEncrypted);
      const server = serverOf(answers.version[0]?.[0] ?? "", tools, candidates);
      return { server: { ...server, isEncrypted }, answers };
    } catch (error) {
      const isLast = at === candidates.length - 1;
      if (isLast || !isAboutPlugin(error))
        throw explainFailure(error, `Cannot read ${reach.connection.label}`);
    }
  }
  throw noClient(reach);
}

/** How a program is run: it reads our options and nobody else's. */
export function programOf(
  connection: Connection,
  { product }: ClientTools,
  argv: readonly [string, ...string[]],
): Program {
  const [program, ...args] = argv;
  return {
    argv: [program, `--defaults-file=${SECRET_FILE}`, ...args],
    secretFile: optionFile(connection, product),
    env: NO_LOGIN_FILE,
  };
}

/** The client, as it is always run. */
export function clientOf(connection: Connection, tools: ClientTools, args: readonly string[]): Program {
  // MariaDB's would show the statement that failed, which may hold rows.
  const discretion = tools.product === "MariaDB" ? ["--loose-skip-print-query-on-error"] : [];
  return programOf(connection, tools, [tools.client, ...CLIENT_ARGUMENTS, ...discretion, ...args]);
}

/** No reconnecting, which would lose the session's settings, and no files of ours for the server. */
const CLIENT_ARGUMENTS = [
  "--batch",
  "--skip-reconnect",
  "--local-infile=0",
  "--default-character-set=utf8mb4",
] as const;

/** A limit on the rows of every answer, which the server or the role may have been given, must not cut ours. */
const LIFTING = [
  "SET @dbacked_limit = @@SESSION.sql_select_limit",
  "SET SESSION sql_select_limit = 18446744073709551615",
] as const;

/** Asks for the limit that every other session of this role has. */
export const LIMIT_QUERY = "SELECT @dbacked_limit";

interface Asked {
  tools: ClientTools;
  connection: Connection;
}

async function ask<Name extends string>(
  { tools, connection }: Asked,
  isInside: boolean,
  queries: Record<Name, string>,
  signal: AbortSignal,
): Promise<Answers<Name>> {
  const mark = randomBytes(16).toString("hex");
  const names = Object.keys(queries) as Name[];
  const script = [
    "SET SESSION sql_mode = ''",
    ...LIFTING,
    ...names.flatMap((name) => [`SELECT '${mark}'`, queries[name]]),
  ];
  const args = ["--skip-column-names", `--connect-timeout=${CONNECT_TIMEOUT}`];
  const place = isInside ? ["--", connection.database] : [];
  const program = clientOf(connection, tools, [...args, ...place]);
  const stdin = streamOf(utf8(`${script.join(";\n")};\n`));
  const output = await readOutput({ ...program, stdin }, signal, LONGEST_ANSWER);
  const parts = output.split(`${mark}\n`).slice(1);
  const answers = {} as Answers<Name>;
  for (const [at, name] of names.entries()) answers[name] = readRows(parts[at] ?? "");
  return answers;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", "0": "\0", "\\": "\\" };

/** The client separates by tabs and lines, and escapes what could be taken for them. */
function readRows(text: string): string[][] {
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) =>
    line
      .split("\t")
      .map((column) => column.replaceAll(/\\(.)/g, (whole, letter: string) => ESCAPES[letter] ?? whole)),
  );
}

function newestOfEach(found: readonly ClientTools[]): ClientTools[] {
  const newest = (product: Product) => found.findLast((each) => each.product === product) ?? [];
  return [newest("MySQL"), newest("MariaDB")].flat();
}

function serverOf(
  said: string,
  asked: ClientTools,
  candidates: readonly ClientTools[],
): Omit<Server, "isEncrypted"> {
  const product = /mariadb/i.test(said) ? "MariaDB" : "MySQL";
  const [version = said, major = "0", minor = "0"] = /^(\d+)\.(\d+)(?:\.\d+)?/.exec(said) ?? [];
  const tools = candidates.find((each) => each.product === product) ?? asked;
  return { product, version, major: Number(major), minor: Number(minor), tools };
}

function isAboutPlugin(error: unknown): boolean {
  return (
    error instanceof ProgramFailure && errorNumbers(error.stderr).some((number) => PLUGIN_ERRORS.has(number))
  );
}

/** MariaDB's programs go on without TLS where they are only asked for it. */
function refusePlain({ label, tls }: Connection, isEncrypted: boolean): void {
  if (tls.mode === "disable" || tls.mode === "prefer" || isEncrypted) return;
  throw new DbackedError("database", `Cannot read ${label}: the server does not encrypt connections`, {
    hint: 'set ssl_cert and ssl_key on the server, or tls = "prefer" to go without',
  });
}

function noClient({ connection, only }: Reach): DbackedError {
  const where = only === undefined ? "on this host" : `in ${only}`;
  return new DbackedError(
    "tool",
    `no mariadb-dump and no mysqldump ${where}: ${connection.label} cannot be asked without one`,
    {
      hint: [
        `for MariaDB: ${MARIADB_TOOLS.install(0)}`,
        `for MySQL: ${MYSQL_TOOLS.install(0)}`,
        "or set databaseToolsDirectory to where they are",
      ].join("\n"),
    },
  );
}
