import type { ByteStream } from "../base/bytes.ts";

type Engine = "postgres" | "mysql" | "mongodb" | "sqlite";

/** What the bytes of a dump are, and so which program reads them. */
export type DumpKind = "pg-custom" | "pg-globals" | "sql" | "sql-accounts" | "mongo-archive" | "sqlite";

/** One database that can be dumped, or restored into. A driver implements it; `registry.ts` lists the drivers. */
export interface Database {
  readonly engine: Engine;

  /** Which database, for messages: `"shop" on db.internal:5432`. Never holds a secret. */
  readonly label: string;

  /**
   * Asks the server what it is, and what a dump with this role would miss. Changes nothing.
   *
   * @throws {DbackedError} `database`, if it cannot be reached or read; `tool`, if no program fits the server.
   */
  check(signal: AbortSignal): Promise<Check>;

  /**
   * Starts a dump. What a gap names is left out and told in the report; whether that is accepted is not judged here. `bytes` ends only after the dump program exited 0 and the dump was seen to be whole;
   * everything else is a stream error of kind `database` or `tool`. Cancelling `bytes` or aborting kills the program.
   */
  dump(signal: AbortSignal): Promise<Dump>;

  /**
   * Restores a dump into this database. If `body` errors, the restore program is killed before its input closes, and
   * where the engine has transactions the target is left as it was.
   *
   * @throws {DbackedError} `target`, if it cannot take this dump (said before the first byte where it can be known);
   * `database` or `tool`, if the restore fails.
   */
  restore(body: ByteStream, plan: RestorePlan, signal: AbortSignal): Promise<RestoreReport>;

  /** Says what a restore of a dump of this kind would find in its way. Changes nothing. */
  inspect(kind: DumpKind, signal: AbortSignal): Promise<Inspection>;
}

/** A server whose databases are looked for at each run: what `database = "*"` means. */
export interface Instance {
  /** Which server, for messages. Never holds a secret. */
  readonly label: string;

  /**
   * Lists every database that can hold users' data, sorted; the engine's own ones are left out.
   *
   * @throws {DbackedError} `incomplete`, if the role may not see them all and that was not accepted; else as {@link Database.check}.
   */
  list(signal: AbortSignal): Promise<readonly string[]>;

  /** One of them. Nothing is asked of it yet. */
  open(database: string): Database;

  /** What belongs to no single database, such as roles or accounts; null where the engine keeps none apart. */
  globals(): Database | null;
}

/**
 * What sort of object is missing. It is all that the manifest says of a gap in clear, so it is a word of this list and
 * never a name.
 */
export type GapKind =
  | "account"
  | "collection"
  | "constraint"
  | "event"
  | "large object"
  | "object"
  | "password"
  | "routine"
  | "rows"
  | "schema"
  | "sequence"
  | "subscription"
  | "table"
  | "trigger"
  | "user mapping"
  | "view";

/** Something that a dump does not hold, and the statement that would mend it. */
export interface Gap {
  /** @default object */
  kind?: GapKind;
  object: string;
  why: string;
  mend?: string;
  /** True if nobody has to accept it: the backup is made without it, and marked as incomplete. */
  isMinor?: true;
}

/** What protects the data of a database on their way over a network. */
export interface Transport {
  /** Names or addresses, without ports. */
  hosts: readonly string[];
  /** Whether it was so just now. */
  isEncrypted: boolean;
  /** Whether nothing is said to a server that cannot show who it is. */
  isVerified: boolean;
}

export interface Check {
  /** Product and version of the server: `PostgreSQL 15.18`. */
  server: string;
  /** What tells this source from another of the same name: the server's own identifier and the database, else host, port and database. */
  source: string;
  /** Empty if a dump with this role is complete. */
  gaps: readonly Gap[];
  /** Absent where no network is in between, as for a file or a socket. */
  transport?: Transport | undefined;
}

/** What the envelope's sealed metadata says of a dump; never a secret. */
interface DumpDetails {
  host: string;
  database: string;
  server: string;
  /** The dump program's arguments. */
  args: readonly string[];
  extensions: readonly string[];
  /** Entries of the dump that a restore leaves out, since what they need could not be dumped. */
  skip?: readonly string[];
}

export interface Dump {
  kind: DumpKind;
  /** The program that writes the dump. */
  tool: Tool;
  details: DumpDetails;
  bytes: ByteStream;
  /** Settles when `bytes` has ended; rejects with the stream's error if it failed. */
  report: Promise<DumpReport>;
}

export interface Tool {
  name: string;
  version: string;
}

/** `snapshot`: one moment. `locked`: one moment, writers waited. `no`: tables may be of different moments. */
type Consistency = "snapshot" | "locked" | "no";

export interface TableRows {
  /** With its schema, where the engine has them; two tables never have the same name here. */
  table: string;
  rows: number;
  kind: "exact" | "estimate";
}

/** What is known once a dump has ended. Null where it cannot be known cheaply: nothing is guessed. */
export interface DumpReport {
  consistent: Consistency;
  /** False if a gap was accepted or an option narrows the dump. */
  complete: boolean;
  /** The options that narrow the dump. */
  narrowed: readonly string[];
  gaps: readonly Gap[];
  /** How many tables (or collections) the dump holds. */
  tables: number | null;
  /** Rows of all tables together, exactly; null if those of one table are not known, or only an estimate. */
  rows: number | null;
  /** Only the tables whose rows were counted. */
  tableRows: readonly TableRows[];
  /** The server's log position of the snapshot, in the engine's own form. */
  logPosition: string | null;
  /** The warnings that the dump program wrote to stderr; empty if there were none. */
  stderrTail: string;
}

export interface Inspection {
  /** False if there is no such database or file yet. */
  exists: boolean;
  /** How many objects a restore would find there. */
  objects: number;
  /** A few of them by name, for the message that refuses. */
  examples: readonly string[];
}

/** How to restore, as the user chose it. */
export interface RestorePlan {
  kind: DumpKind;
  /** What the dump says that it needs of the server; left out where it does not say. */
  extensions?: readonly string[];
  /** Entries of the dump to leave out, as the dump itself named them. */
  skip?: readonly string[];
  /** The program that wrote the dump; the one that reads it is at least of that major version. */
  tool: Tool;
  /** Empties a target that holds objects first; without it such a target is refused. Never merges. */
  force: boolean;
  /** Leaves out owners, so that everything belongs to the role that restores. */
  noOwner: boolean;
  /** @default true: all or nothing, where the engine can. */
  singleTransaction: boolean;
  /** Parallel restore jobs; more than 1 needs the whole dump in a 0600 file in `spoolDirectory`, and gives up the transaction. */
  jobs: number;
  spoolDirectory: string;
}

export interface RestoreReport {
  /** What the programs warned of, and what a restore cannot bring back by itself: commands to run or sentences to read. */
  notices: readonly string[];
}
