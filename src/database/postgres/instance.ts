import type { Database, Instance } from "../database.ts";
import { Postgres } from "../postgres.ts";
import { connectionOf, withDatabase, type Connection } from "./connection.ts";
import { PostgresGlobals } from "./globals.ts";
import { askServer } from "./maintenance.ts";
import type { PostgresFields } from "./options.ts";
import { findPsql } from "./tools.ts";

/** What stands for all databases where the name of one is expected. */
const ALL = "*";

/** The whole server, if the options name all its databases; they must have passed the schema. */
export function postgresInstance(options: PostgresFields): Instance | null {
  const connection = connectionOf(options);
  return connection.database === ALL ? new PostgresInstance(options, connection) : null;
}

class PostgresInstance implements Instance {
  readonly label: string;
  readonly #options: PostgresFields;
  readonly #connection: Connection;

  constructor(options: PostgresFields, connection: Connection) {
    this.#options = options;
    this.#connection = connection;
    this.label = connection.server;
  }

  async list(signal: AbortSignal): Promise<readonly string[]> {
    const psql = await findPsql(this.label, this.#options.databaseToolsDirectory, signal);
    return await askServer<string[]>({ psql, connection: this.#connection }, DATABASES, signal);
  }

  open(database: string): Database {
    return new Postgres(this.#options, withDatabase(this.#connection, database));
  }

  globals(): Database {
    return new PostgresGlobals(this.#options, this.#connection);
  }
}

/** All that can be connected to. Of those with the limit -2, removing was begun and cannot be undone. */
const DATABASES = `
  SELECT coalesce(json_agg(datname ORDER BY datname COLLATE "C"), '[]') FROM pg_database
  WHERE datallowconn AND NOT datistemplate AND datconnlimit <> -2;`;
