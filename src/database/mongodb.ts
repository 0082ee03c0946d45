import type { ByteStream } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { FoundTools } from "../tool/find.ts";
import type {
  Check,
  Database,
  Dump,
  DumpKind,
  Gap,
  Inspection,
  Instance,
  RestorePlan,
  RestoreReport,
} from "./database.ts";
import { connectionOf, transportOf, withDatabase, type Connection } from "./mongodb/connection.ts";
import { startDump } from "./mongodb/dump.ts";
import { judgeDumperOptions, meansEach, type MongodbFields } from "./mongodb/options.ts";
import { restoreArchive } from "./mongodb/restore.ts";
import { hiddenDatabases } from "./mongodb/rights.ts";
import { readConfined, readSource, type Source } from "./mongodb/source.ts";
import { inspectTarget, listDatabases, withoutOwn } from "./mongodb/target.ts";
import { findMongodbTools } from "./mongodb/tools.ts";

/** A MongoDB database, or all of a server, dumped and restored by MongoDB's own programs. */
export class Mongodb implements Database {
  readonly engine = "mongodb";
  readonly label: string;
  readonly #options: MongodbFields;
  readonly #connection: Connection;
  /** What the server has besides, and no backup of it will hold. */
  readonly #hidden: readonly Gap[];
  /** What the last check found; the dump that follows takes it. */
  #looked: { source: Source; tools: FoundTools } | null = null;

  /**
   * @param options must have passed the schema.
   * @param connection where to, if the options do not say it alone.
   * @param hidden what the user may not see beside this database; it marks the backup, since no other could say so.
   */
  constructor(options: MongodbFields, connection = connectionOf(options), hidden: readonly Gap[] = []) {
    this.#hidden = hidden;
    this.#options = options;
    this.#connection = connection;
    this.label = connection.label;
  }

  async check(signal: AbortSignal): Promise<Check> {
    this.#looked = await this.#look(signal);
    const { version, identifier } = this.#looked.source;
    const { server, database } = this.#connection;
    // In whatever order a URL names the members of a replica set.
    const members = server.split(",").toSorted().join();
    return {
      server: `MongoDB ${version}`,
      source: `mongodb ${identifier ?? members} ${database ?? "*"}`,
      gaps: this.#gapsOf(this.#looked.source),
      transport: transportOf(this.#connection),
    };
  }

  async dump(signal: AbortSignal): Promise<Dump> {
    const { source, tools } = this.#looked ?? (await this.#look(signal));
    this.#looked = null;
    const { args, narrowed } = judgeDumperOptions(this.#options.dumperOptions);
    const gaps = this.#gapsOf(source);
    const left = gaps.length === 0 ? [] : source.unreadable;
    const exclusions = left.map((name) => `--excludeCollection=${name}`);
    const connection = this.#connection;
    return startDump({ connection, tools, source, args: [...args, ...exclusions], narrowed, gaps }, signal);
  }

  async restore(body: ByteStream, plan: RestorePlan, signal: AbortSignal): Promise<RestoreReport> {
    const { version } = plan.tool;
    try {
      const major = Number.parseInt(version, 10) || 0;
      const tools = await this.#findTools(major, `the dump was made by version ${version}`, signal);
      return await restoreArchive({ connection: this.#connection, tools, plan }, body, signal);
    } catch (error) {
      if (!body.locked) await body.cancel(error).catch(() => {});
      throw error;
    }
  }

  async inspect(_kind: DumpKind, signal: AbortSignal): Promise<Inspection> {
    return await inspectTarget(this.#connection, signal);
  }

  /** Options that narrow the dump leave it to mongodump to fail on what it may not read: the rest may be readable. */
  #gapsOf({ gaps }: Source): readonly Gap[] {
    const isNarrowed = judgeDumperOptions(this.#options.dumperOptions).narrowed.length > 0;
    return [...this.#hidden, ...(isNarrowed ? [] : gaps)];
  }

  /** Finds the programs, and asks the server. */
  async #look(signal: AbortSignal): Promise<{ source: Source; tools: FoundTools }> {
    const tools = await this.#findTools(0, `${this.label} cannot be dumped without it`, signal);
    return { source: await readSource(this.#connection, signal), tools };
  }

  #findTools(major: number, reason: string, signal: AbortSignal): Promise<FoundTools> {
    return findMongodbTools({ major, reason, only: this.#options.databaseToolsDirectory }, signal);
  }
}

/** A MongoDB server whose databases each have a backup of their own. */
export class MongodbInstance implements Instance {
  readonly label: string;
  readonly #options: MongodbFields;
  readonly #connection: Connection;
  /** What the last list lacked. */
  #hidden: readonly Gap[] = [];

  constructor(options: MongodbFields) {
    this.#options = options;
    this.#connection = connectionOf(options);
    this.label = this.#connection.label;
  }

  async list(signal: AbortSignal): Promise<readonly string[]> {
    log.info(`${this.label}: users and roles are in no backup of a single database`);
    this.#hidden = [];
    const all = await listDatabases(this.#connection, signal);
    if (all !== null) return all;
    const message = `The user may not list the databases of ${this.label}`;
    const { mend, databases } = await readConfined(this.#connection, signal);
    if (!this.#options.acceptIncomplete)
      throw new DbackedError("incomplete", message, {
        hint: `${mend}\nor set acceptIncomplete = true for this server`,
      });
    log.warn(`${message}: those that it may not read are not backed up, and each backup says so`);
    this.#hidden = [hiddenDatabases(mend)];
    // Some servers name no database at all to such a user.
    return (await listDatabases(this.#connection, signal, "authorized")) ?? withoutOwn(databases);
  }

  open(database: string): Mongodb {
    return new Mongodb(this.#options, withDatabase(this.#connection, database), this.#hidden);
  }

  globals(): null {
    return null;
  }
}

/** The instance that the options mean, if they mean one. */
export function mongodbInstance(options: MongodbFields): MongodbInstance | null {
  return meansEach(options) ? new MongodbInstance(options) : null;
}
