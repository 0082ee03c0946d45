import { withDatabase } from "./connection.ts";
import { ask, type Asked } from "./psql.ts";

/** Databases that nearly every server has, for questions about the server itself. */
const MAINTENANCE = ["postgres", "template1"] as const;

/**
 * Asks a server something that is the same in all its databases, through the first that lets the role in.
 *
 * @throws {DbackedError} `database`, if none does.
 */
export async function askServer<Answer>(
  { psql, connection }: Asked,
  sql: string,
  signal: AbortSignal,
): Promise<Answer> {
  const failures: unknown[] = [];
  for (const database of MAINTENANCE) {
    signal.throwIfAborted();
    try {
      return await ask<Answer>({ psql, connection: withDatabase(connection, database) }, sql, signal);
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}
