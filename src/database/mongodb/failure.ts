import { DbackedError, reasonOf } from "../../base/error.ts";
import { ProgramFailure } from "../../tool/child.ts";

/** What servers, their driver and the tools say when they fail, and what to do about it. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/ENOTFOUND|EAI_AGAIN|no such host/, "is the host's name right, and does it resolve here?"],
  [/ECONNREFUSED|connection refused/i, "does MongoDB listen on that host and port?"],
  [
    /certificate|self.signed|x509|ERR_TLS/i,
    "set tls.caFile to the certificate that signed the server's, and name the host as it stands in there",
  ],
  [/SSL|TLS|ECONNRESET|connection .* closed|EOF/, "do the server and `tls` agree about encryption?"],
  [
    /Authentication failed|auth error|AuthenticationFailed|unable to authenticate/i,
    "are user and password right, and is authenticationDatabase the database in which the user was created (often admin)?",
  ],
  [/requires authentication/i, "set username and password, or passwordFile"],
  [
    /not authorized|Unauthorized|not allowed to do action/i,
    "the user lacks a right: docs/databases.md has what a dump and a restore need",
  ],
  [
    /server selection timed out/i,
    "can this host reach that one, or does a firewall drop it? And is replicaSet, if it is given, the name of the set that it is?",
  ],
  [
    /timed out|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|server selection error|no route to host/i,
    "can this host reach that one? A firewall may drop it",
  ],
  [
    /oplog overflow/,
    "the oplog holds less time than the dump takes: make it larger with replSetResizeOplog, or dump the databases one by one",
  ],
  [
    /cannot dump with oplog while/,
    "try again when nothing is renamed or resharded, or dump the databases one by one",
  ],
  [/unknown (?:option|flag)/, "install version 100.3 or newer of MongoDB's tools"],
];

/** Puts a failure of a program, or of a question, into words: what failed, and why. */
export function explainFailure(error: unknown, what: string): unknown {
  const reason = reasonIn(error);
  if (reason === null) return error;
  const hint = HINTS.find(([said]) => said.test(reason))?.[1];
  return new DbackedError("database", `${what}: ${reason}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

function reasonIn(error: unknown): string | null {
  if (error instanceof ProgramFailure)
    return error.exitCode === null ? null : cleanStderr(error.stderr) || error.message;
  // All errors of MongoDB's driver have such a name; those of the DNS tell their system call.
  const isKnown = error instanceof Error && (error.name.startsWith("Mongo") || "syscall" in error);
  return isKnown ? visible(reasonOf(error)) : null;
}

/** What the tools said last, without times and progress. */
function cleanStderr(stderr: string): string {
  const lines = stderr
    .split("\n")
    .map(textOf)
    .filter((line) => line !== "" && !isProgress(line));
  const failed = lines.filter((line) => /^(?:Failed|error|could not|cannot)/i.test(line));
  return (failed.length > 0 ? failed : lines.slice(-5))
    .join("\n")
    .replaceAll(/^Failed: /gm, "")
    .slice(-2000);
}

/** A line of the tools without its time, fit for a terminal: names in the database may hold anything. */
export function textOf(line: string): string {
  return visible(line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d{4}\s+/, "")).trim();
}

function visible(text: string): string {
  return text.replaceAll("\t", "  ").replaceAll(/[\p{Cc}\p{Cf}]/gu, (char) => (char === "\n" ? char : "?"));
}

/** Says whether a line only tells how far the tools are. */
export function isProgress(line: string): boolean {
  return /^\[[#.]{10,}\]/.test(line) || /^\S.* {2,}\d+(?:\.\d+)?(?:[KMGT]?B)?$/.test(line);
}
