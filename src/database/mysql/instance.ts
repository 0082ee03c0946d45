import { DbackedError } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import type { Database, Instance } from "../database.ts";
import { Mysql } from "../mysql.ts";
import { MysqlAccounts } from "./accounts.ts";
import { askServer } from "./client.ts";
import { connectionOf, withDatabase, type Connection } from "./connection.ts";
import { grantForServer } from "./gaps.ts";
import { parseGrants, rightsIn, seesDatabases } from "./grants.ts";
import type { MysqlFields } from "./options.ts";
import { OWN_DATABASES } from "./target.ts";
import { findClients } from "./tools.ts";

/** What stands for all databases where the name of one is expected. */
const ALL = "*";

/** The whole server, if the options name all its databases; they must have passed the schema. */
export function mysqlInstance(options: MysqlFields): Instance | null {
  const connection = connectionOf(options);
  return connection.database === ALL ? new MysqlInstance(options, connection) : null;
}

class MysqlInstance implements Instance {
  readonly label: string;
  readonly #options: MysqlFields;
  readonly #connection: Connection;

  constructor(options: MysqlFields, connection: Connection) {
    this.label = connection.server;
    this.#options = options;
    this.#connection = { ...connection, label: connection.server };
  }

  async list(signal: AbortSignal): Promise<readonly string[]> {
    const only = this.#options.databaseToolsDirectory;
    const reach = {
      connection: this.#connection,
      found: await findClients(only, signal),
      only,
      isInside: false,
    };
    const { answers } = await askServer(reach, QUERIES, signal);
    const rights = rightsIn(parseGrants(answers.grants.map(([line = ""]) => line)), NOWHERE);
    if (!seesDatabases(rights)) this.#complain(answers.role[0]?.[0] ?? "");
    const names = answers.databases.map(([name = ""]) => name);
    return names.filter((name) => !OWN_DATABASES.has(name.toLowerCase())).toSorted();
  }

  open(database: string): Database {
    return new Mysql(this.#options, withDatabase(this.#connection, database));
  }

  globals(): Database {
    return new MysqlAccounts(this.#options, this.#connection);
  }

  #complain(role: string): void {
    const message = `The role may not see all databases of ${this.label}`;
    if (this.#options.acceptIncomplete) return log.warn(`${message}: the others are not backed up`);
    throw new DbackedError("incomplete", message, {
      hint: `${grantForServer(role)}\nor set acceptIncomplete = true for this entry`,
    });
  }
}

/** Rights on the server are asked for, not on one of its databases. */
const NOWHERE = { database: "", hasWildcards: false } as const;

const QUERIES = {
  databases: "SHOW DATABASES",
  role: "SELECT CURRENT_USER()",
  grants: "SHOW GRANTS",
};
