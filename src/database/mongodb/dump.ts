import { DbackedError, reasonOf } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import { SECRET_FILE } from "../../tool/child.ts";
import type { FoundTools } from "../../tool/find.ts";
import { streamFrom } from "../../tool/run.ts";
import type { Dump, DumpReport, Gap, TableRows } from "../database.ts";
import { watchStream } from "../watch.ts";
import { ArchiveReader, type Namespace } from "./archive-reader.ts";
import { configFileOf } from "./config-file.ts";
import type { Connection } from "./connection.ts";
import { explainFailure } from "./failure.ts";
import { dumpedIn, Remarks } from "./remarks.ts";
import type { Source } from "./source.ts";
import { programIn } from "./tools.ts";

interface DumpPlan {
  connection: Connection;
  tools: FoundTools;
  source: Source;
  /** What mongodump is told besides what to dump and where to. */
  args: readonly string[];
  narrowed: readonly string[];
  gaps: readonly Gap[];
}

/** Starts mongodump. Its archive is read as it passes: only a whole one ends the stream. */
export function startDump(plan: DumpPlan, signal: AbortSignal): Dump {
  const { connection, tools, source } = plan;
  const args = ["--archive", ...scopeOf(plan), ...plan.args];
  const said = new Said();
  const output = streamFrom(
    {
      argv: [programIn(tools, "mongodump"), ...args, `--config=${SECRET_FILE}`],
      secretFile: configFileOf(connection),
      watch: (line) => said.see(line),
    },
    signal,
  );
  const archive = new ArchiveReader();
  const { bytes, ended } = watchStream(output.bytes, {
    see: (piece) => judging(said, () => archive.push(piece)),
    end: () => judging(said, () => judgeEnd(archive, said.counts)),
    explain: (error) => explainFailure(error, `Cannot dump ${connection.label}`),
  });
  const report = ended.then(() => {
    for (const line of said.remarks.lines) log.warn(`${connection.label}: ${line}`);
    if (!hasOplog(plan)) log.info(`${connection.label}: not one moment: ${whyNot(plan)}`);
    return reportOf(plan, archive, said.remarks);
  });
  // A dump that fails says so by its stream; whoever needs the report learns it too.
  report.catch(() => {});
  const { server: host, database } = connection;
  const details = {
    host,
    database: database ?? "*",
    server: `MongoDB ${source.version}`,
    args,
    extensions: [],
  };
  const tool = { name: "mongodump", version: tools.version };
  return { kind: "mongo-archive", tool, details, bytes, report };
}

/** What mongodump says on stderr. */
class Said {
  readonly remarks = new Remarks();
  /** How many documents it says to have dumped, by the name of the collection. */
  readonly counts = new Map<string, number>();

  see(line: string): void {
    const dumped = dumpedIn(line);
    if (dumped !== null) this.counts.set(dumped.namespace, dumped.documents);
    this.remarks.see(line);
  }
}

function scopeOf(plan: DumpPlan): string[] {
  const { database } = plan.connection;
  if (database === null) return hasOplog(plan) ? ["--oplog"] : [];
  return [`--db=${database}`];
}

/** What was written while the dump ran can be kept, and so one moment, only for a replica set as a whole. */
function hasOplog({ connection, source }: DumpPlan): boolean {
  return connection.database === null && source.topology === "replica set";
}

function whyNot({ connection, source }: DumpPlan): string {
  if (connection.database === null && source.topology === "mongos")
    return "a sharded cluster has no oplog of its own";
  if (source.topology === "standalone") return "a server that is no replica set has no oplog";
  return "mongodump keeps the oplog only when it dumps the whole server";
}

/** Judges a whole archive: what mongodump says of itself must be what it wrote. */
function judgeEnd(archive: ArchiveReader, counts: ReadonlyMap<string, number>): void {
  archive.end();
  if (archive.namespaces.length === 0) throw new DbackedError("damaged", "it holds no collections");
  for (const [name, said] of counts) {
    const documents = archive.documentsOf(name);
    if (documents !== null && documents !== said)
      throw new DbackedError("damaged", `it said that ${name} has ${said} documents, and wrote ${documents}`);
  }
}

function reportOf(plan: DumpPlan, archive: ArchiveReader, remarks: Remarks): DumpReport {
  const { connection, narrowed, gaps } = plan;
  const collections = archive.namespaces.filter(({ type }) => type === "collection" || type === "timeseries");
  const counted = collections.filter(({ type }) => type === "collection");
  const isWhole = connection.database === null;
  return {
    consistent: hasOplog(plan) ? "snapshot" : "no",
    complete: gaps.length === 0 && narrowed.length === 0,
    narrowed,
    gaps,
    tables: collections.length,
    // What the dump holds of a time series are buckets of rows.
    rows:
      counted.length < collections.length ? null : counted.reduce((sum, { documents }) => sum + documents, 0),
    tableRows: counted.map((each) => rowsOf(each, isWhole)),
    logPosition: null,
    stderrTail: remarks.lines.join("\n"),
  };
}

function rowsOf({ database, collection, documents }: Namespace, isWhole: boolean): TableRows {
  return { table: isWhole ? `${database}.${collection}` : collection, rows: documents, kind: "exact" };
}

/** mongodump wrote what is no whole archive, and yet did not fail. */
function judging({ remarks }: Said, judge: () => void): void {
  try {
    judge();
  } catch (cause) {
    const hint = remarks.lines.length === 0 ? {} : { hint: `it said: ${remarks.lines.join("; ")}` };
    throw new DbackedError("tool", `mongodump did not write a whole dump: ${reasonOf(cause)}`, {
      cause,
      ...hint,
    });
  }
}
