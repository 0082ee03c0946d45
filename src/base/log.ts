import { createConsola, LogLevels, type ConsolaInstance } from "consola";

/** The program's only log: on stderr, since stdout is for data. */
export const log: ConsolaInstance = createConsola({
  level: LogLevels.info,
  stdout: process.stderr,
  stderr: process.stderr,
  fancy: process.stderr.isTTY,
});

/** How much is said: warnings and errors only, the usual, or everything. */
export function setVerbosity(verbosity: "quiet" | "normal" | "verbose"): void {
  log.level = { quiet: LogLevels.warn, normal: LogLevels.info, verbose: LogLevels.debug }[verbosity];
}
