import { DbackedError, reasonOf } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import type { FoundTools } from "../../tool/find.ts";
import { streamFrom } from "../../tool/run.ts";
import type { Dump, DumpReport, Gap } from "../database.ts";
import { watchStream } from "../watch.ts";
import { ArchiveWatch } from "./archive-watch.ts";
import type { Connection } from "./connection.ts";
import { explainFailure } from "./failure.ts";
import type { Source } from "./source.ts";
import { programIn } from "./tools.ts";
import { Warnings } from "./warnings.ts";

interface DumpPlan {
  connection: Connection;
  tools: FoundTools;
  source: Source;
  /** What pg_dump is told besides the format. */
  args: readonly string[];
  narrowed: readonly string[];
  /** What is known to be missing. */
  gaps: readonly Gap[];
  /** Entries that a restore has to leave out. */
  skip: readonly string[];
}

/** Not compressed: that is done behind us, on all cores. */
const FORMAT = ["--format=custom", "--compress=0", "--no-password"] as const;

/** Starts pg_dump. Its archive is read as it passes: only a whole one ends the stream. */
export function startDump(plan: DumpPlan, signal: AbortSignal): Dump {
  const { connection, tools, source } = plan;
  const args = [...FORMAT, ...plan.args];
  const skipped: Gap[] = [];
  const warnings = new Warnings(args.includes("--verbose"));
  const output = streamFrom(
    {
      argv: [programIn(tools, "pg_dump"), ...args],
      env: connection.environment,
      watch: (line) => {
        skipped.push(...gapIn(line));
        warnings.see(line);
      },
    },
    signal,
  );
  const archive = new ArchiveWatch();
  const { bytes, ended } = watchStream(output.bytes, {
    see: (piece) => judging(() => archive.see(piece)),
    end: () => judging(() => archive.end()),
    explain: (error) => explainFailure(error, `Cannot dump ${connection.label}`),
  });
  const report = ended.then(() => {
    for (const line of warnings.lines) log.warn(`${connection.label}: ${line}`);
    return reportOf(plan, { archive, skipped, warnings });
  });
  // A dump that fails says so by its stream; whoever needs the report learns it too.
  report.catch(() => {});
  const details = {
    host: connection.server,
    database: connection.database,
    server: `PostgreSQL ${source.version}`,
    args,
    extensions: source.extensions,
    ...(plan.skip.length === 0 ? {} : { skip: plan.skip }),
  };
  return { kind: "pg-custom", tool: { name: "pg_dump", version: tools.version }, details, bytes, report };
}

function reportOf(
  { narrowed, gaps }: DumpPlan,
  seen: { archive: ArchiveWatch; skipped: readonly Gap[]; warnings: Warnings },
): DumpReport {
  const missing = [...gaps, ...seen.skipped];
  return {
    consistent: "snapshot",
    complete: missing.length === 0 && narrowed.length === 0,
    narrowed,
    gaps: missing,
    tables: seen.archive.tables,
    rows: seen.archive.rows,
    tableRows: seen.archive.tableRows,
    logPosition: null,
    stderrTail: seen.warnings.lines.join("\n"),
  };
}

/** pg_dump leaves out what only a superuser may dump, says so in a warning, and exits with code 0. */
function gapIn(line: string): Gap[] {
  const [, object, why] = /(?:warning: )?(\S.*) not dumped because (.*)/.exec(line) ?? [];
  return object === undefined || why === undefined
    ? []
    : [{ object: object.replace(/^.*warning: /, ""), why, mend: "dump as a superuser" }];
}

/** pg_dump wrote what is no whole archive, and yet did not fail. */
function judging(judge: () => void): void {
  try {
    judge();
  } catch (cause) {
    throw new DbackedError("tool", `pg_dump did not write a whole dump: ${reasonOf(cause)}`, { cause });
  }
}
