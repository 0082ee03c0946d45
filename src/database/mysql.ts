import type { ByteStream } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import { chooseTools } from "../tool/find.ts";
import type {
  Check,
  Database,
  Dump,
  DumpKind,
  Gap,
  GapKind,
  Inspection,
  RestorePlan,
  RestoreReport,
} from "./database.ts";
import { NO_OBSTACLE, restoreAccounts } from "./mysql/accounts-restore.ts";
import type { Reach } from "./mysql/client.ts";
import { connectionOf, type Connection, transportOf } from "./mysql/connection.ts";
import { startDump } from "./mysql/dump.ts";
import { account, gapsOf, lacks } from "./mysql/gaps.ts";
import { patternOf } from "./mysql/grants.ts";
import { judgeDumperOptions, type MysqlFields } from "./mysql/options.ts";
import { restoreScript } from "./mysql/restore.ts";
import { explainShut } from "./mysql/shut.ts";
import { readSource, type Source } from "./mysql/source.ts";
import { inspectTarget, OWN_DATABASES } from "./mysql/target.ts";
import { type ClientTools, findClients, toolsOf } from "./mysql/tools.ts";

/** Options that leave out everything of a kind. */
const LEFT_OUT: ReadonlyMap<string, GapKind> = new Map([
  ["--skip-routines", "routine"],
  ["--skip-events", "event"],
  ["--skip-triggers", "trigger"],
  ["--ignore-views", "view"],
  ["--skip-generated-invisible-primary-key", "rows"],
]);

/** A database of a MySQL or MariaDB server, dumped and restored by the server's own client programs. */
export class Mysql implements Database {
  readonly engine = "mysql";
  readonly label: string;
  readonly #options: MysqlFields;
  readonly #connection: Connection;

  /** @param options must have passed the schema. */
  constructor(options: MysqlFields, connection: Connection = connectionOf(options)) {
    this.#options = options;
    this.#connection = connection;
    this.label = this.#connection.label;
  }

  async check(signal: AbortSignal): Promise<Check> {
    const { source } = await this.#look(signal);
    const { server, database } = this.#connection;
    const { product, version } = source.server;
    return {
      server: `${product} ${version}`,
      source: `mysql ${source.identifier ?? server} ${database}`,
      gaps: this.#gapsOf(source),
      transport: transportOf(this.#connection, source.server.isEncrypted),
    };
  }

  async dump(signal: AbortSignal): Promise<Dump> {
    const { source, tools } = await this.#look(signal);
    const { dumperOptions, lockTables } = this.#options;
    const options = judgeDumperOptions(dumperOptions);
    const gaps = this.#gapsOf(source);
    return startDump({ connection: this.#connection, tools, source, options, lockTables, gaps }, signal);
  }

  async restore(body: ByteStream, plan: RestorePlan, signal: AbortSignal): Promise<RestoreReport> {
    try {
      const reach = await this.#reach(signal);
      // Accounts are the server's, whatever database the connection names.
      if (plan.kind === "sql-accounts") return await restoreAccounts(reach, plan, body, signal);
      return await restoreScript({ reach, plan }, body, signal);
    } catch (error) {
      if (!body.locked) await body.cancel(error).catch(() => {});
      throw error;
    }
  }

  async inspect(kind: DumpKind, signal: AbortSignal): Promise<Inspection> {
    if (kind === "sql-accounts") return NO_OBSTACLE;
    return inspectTarget(await this.#reach(signal), signal);
  }

  /** Asks the server, and finds the programs of its own product that fit its version. */
  async #look(signal: AbortSignal): Promise<{ source: Source; tools: ClientTools }> {
    this.#refuseOwn();
    const reach = await this.#reach(signal);
    const source = await readSource(reach, signal).catch(async (error: unknown) => {
      throw await explainShut(error, reach, signal);
    });
    const { product, version, major } = source.server;
    const fitting = reach.found.filter((each) => each.product === product);
    this.#refuseLocks(source);
    const need = { major, reason: `the server is ${product} ${version}`, only: reach.only };
    return { source, tools: chooseTools(toolsOf(product), fitting, need) };
  }

  /** No restore takes a dump of what the server makes itself. */
  #refuseOwn(): void {
    const { label, database } = this.#connection;
    if (!OWN_DATABASES.has(database.toLowerCase())) return;
    throw new DbackedError("database", `Cannot dump ${label}: that is the server's own database`, {
      hint: 'database = "*" backs up all databases of users, and the accounts',
    });
  }

  #refuseLocks(source: Source): void {
    const { label, database } = this.#connection;
    if (!this.#options.lockTables || !lacks(source, "LOCK TABLES")) return;
    throw new DbackedError("database", `Cannot dump ${label}: the role may not lock its tables`, {
      // All of them, as in a gap's: this grant takes the place of one on a pattern.
      hint: `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON ${patternOf(database, source.hasWildcards)}.* TO ${account(source.role)};\nor take lockTables out`,
    });
  }

  /** What an option leaves out is no gap. */
  #gapsOf(source: Source): Gap[] {
    const { narrowed } = judgeDumperOptions(this.#options.dumperOptions);
    const leftOut = new Set(narrowed.flatMap((option) => LEFT_OUT.get(option) ?? []));
    const gaps = gapsOf(source, this.#connection.database);
    return gaps.filter(({ kind }) => kind === undefined || !leftOut.has(kind));
  }

  async #reach(signal: AbortSignal): Promise<Reach> {
    const only = this.#options.databaseToolsDirectory;
    const found = await findClients(only, signal);
    return { connection: this.#connection, found, only, isInside: false };
  }
}
