import { withDatabase, type Connection } from "./connection.ts";
import { ask, type Asked } from "./psql.ts";

/** Databases that nearly every server has, for questions about the server itself. */
const MAINTENANCE = ["postgres", "template1"] as const;

/**
 * Asks a server something that is the same in all its databases, and says in which one the role was let in.
 *
 * @throws {DbackedError} `database`, if it was let into none.
 */
export async function askServer<Answer>(
  { psql, connection }: Asked,
  sql: string,
  signal: AbortSignal,
): Promise<{ answer: Answer; connection: Connection }> {
  const failures: unknown[] = [];
  for (const database of MAINTENANCE) {
    signal.throwIfAborted();
    const inside = withDatabase(connection, database);
    try {
      return { answer: await ask<Answer>({ psql, connection: inside }, sql, signal), connection: inside };
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}
