import { createConsola, LogLevels, type ConsolaInstance } from "consola/core";
import { format } from "node:util";

/**
 * How a line of the log looks. `json` is one object a line; `journal` begins with how grave it is, as systemd's journal reads it;
 * `file` with the time, which nobody else notes.
 *
 * @see sd-daemon(3)
 */
export type LogForm = "plain" | "colour" | "json" | "journal" | "file";

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
  reporters: [
    {
      log({ type, level, date, args }) {
        write(line({ type, level, date, message: format(...args) }));
      },
    },
  ],
});

/** How much is said: warnings and errors only, the usual, or everything. */
export function setVerbosity(verbosity: "quiet" | "normal" | "verbose"): void {
  log.level = { quiet: LogLevels.warn, normal: LogLevels.info, verbose: LogLevels.debug }[verbosity];
}

let form: LogForm = "plain";
let write = toStderr;

/** Sets how the lines look. @default plain */
export function setLogForm(wanted: LogForm): void {
  form = wanted;
}

/** Lets something else than stderr take the lines. */
export function setLogSink(take: (text: string) => void): void {
  write = take;
}

/** Writes an error that was put into lines already. */
export function writeError(text: string): void {
  write(dress(text, { level: LogLevels.error, date: new Date() }));
}

function toStderr(text: string): void {
  process.stderr.write(`${text}\n`);
}

interface Entry {
  type: string;
  level: number;
  date: Date;
  message: string;
}

function line({ type, level, date, message }: Entry): string {
  if (form === "json") return JSON.stringify({ time: date.toISOString(), level: type, message });
  const text = `${PREFIXES[type] ?? ""}${message}`;
  if (form !== "colour") return dress(text, { level, date });
  if (level <= LogLevels.error) return paint(RED, text);
  if (level === LogLevels.warn) return paint(YELLOW, text);
  return level >= LogLevels.debug ? paint(GREY, text) : text;
}

function paint(colour: string, text: string): string {
  return `\u001B[${colour}m${text}\u001B[39m`;
}

/** What stands before each line where somebody else sorts them. */
function dress(text: string, { level, date }: Pick<Entry, "level" | "date">): string {
  if (form === "file") return `${date.toISOString()} ${text}`;
  if (form !== "journal") return text;
  return text.replaceAll(/^/gm, `<${priorityOf(level)}>`);
}

/** @see syslog(3) */
function priorityOf(level: number): number {
  if (level <= LogLevels.error) return 3;
  if (level === LogLevels.warn) return 4;
  return level >= LogLevels.debug ? 7 : 6;
}
