import { DbackedError } from "../../base/error.ts";
import { ProgramFailure } from "../../tool/child.ts";

/** What the programs say when they fail, and what to do about it. Servers may say it in another language: then no hint. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/could not translate host name/, "is the host's name right, and does it resolve here?"],
  [/Connection refused/, "does PostgreSQL listen on that host and port?"],
  [
    /timeout expired|No route to host|Network is unreachable/,
    "can this host reach that one? A firewall may drop it",
  ],
  [
    /No such file or directory\s+Is the server running locally/,
    "is PostgreSQL running, and is `socket` the folder of its socket?",
  ],
  [
    /no password supplied/,
    "set password or passwordFile in the config, DBACKED_TO_PASSWORD for --to, or write it into ~/.pgpass",
  ],
  [
    /password authentication failed/,
    "is it the right password for this role? `psql` with the same values would tell",
  ],
  [/no pg_hba\.conf entry/, "pg_hba.conf on the server must let this role in from this host"],
  [/SSL was required|SSL off/, "the server and `tls` do not agree about encryption"],
  [
    /certificate verify failed|root certificate file/,
    "set tls.caFile to the certificate that signed the server's",
  ],
  [
    /out of shared memory/,
    "raise max_locks_per_transaction on the server and restart it, or restore with --no-single-transaction",
  ],
  [/does not match host name/, "connect by a name that the server's certificate has"],
  [
    /could not extend file|No space left on device|Disk quota exceeded|File too large/,
    "make room on the server's disk",
  ],
  [
    /server closed the connection|connection to server was lost|SSL SYSCALL error|terminating connection/,
    "the connection broke: the server's log may say why",
  ],
  [/lock timeout/, "somebody else is using the database: end the other connections first"],
  [
    /server version mismatch/,
    "set databaseToolsDirectory to programs that are at least as new as the server",
  ],
  [
    /permission denied|must be owner|must be superuser/,
    "the role lacks a right: docs/databases.md has what a dump and a restore need",
  ],
];

/** Puts a program's failure into words: what failed, and why; the server's failures are of the kind `database`. */
export function explainFailure(error: unknown, what: string): unknown {
  if (!(error instanceof ProgramFailure) || error.exitCode === null) return error;
  const hint = connectGrant(error.stderr) ?? HINTS.find(([said]) => said.test(error.stderr))?.[1];
  const reason = error.stderr === "" ? error.message : cleanStderr(error.stderr);
  return new DbackedError("database", `${what}: ${reason}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The server names the database, and not the role. */
function connectGrant(stderr: string): string | undefined {
  const database = /permission denied for database "(.*)"\n.*CONNECT/.exec(stderr)?.[1];
  if (database === undefined) return undefined;
  return `GRANT CONNECT ON DATABASE "${database.replaceAll('"', '""')}" TO …; with the role that dbacked connects as`;
}

/** The end of stderr without the names of programs and files, which say nothing here. */
function cleanStderr(stderr: string): string {
  return stderr
    .slice(-2000)
    .replaceAll(/^(?:pg_dump|pg_dumpall|pg_restore|psql): (?:error: )?/gm, "")
    .replaceAll(/^psql:<stdin>:\d+: /gm, "");
}
