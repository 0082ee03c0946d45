import { DbackedError, reasonOf } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import { streamFrom } from "../../tool/run.ts";
import type { Dump, DumpReport, Gap } from "../database.ts";
import type { JudgedOptions } from "../dumper-options.ts";
import { watchStream } from "../watch.ts";
import { programOf } from "./client.ts";
import { Complaints } from "./complaints.ts";
import type { Connection } from "./connection.ts";
import { explainFailure, hintFor } from "./failure.ts";
import { canReadRoutines, hasHistory, lacks } from "./gaps.ts";
import { needsOf } from "./needs.ts";
import type { Source } from "./source.ts";
import { SqlWatch } from "./sql-watch.ts";
import type { ClientTools } from "./tools.ts";

/** A dump, and all that is known before it begins. */
export interface DumpPlan {
  connection: Connection;
  tools: ClientTools;
  source: Source;
  /** What the user wants besides. */
  options: JudgedOptions;
  lockTables: boolean;
  gaps: readonly Gap[];
}

/** The same for every server: row by row, whole rows whatever their bytes, and nothing that names the database. */
const ARGUMENTS = [
  "--quick",
  "--hex-blob",
  "--default-character-set=utf8mb4",
  "--max-allowed-packet=1G",
  "--no-tablespaces",
  "--skip-dump-date",
] as const;

/** The first version of mariadb-dump that knows of tables in S3. Servers before it have none. */
const COPIES_S3 = "10.5.0";

/** Starts the dump program. Its SQL is read as it passes: only a whole dump ends the stream. */
export function startDump(plan: DumpPlan, signal: AbortSignal): Dump {
  const { connection, tools, source, options } = plan;
  const args = argumentsOf(plan);
  const complaints = new Complaints(options.args.includes("--verbose"));
  const program = programOf(connection, tools, [tools.dump, ...args, "--", connection.database]);
  const output = streamFrom({ ...program, watch: (line) => complaints.see(line) }, signal);
  const watch = new SqlWatch();
  const { bytes, ended } = watchStream(output.bytes, {
    see: (piece) => watch.see(piece),
    end: () => refuseBroken(plan, watch, complaints),
    explain: (error) => explainFailure(error, `Cannot dump ${connection.label}`),
  });
  const report = ended.then(() => {
    const warnings = [...complaints.warnings, ...warningsOf(plan)];
    for (const line of warnings) log.warn(`${connection.label}: ${line}`);
    return reportOf(plan, watch, warnings);
  });
  // A dump that fails says so by its stream; whoever needs the report learns it too.
  report.catch(() => {});
  const details = {
    host: connection.server,
    database: connection.database,
    server: `${source.server.product} ${source.server.version}`,
    args,
    extensions: needsOf(source),
  };
  return { kind: "sql", tool: { name: tools.dumpName, version: tools.version }, details, bytes, report };
}

function argumentsOf(plan: DumpPlan): string[] {
  const { connection, tools, source, options, lockTables } = plan;
  return [
    ...ARGUMENTS,
    lockTables ? "--lock-tables" : "--single-transaction",
    canReadRoutines(source) ? "--routines" : "--skip-routines",
    lacks(source, "EVENT") ? "--skip-events" : "--events",
    lacks(source, "TRIGGER") ? "--skip-triggers" : "--triggers",
    ...(tools.product === "MySQL" ? mysqlArguments(tools) : mariadbArguments(plan)),
    ...(lacks(source, "SHOW VIEW") ? source.views : []).map(
      (view) => `--ignore-table=${connection.database}.${view}`,
    ),
    ...options.args,
  ];
}

function mysqlArguments({ major }: ClientTools): string[] {
  return [
    // A dump is of one database, the set of executed transactions is of the whole server.
    "--set-gtid-purged=OFF",
    // Older servers have none, and asking fails.
    ...(major >= 8 ? ["--column-statistics=0"] : []),
    // These belong to the server, as accounts do: restored, they would replace the target's.
    ...(major >= 9 ? ["--loose-masking-policies=0"] : []),
  ];
}

function mariadbArguments({ tools, source, lockTables }: DumpPlan): string[] {
  const { server, versioned, hasLog, takesNumbers } = source;
  return [
    // Without it, tables of the engine S3 are left out without a word.
    ...(Bun.semver.order(tools.version, COPIES_S3) >= 0 ? ["--copy-s3-tables=1"] : []),
    // A restore could lock such a table, but not the sequence with it, and the server refuses every row (error 1100).
    ...(takesNumbers ? ["--skip-add-locks"] : []),
    ...(versioned.length > 0 && hasHistory(server) ? ["--dump-history"] : []),
    // In one transaction, it takes neither a lock nor a right.
    ...(hasLog && !lockTables ? ["--master-data=2"] : []),
  ];
}

/** Some versions exit with code 0 after an error; a whole dump says so in its last line. */
function refuseBroken({ connection }: DumpPlan, watch: SqlWatch, complaints: Complaints): void {
  if (complaints.error !== null)
    throw new DbackedError("database", `Cannot dump ${connection.label}: ${complaints.error}`, {
      hint: hintFor(complaints.error),
    });
  try {
    watch.end();
  } catch (cause) {
    throw new DbackedError(
      "tool",
      `The dump program did not write a whole dump of ${connection.label}: ${reasonOf(cause)}`,
      {
        cause,
      },
    );
  }
}

function warningsOf({ source: { unsafe, floats }, lockTables }: DumpPlan): string[] {
  return [
    ...(unsafe.length > 0 && !lockTables
      ? [
          `tables of engines without transactions may be of different moments: ${list(unsafe)}; lockTables = true would keep writers out`,
        ]
      : []),
    ...(floats.length > 0
      ? [`columns of the type FLOAT are dumped with six digits, what is beyond is lost: ${list(floats)}`]
      : []),
  ];
}

/** How many names a warning has. */
const NAMED = 5;

function list(names: readonly string[]): string {
  const more = names.length - NAMED;
  return more > 0 ? `${names.slice(0, NAMED).join(", ")} and ${more} more` : names.join(", ");
}

function reportOf(plan: DumpPlan, watch: SqlWatch, warnings: readonly string[]): DumpReport {
  const { source, options, gaps, lockTables } = plan;
  const counts = [...watch.rows].map(([table, rows]) => ({ table, rows, kind: "exact" as const }));
  return {
    consistent: lockTables ? "locked" : source.unsafe.length > 0 ? "no" : "snapshot",
    complete: gaps.length === 0 && options.narrowed.length === 0,
    narrowed: options.narrowed,
    gaps,
    tables: watch.rows.size,
    rows: counts.reduce((sum, { rows }) => sum + rows, 0),
    tableRows: counts,
    logPosition: watch.logPosition,
    stderrTail: warnings.join("\n"),
  };
}
