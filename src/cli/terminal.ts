import type { ConsolaReporter } from "consola/core";
import { DbackedError, reasonOf } from "../base/error.ts";
import { log, type LogForm, setLogForm, setLogSink, setVerbosity, writeError } from "../base/log.ts";
import { isJournal, type LogFile } from "../host/log-file.ts";
import type { Caller, Globals } from "./command.ts";
import { liveLine } from "./print/live-line.ts";
import type { TableLook } from "./print/table.ts";
import { printableLines } from "./print/text.ts";

/** The real caller: this process and its terminal. */
export function terminalCaller(version: string): Caller {
  return { program: "dbacked", version, print, complain, prepare };
}

/** Prints lines on stderr, or where the log goes. */
export function complain(text: string): void {
  liveLine.above(() => writeError(text));
}

/** How tables look on this process's stdout. */
export function tableLook({ color }: Pick<Globals, "color">): TableLook {
  return {
    width: process.stdout.isTTY ? process.stdout.columns : null,
    colour: hasColour(process.stdout, color),
  };
}

/** How lines on stderr look. */
export function logForm({ json, color }: Pick<Globals, "json" | "color">): LogForm {
  if (json && !process.stderr.isTTY) return "json";
  if (isJournal(process.env)) return "journal";
  return hasColour(process.stderr, color) ? "colour" : "plain";
}

/** Lets what is told go to a file from now on. */
export function logToFile(file: LogFile): void {
  setLogSink((text) => file.write(text));
  setLogForm("file");
}

/**
 * Waits until all that was printed has left us: what a pipe has not taken is lost when the process exits. That whoever
 * reads stdout has gone, as `head` does, is no failure.
 *
 * @throws {DbackedError} `target`, if stdout cannot be written.
 */
export async function flushOutput(): Promise<void> {
  const failed = (await Promise.all(printed)).find((error) => error !== null && error.code !== "EPIPE");
  if (failed === undefined || failed === null) return;
  throw new DbackedError("target", `Cannot write to stdout: ${reasonOf(failed)}`, { cause: failed });
}

/** Whether colours may be used: on a terminal, unless NO_COLOR or --no-color says otherwise. */
function hasColour(stream: NodeJS.WriteStream, color: boolean): boolean {
  const { NO_COLOR, TERM } = process.env;
  return color && stream.isTTY && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb";
}

const printed: Promise<NodeJS.ErrnoException | null>[] = [];

function print(text: string): void {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>();
  liveLine.above(() => process.stdout.write(`${text}\n`, (error) => resolve(error ?? null)));
  printed.push(promise);
}

function prepare(globals: Globals): void {
  // The prompts' library looks at nothing else.
  if (!globals.color) process.env["NO_COLOR"] = "1";
  setVerbosity(globals.quiet ? "quiet" : globals.verbose ? "verbose" : "normal");
  setLogForm(logForm(globals));
  log.setReporters(log.options.reporters.map(aboveLiveLine));
}

/** What is logged may hold names that others chose. */
function aboveLiveLine(reporter: ConsolaReporter): ConsolaReporter {
  const harmless = (text: unknown) => (typeof text === "string" ? printableLines(text).join("\n") : text);
  return {
    log(entry, context) {
      liveLine.above(() => reporter.log({ ...entry, args: entry.args.map(harmless) }, context));
    },
  };
}
