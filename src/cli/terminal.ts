import { log, type LogForm, setLogForm, setVerbosity } from "../base/log.ts";
import type { Caller, Globals } from "./command.ts";
import { liveLine } from "./print/live-line.ts";
import type { TableLook } from "./print/table.ts";

/** The real caller: this process and its terminal. */
export function terminalCaller(version: string): Caller {
  return { program: "dbacked", version, print, complain, prepare };
}

/** Prints lines on stderr. */
export function complain(text: string): void {
  liveLine.above(() => process.stderr.write(`${text}\n`));
}

/** How tables look on this process's stdout. */
export function tableLook({ color }: Pick<Globals, "color">): TableLook {
  return {
    width: process.stdout.isTTY ? process.stdout.columns : null,
    colour: hasColour(process.stdout, color),
  };
}

/** Whether colours may be used: on a terminal, unless NO_COLOR or --no-color says otherwise. */
export function hasColour(stream: NodeJS.WriteStream, color: boolean): boolean {
  const { NO_COLOR, TERM } = process.env;
  return color && stream.isTTY && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb";
}

function print(text: string): void {
  liveLine.above(() => process.stdout.write(`${text}\n`));
}

function prepare(globals: Globals): void {
  setVerbosity(globals.quiet ? "quiet" : globals.verbose ? "verbose" : "normal");
  setLogForm(logForm(globals));
  const reporters = log.options.reporters.map((reporter) => ({
    log: (...entry: Parameters<typeof reporter.log>) => liveLine.above(() => reporter.log(...entry)),
  }));
  log.setReporters(reporters);
}

function logForm({ json, color }: Globals): LogForm {
  if (json && !process.stderr.isTTY) return "json";
  return hasColour(process.stderr, color) ? "colour" : "plain";
}
