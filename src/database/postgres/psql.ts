import { streamOf, utf8 } from "../../base/bytes.ts";
import { readOutput } from "../../tool/run.ts";
import type { Connection } from "./connection.ts";
import { explainFailure } from "./failure.ts";

/** Bytes that an answer may have: a list of all objects of a large database fits. */
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** The arguments of every psql: none of the user's settings, no prompt, an error ends it. */
export const PSQL_ARGUMENTS = ["-X", "-q", "-w", "-v", "ON_ERROR_STOP=1"] as const;

/**
 * Without the first, whoever may make functions in the database could make one that a question fits better than PostgreSQL's
 * own, and it would run with the rights of the one who asks, perhaps a superuser's. The second lifts a limit of the role's,
 * as pg_dump does for itself.
 */
const SETTINGS =
  "SELECT pg_catalog.set_config('search_path', '', false) AS path, " +
  "pg_catalog.set_config('statement_timeout', '0', false) AS timeout \\gset\n";

/** A psql program and the database that it asks. */
export interface Asked {
  psql: string;
  connection: Connection;
}

/**
 * Asks a server for one JSON value. `sql` may hold psql's own commands.
 *
 * @throws {DbackedError} `database`, if the server cannot be reached or refuses.
 */
export async function ask<Answer>(
  { psql, connection }: Asked,
  sql: string,
  signal: AbortSignal,
): Promise<Answer> {
  const argv = [psql, ...PSQL_ARGUMENTS, "-A", "-t"];
  const env = { ...connection.environment, PGCLIENTENCODING: "UTF8" };
  try {
    const answer = await readOutput(
      { argv, env, stdin: streamOf(utf8(SETTINGS + sql)) },
      signal,
      LONGEST_ANSWER,
    );
    return JSON.parse(answer) as Answer;
  } catch (error) {
    throw explainFailure(error, `Cannot read ${connection.label}`);
  }
}

/** A text as an SQL literal. */
export function literal(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return text.includes("\\") ? `E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

/** A name as an SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table's name for people, quoted where it must be: two tables never have the same. */
export function qualified(schema: string, name: string): string {
  return [schema, name].map((part) => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : identifier(part))).join(".");
}
