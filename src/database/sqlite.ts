import { realpath } from "node:fs/promises";
import { hostname } from "node:os";
import type { ByteStream } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { Check, Database, Dump, DumpKind, Inspection, RestorePlan, RestoreReport } from "./database.ts";
import { readFile } from "./sqlite/file.ts";
import { pathOf, type SqliteFields } from "./sqlite/options.ts";
import { hasTarget, inspectFile, restoreFile } from "./sqlite/restore.ts";
import { takeSnapshot } from "./sqlite/snapshot.ts";
import { watchStream } from "./watch.ts";

/** What tells hosts apart, on Linux. */
const MACHINE_ID_FILES = ["/etc/machine-id", "/var/lib/dbus/machine-id"] as const;

/** An SQLite database: one file, which may be in use. The dump is a file of the same kind. */
export class Sqlite implements Database {
  readonly engine = "sqlite";
  readonly label: string;
  readonly #path: string;
  readonly #snapshotDirectory: string | undefined;

  /** @param options must have passed the schema. */
  constructor(options: SqliteFields) {
    this.#path = pathOf(options);
    this.#snapshotDirectory = options.snapshotDirectory;
    this.label = this.#path;
  }

  async check(signal: AbortSignal): Promise<Check> {
    const [[{ version } = {}] = []] = await readFile(
      this.#path,
      [["SELECT sqlite_version() AS version"], ["SELECT count(*) FROM sqlite_schema"]],
      signal,
    );
    const source = `sqlite ${await readMachineId()} ${await realpath(this.#path)}`;
    return { server: `SQLite ${String(version)}`, source, gaps: [] };
  }

  async dump(signal: AbortSignal): Promise<Dump> {
    const { bytes, sqliteVersion, tables, tableRows } = await takeSnapshot(
      this.#path,
      this.#snapshotDirectory,
      signal,
    );
    const watched = watchStream(bytes, { see: () => {}, end: () => {}, explain: (error) => error });
    const report = watched.ended.then(() => ({
      consistent: "snapshot" as const,
      complete: true,
      narrowed: [],
      gaps: [],
      tables,
      rows: tableRows.reduce((sum, { rows }) => sum + rows, 0),
      tableRows,
      logPosition: null,
      stderrTail: "",
    }));
    report.catch(() => {});
    const details = {
      host: hostname(),
      database: this.#path,
      server: `SQLite ${sqliteVersion}`,
      args: ["VACUUM INTO"],
      extensions: [],
    };
    return {
      kind: "sqlite",
      tool: { name: "sqlite", version: sqliteVersion },
      details,
      bytes: watched.bytes,
      report,
    };
  }

  async restore(body: ByteStream, plan: RestorePlan, signal: AbortSignal): Promise<RestoreReport> {
    try {
      refuseMeaningless(plan);
      await restoreFile(this.#path, body, plan, signal);
      return { notices: [] };
    } catch (error) {
      if (!body.locked) await body.cancel(error).catch(() => {});
      throw error;
    }
  }

  async inspect(_kind: DumpKind, signal: AbortSignal): Promise<Inspection> {
    if (!(await hasTarget(this.#path))) return { exists: false, objects: 0, examples: [] };
    return inspectFile(this.#path, signal);
  }
}

function refuseMeaningless({ kind, jobs, noOwner, singleTransaction }: RestorePlan): void {
  if (kind !== "sqlite")
    throw new DbackedError("target", `A dump of the kind ${kind} cannot be restored into an SQLite file`);
  const given = [
    jobs > 1 ? "--jobs" : [],
    noOwner ? "--no-owner" : [],
    singleTransaction ? [] : "--no-single-transaction",
  ].flat();
  if (given.length > 0)
    throw new DbackedError("usage", `${given.join(", ")} cannot be used with an SQLite file`);
}

async function readMachineId(): Promise<string> {
  for (const file of MACHINE_ID_FILES) {
    const id = await Bun.file(file)
      .text()
      .catch(() => "");
    if (id.trim() !== "") return id.trim();
  }
  return hostname();
}
