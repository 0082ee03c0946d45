import { streamOf, utf8, type ByteStream } from "../../base/bytes.ts";
import type { Check, Database, Dump, Gap, Inspection, RestorePlan, RestoreReport } from "../database.ts";
import { readAccounts, readAccountServer, type AccountServer } from "./accounts-dump.ts";
import { NO_OBSTACLE, restoreAccounts } from "./accounts-restore.ts";
import { writeAccounts } from "./accounts-script.ts";
import type { Reach } from "./client.ts";
import type { Connection } from "./connection.ts";
import { account, grantForServer } from "./gaps.ts";
import type { MysqlFields } from "./options.ts";
import { findClients } from "./tools.ts";

/** The accounts and roles of a server, with their rights, which belong to none of its databases. */
export class MysqlAccounts implements Database {
  readonly engine = "mysql";
  readonly label: string;
  readonly #options: MysqlFields;
  readonly #connection: Connection;

  /** @param connection leads to the server; its database is not asked. */
  constructor(options: MysqlFields, connection: Connection) {
    this.label = `the accounts of ${connection.server}`;
    this.#options = options;
    this.#connection = { ...connection, label: this.label };
  }

  async check(signal: AbortSignal): Promise<Check> {
    const { server, identifier, gaps } = await this.#look(signal);
    return {
      server: `${server.product} ${server.version}`,
      source: `mysql-accounts ${identifier ?? this.#connection.server}`,
      gaps,
    };
  }

  async dump(signal: AbortSignal): Promise<Dump> {
    const reach = await this.#reach(signal);
    const { server, accounts, gaps } = await this.#look(signal);
    const entries = await readAccounts(reach, accounts, signal);
    const bytes = streamOf(utf8(writeAccounts(server, entries)));
    const report = {
      // Each account is asked for by itself.
      consistent: "no" as const,
      complete: gaps.length === 0,
      narrowed: [],
      gaps,
      tables: null,
      rows: null,
      tableRows: [],
      logPosition: null,
      stderrTail: "",
    };
    return {
      kind: "sql-accounts",
      tool: { name: server.product === "MySQL" ? "mysql" : "mariadb", version: server.tools.version },
      details: {
        host: this.#connection.server,
        database: "",
        server: `${server.product} ${server.version}`,
        args: ["SHOW CREATE USER", "SHOW GRANTS"],
        extensions: [],
      },
      bytes,
      report: Promise.resolve(report),
    };
  }

  async restore(body: ByteStream, plan: RestorePlan, signal: AbortSignal): Promise<RestoreReport> {
    try {
      return await restoreAccounts(await this.#reach(signal), plan, body, signal);
    } catch (error) {
      if (!body.locked) await body.cancel(error).catch(() => {});
      throw error;
    }
  }

  async inspect(): Promise<Inspection> {
    return NO_OBSTACLE;
  }

  async #look(signal: AbortSignal): Promise<AccountServer & { gaps: Gap[] }> {
    const found = await readAccountServer(await this.#reach(signal), signal);
    return { ...found, gaps: gapsOf(found) };
  }

  async #reach(signal: AbortSignal): Promise<Reach> {
    const only = this.#options.databaseToolsDirectory;
    const found = await findClients(only, signal);
    return { connection: this.#connection, found, only, isInside: false };
  }
}

/** Databases that nobody lists have no backup that could say so: this one does. */
function gapsOf({ mayRead, seesDatabases, role }: AccountServer): Gap[] {
  const whole = grantForServer(role);
  const gaps: Gap[] = [];
  if (!mayRead)
    gaps.push({
      kind: "account",
      object: "accounts",
      why: "the role may not read those of others",
      // Who lacks both is told one statement: more of them would lead to the next refusal.
      mend: seesDatabases ? `GRANT SELECT ON \`mysql\`.* TO ${account(role)};` : whole,
    });
  if (!seesDatabases)
    gaps.push({
      kind: "schema",
      object: "databases that the role may not see",
      why: "the role lacks SHOW DATABASES, and those are in no backup",
      mend: whole,
    });
  return gaps;
}
