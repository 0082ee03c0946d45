import { createConsola, LogLevels, type ConsolaInstance, type ConsolaReporter } from "consola/core";
import { format } from "node:util";

/** How a line of the log looks: `json` is one object a line. */
export type LogForm = "plain" | "colour" | "json";

const PREFIXES: Readonly<Record<string, string>> = {
  fatal: "dbacked: error: ",
  error: "dbacked: error: ",
  warn: "dbacked: warning: ",
};

const RED = "31";
const YELLOW = "33";
const GREY = "90";

/** The program's only log: on stderr, since stdout is for data. */
export const log: ConsolaInstance = createConsola({
  level: LogLevels.info,
  reporters: [reporter("plain")],
});

/** How much is said: warnings and errors only, the usual, or everything. */
export function setVerbosity(verbosity: "quiet" | "normal" | "verbose"): void {
  log.level = { quiet: LogLevels.warn, normal: LogLevels.info, verbose: LogLevels.debug }[verbosity];
}

/** Sets how the lines look. @default plain */
export function setLogForm(form: LogForm): void {
  log.setReporters([reporter(form)]);
}

function reporter(form: LogForm): ConsolaReporter {
  return {
    log({ type, level, date, args }) {
      const message = format(...args);
      process.stderr.write(`${line(form, { type, level, date, message })}\n`);
    },
  };
}

interface Entry {
  type: string;
  level: number;
  date: Date;
  message: string;
}

function line(form: LogForm, { type, level, date, message }: Entry): string {
  if (form === "json") return JSON.stringify({ time: date.toISOString(), level: type, message });
  const text = `${PREFIXES[type] ?? ""}${message}`;
  if (form === "plain") return text;
  if (level <= LogLevels.error) return paint(RED, text);
  if (level === LogLevels.warn) return paint(YELLOW, text);
  return level >= LogLevels.debug ? paint(GREY, text) : text;
}

function paint(colour: string, text: string): string {
  return `\u001B[${colour}m${text}\u001B[39m`;
}
