import { concat, type Bytes } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import type { FoundTools } from "../../tool/find.ts";
import { streamFrom } from "../../tool/run.ts";
import type { Dump, DumpReport, Gap } from "../database.ts";
import { watchStream } from "../watch.ts";
import type { Connection } from "./connection.ts";
import { explainFailure } from "./failure.ts";
import { LONGEST_SCRIPT } from "./globals-script.ts";
import { programIn } from "./tools.ts";
import { Warnings } from "./warnings.ts";

interface GlobalsDumpPlan {
  label: string;
  /** Of the server. */
  version: string;
  gaps: readonly Gap[];
  connection: Connection;
  tools: FoundTools;
}

/** How every dump of pg_dumpall ends, up to blank lines. */
export const ENDING = /\n-- PostgreSQL database cluster dump complete\n--\s*$/;

/** Bytes at the end of a dump in which to look for it. */
export const ENDING_BYTES = 1024;

/** Starts pg_dumpall. Only a script with its last line ends the stream. */
export function startGlobalsDump(plan: GlobalsDumpPlan, signal: AbortSignal): Dump {
  const { label, connection, tools, gaps, version } = plan;
  const args = ["--globals-only", "--no-password", `--database=${connection.database}`];
  if (gaps.length > 0) args.push("--no-role-passwords");
  const warnings = new Warnings(false);
  const env = { ...connection.environment, PGCLIENTENCODING: "UTF8" };
  const watch = (line: string) => warnings.see(line);
  const output = streamFrom({ argv: [programIn(tools, "pg_dumpall"), ...args], env, watch }, signal);
  const ending = new Ending();
  const { bytes, ended } = watchStream(output.bytes, {
    see: (piece) => ending.see(piece),
    end: () => ending.end(),
    explain: (error) => explainFailure(error, `Cannot dump ${label}`),
  });
  const report = ended.then(() => {
    for (const line of warnings.lines) log.warn(`${label}: ${line}`);
    return reportOf(gaps, warnings);
  });
  // A dump that fails says so by its stream; whoever needs the report learns it too.
  report.catch(() => {});
  const { server: host, database } = connection;
  const details = { host, database, server: `PostgreSQL ${version}`, args, extensions: [] };
  return { kind: "pg-globals", tool: { name: "pg_dumpall", version: tools.version }, details, bytes, report };
}

/** pg_dumpall asks one thing after the other, in no transaction. */
function reportOf(gaps: readonly Gap[], warnings: Warnings): DumpReport {
  return {
    consistent: "no",
    complete: gaps.length === 0,
    narrowed: [],
    gaps,
    tables: null,
    rows: null,
    tableRows: [],
    logPosition: null,
    stderrTail: warnings.lines.join("\n"),
  };
}

class Ending {
  #end: Bytes = new Uint8Array(0);
  #size = 0;

  /** @throws {DbackedError} `tool`, if it grows longer than what can be restored. */
  see(piece: Bytes): void {
    this.#size += piece.length;
    if (this.#size > LONGEST_SCRIPT)
      throw new DbackedError("tool", `pg_dumpall wrote more than ${LONGEST_SCRIPT} bytes of roles`);
    this.#end = concat(this.#end, piece.subarray(-ENDING_BYTES)).slice(-ENDING_BYTES);
  }

  /** @throws {DbackedError} `tool`, if the last line is missing. */
  end(): void {
    if (!ENDING.test(new TextDecoder().decode(this.#end)))
      throw new DbackedError("tool", "pg_dumpall did not write a whole dump: its last line is missing");
  }
}
