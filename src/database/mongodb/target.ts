import { DbackedError } from "../../base/error.ts";
import type { Inspection } from "../database.ts";
import type { Connection } from "./connection.ts";
import { OWN } from "./options.ts";
import { connect } from "./questions.ts";
import { isDumped, listCollections, listNames } from "./source.ts";

/** How many objects a refusal names. */
const EXAMPLES = 5;

/**
 * Says what a restore would find: collections of the database, or databases of the server.
 *
 * @throws {DbackedError} `database`, if the user may not see them all.
 */
export async function inspectTarget(connection: Connection, signal: AbortSignal): Promise<Inspection> {
  const { database } = connection;
  if (database === null) {
    const databases = await listDatabases(connection, signal);
    if (databases === null) throw mayNotList(connection, "databases");
    const examples = databases.slice(0, EXAMPLES).map((name) => `database ${name}`);
    return { exists: true, objects: databases.length, examples };
  }
  const listed = await connect(connection, (client) => listCollections(client.db(database)), signal);
  if (listed === null) throw mayNotList(connection, "collections");
  const collections = listed.filter(isDumped);
  return {
    exists: collections.length > 0,
    objects: collections.length,
    examples: collections.slice(0, EXAMPLES).map(({ name, type }) => `${type} ${name}`),
  };
}

/**
 * Lists the databases that are not the server's own, sorted; null if the user may not see them all.
 *
 * @param only leaves out, without a word, those that the user may not read.
 */
export async function listDatabases(
  connection: Connection,
  signal: AbortSignal,
  only: "all" | "authorized" = "all",
): Promise<string[] | null> {
  const names = await connect(connection, (client) => listNames(client, only), signal);
  return names === null ? null : withoutOwn(names);
}

/** Those that are not the server's own, sorted. */
export function withoutOwn(names: readonly string[]): string[] {
  return names.filter((name) => !OWN.has(name)).toSorted();
}

/** Drops everything that a restore would find. */
export async function emptyTarget(connection: Connection, signal: AbortSignal): Promise<void> {
  const { database } = connection;
  const names = database === null ? await listDatabases(connection, signal) : [database];
  if (names === null) throw mayNotList(connection, "databases");
  await connect(
    connection,
    async (client) => {
      for (const name of names) await client.db(name).dropDatabase();
    },
    signal,
  );
}

function mayNotList({ label }: Connection, what: string): DbackedError {
  return new DbackedError("database", `The user may not list the ${what} of ${label}`, {
    hint: "docs/databases.md has the rights that a restore needs",
  });
}
