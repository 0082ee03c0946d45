import { DbackedError } from "../../base/error.ts";
import { ProgramFailure } from "../../tool/child.ts";
import { identifier } from "./quotes.ts";

/** Errors of the server and of its client library by number, and what to do about them. */
const HINTS: readonly (readonly [readonly number[], string])[] = [
  [[2005], "is the host's name right, and does it resolve here?"],
  [
    [2002, 2003],
    "does the server listen there, on that host and port or that socket, and may this host reach it?",
  ],
  [[1045, 1698], "is it the right user and password, and may that user connect from this host?"],
  [[1044], "the role has no right on that database: docs/databases.md has the statements that grant them"],
  [[1049], "is the database's name right?"],
  [
    [2026],
    "do the server and `tls` agree about encryption? tls.caFile names the certificate to trust, and the host must stand in the server's",
  ],
  [
    [1251, 2059, 2061],
    "this client does not know how that user's password is checked: install the client programs of the server's own product and version",
  ],
  [
    [1370],
    "a view calls a function that the role may not run: GRANT EXECUTE ON FUNCTION … TO … for each of them",
  ],
  [
    [1418, 1419],
    "the server keeps a binary log, and takes functions and triggers only from who may do everything: SET GLOBAL log_bin_trust_function_creators = 1;",
  ],
  [[1142, 1143, 1227, 1410], "the role lacks a right: docs/databases.md has what a dump and a restore need"],
  [[1412], "a table was altered while it was dumped: run the backup again, at a time when no migration runs"],
  [
    [1356, 1449],
    "a view, trigger or routine refers to what is not there any more, or its definer is gone or lacks rights on it: mend or drop it, or create the account and grant it what it needs",
  ],
  [
    [1153, 2020],
    "a row is larger than the server takes: SET GLOBAL max_allowed_packet = 1073741824; and try again",
  ],
  [
    [2013, 2006],
    "the connection was lost: the server's log may tell why. Was it restarted, or the connection killed? At a large row, try again after SET GLOBAL max_allowed_packet = 1073741824;",
  ],
  [[1021, 1114, 3675], "the server's disk is full"],
  [[1273, 1115], "the dump is of a newer server, or of the other product: restore it into one like its own"],
];

/** Error numbers, as the programs write them: `ERROR 1045 (28000)`, `Got error: 1045:`, `… (1142)` at the end. */
const NUMBER = /\bERROR (\d{4})\b|\berror: (\d{4}):|\((\d{4})\)$/gim;

/** Puts a program's failure into words: what failed, and why; the server's failures are of the kind `database`. */
export function explainFailure(error: unknown, what: string): unknown {
  if (!(error instanceof ProgramFailure) || error.exitCode === null) return error;
  const reason = error.stderr === "" ? error.message : cleanStderr(error.stderr);
  return new DbackedError("database", `${what}: ${reason}`, {
    cause: error,
    hint: hintFor(error.stderr),
  });
}

/** What to do about the first error in `stderr`. */
export function hintFor(stderr: string): string | undefined {
  const execution = executionGrant(stderr);
  if (execution !== null) return execution;
  const numbers = errorNumbers(stderr);
  return HINTS.find(([known]) => known.some((number) => numbers.includes(number)))?.[1];
}

/** What a role needs to run a function that a view calls. The server names one of them at a time. */
function executionGrant(stderr: string): string | null {
  const denied = /execute command denied to user '(.*)'@'(.*?)' for routine '(.*?)\.(.*)'/.exec(stderr);
  if (denied === null) return null;
  const [user = "", host = "", database = "", routine = ""] = denied.slice(1);
  const [grantee, schema] = [`${identifier(user)}@${identifier(host)}`, identifier(database)];
  const one = `GRANT EXECUTE ON FUNCTION ${schema}.${identifier(routine)} TO ${grantee};`;
  // In other names it would depend on how the role's present rights are written.
  if (/[%_\\]/.test(database)) return `${one}\nand so for every function that a view calls`;
  return `${one}\nor, for every function that a view calls: GRANT EXECUTE ON ${schema}.* TO ${grantee};`;
}

/** The numbers of the errors that a failed program wrote. */
export function errorNumbers(stderr: string): number[] {
  return [...stderr.matchAll(NUMBER)].map(([, one, two, three]) => Number(one ?? two ?? three));
}

/** The end of stderr without the names of programs and what they warned of before. */
function cleanStderr(stderr: string): string {
  const said = /^ERROR \d+[^]*/m.exec(stderr)?.[0] ?? stderr;
  return said.slice(-2000).replaceAll(/^\S*(?:mysql|mariadb)(?:-?dump)?: /gm, "");
}
