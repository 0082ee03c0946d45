import { DbackedError } from "../../base/error.ts";
import type { Database, Instance } from "../database.ts";
import { Mysql } from "../mysql.ts";
import { MysqlAccounts } from "./accounts.ts";
import { askServer } from "./client.ts";
import { connectionOf, withDatabase, type Connection } from "./connection.ts";
import { account } from "./gaps.ts";
import { holds, parseGrants, rightsIn } from "./grants.ts";
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
    const { global } = rightsIn(parseGrants(answers.grants.map(([line = ""]) => line)), NOWHERE);
    const seesAll = ["SHOW DATABASES", "SELECT"].some((right) => holds(global, right));
    if (!seesAll && !this.#options.acceptIncomplete) throw this.#refuse(answers.role[0]?.[0] ?? "");
    const names = answers.databases.map(([name = ""]) => name);
    return names.filter((name) => !OWN_DATABASES.has(name.toLowerCase())).toSorted();
  }

  open(database: string): Database {
    return new Mysql(this.#options, withDatabase(this.#connection, database));
  }

  globals(): Database {
    return new MysqlAccounts(this.#options, this.#connection);
  }

  #refuse(role: string): DbackedError {
    return new DbackedError("incomplete", `The role may not see all databases of ${this.label}`, {
      hint: `GRANT SHOW DATABASES ON *.* TO ${account(role)};\nor set acceptIncomplete = true for this entry`,
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
