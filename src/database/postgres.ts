import type { ByteStream } from "../base/bytes.ts";
import { chooseTools, findTools, type FoundTools } from "../tool/find.ts";
import type { Check, Database, Dump, DumpKind, Inspection, RestorePlan, RestoreReport } from "./database.ts";
import { connectionOf, type Connection, transportOf } from "./postgres/connection.ts";
import { startDump } from "./postgres/dump.ts";
import { exclusionsOf, gapsOf, skipsOf } from "./postgres/gaps.ts";
import { restoreGlobals } from "./postgres/globals-restore.ts";
import { NOTHING_LOST } from "./postgres/lost.ts";
import { judgeDumperOptions, type PostgresFields } from "./postgres/options.ts";
import type { Asked } from "./postgres/psql.ts";
import { refuseTooManyTables } from "./postgres/prerequisites.ts";
import { restoreArchive } from "./postgres/restore.ts";
import { readSource, type Source } from "./postgres/source.ts";
import { inspectTarget } from "./postgres/target.ts";
import { newestPsql, POSTGRES_TOOLS } from "./postgres/tools.ts";

/** What a server is, and the programs that fit it. */
interface Look {
  source: Source;
  tools: FoundTools;
}

/** A PostgreSQL database, dumped and restored by PostgreSQL's own programs. */
export class Postgres implements Database {
  readonly engine = "postgres";
  readonly label: string;
  readonly #options: PostgresFields;
  readonly #connection: Connection;
  /** What check() saw, for the dump that follows it: what the role lost since then, pg_dump fails on. */
  #looked: Look | null = null;

  /** @param options must have passed the schema. */
  constructor(options: PostgresFields, connection: Connection = connectionOf(options)) {
    this.#options = options;
    this.#connection = connection;
    this.label = this.#connection.label;
  }

  async check(signal: AbortSignal): Promise<Check> {
    this.#looked = await this.#look(signal);
    const { source } = this.#looked;
    const cluster = source.identifier ?? this.#connection.server;
    return {
      server: `PostgreSQL ${source.version}`,
      source: `postgres ${cluster} ${this.#connection.database}`,
      gaps: gapsOf({ ...source, ...this.#lackOf(source) }),
      transport: transportOf(this.#connection, source.isEncrypted),
    };
  }

  async dump(signal: AbortSignal): Promise<Dump> {
    const { source, tools } = this.#looked ?? (await this.#look(signal));
    this.#looked = null;
    refuseTooManyTables(this.label, source);
    const lack = this.#lackOf(source);
    const options = judgeDumperOptions(this.#options.dumperOptions);
    const args = [...options.args, ...exclusionsOf(lack)];
    const connection = this.#connection;
    const { narrowed } = options;
    const gaps = gapsOf({ ...source, ...lack });
    const skip = skipsOf(lack.lost);
    return startDump({ connection, tools, source, args, narrowed, gaps, skip }, signal);
  }

  async restore(body: ByteStream, plan: RestorePlan, signal: AbortSignal): Promise<RestoreReport> {
    const { version } = plan.tool;
    const need = { major: Number.parseInt(version, 10), reason: `the dump was made by version ${version}` };
    try {
      if (plan.kind === "pg-globals")
        return await restoreGlobals(this.#asking(await this.#findTools(signal)), plan, body, signal);
      const tools = chooseTools(POSTGRES_TOOLS, await this.#findTools(signal), this.#needing(need));
      return await restoreArchive({ connection: this.#connection, tools, plan }, body, signal);
    } catch (error) {
      if (!body.locked) await body.cancel(error).catch(() => {});
      throw error;
    }
  }

  async inspect(kind: DumpKind, signal: AbortSignal): Promise<Inspection> {
    // Roles go into the server, whatever this database holds.
    if (kind === "pg-globals") return { exists: true, objects: 0, examples: [] };
    return inspectTarget(this.#asking(await this.#findTools(signal)), signal);
  }

  /** Asks the server, and finds the programs that fit its version. */
  async #look(signal: AbortSignal): Promise<Look> {
    const found = await this.#findTools(signal);
    const source = await readSource(this.#asking(found), signal);
    const major = Math.floor(source.versionNumber / 10_000);
    const need = { major, reason: `the server is version ${source.version}` };
    return { source, tools: chooseTools(POSTGRES_TOOLS, found, this.#needing(need)) };
  }

  /** Options that narrow the dump leave it to pg_dump to fail on what it may not read: their patterns are its own. */
  #lackOf({ missing, lost }: Source): Pick<Source, "missing" | "lost"> {
    const isNarrowed = judgeDumperOptions(this.#options.dumperOptions).narrowed.length > 0;
    return isNarrowed ? { missing: [], lost: NOTHING_LOST } : { missing, lost };
  }

  #findTools(signal: AbortSignal): Promise<FoundTools[]> {
    return findTools(POSTGRES_TOOLS, this.#options.databaseToolsDirectory, signal);
  }

  #asking(found: readonly FoundTools[]): Asked {
    const psql = newestPsql(found, this.label, this.#options.databaseToolsDirectory);
    return { psql, connection: this.#connection };
  }

  #needing<Need>(need: Need): Need & { only: string | undefined } {
    return { ...need, only: this.#options.databaseToolsDirectory };
  }
}
