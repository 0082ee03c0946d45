import { exitCodeOf, Interrupted } from "../base/error.ts";
import { runCommand, wantsJson } from "./command.ts";
import { printError, printErrorJson } from "./print/error.ts";
import { root } from "./root.ts";
import { complain, flushOutput, logForm, terminalCaller } from "./terminal.ts";

/** Runs a command line to its end, errors and signals included, and gives its exit code. */
export async function start(argv: readonly string[], version: string): Promise<number> {
  const signal = listenForSignals();
  // A failure of stdout is told by `flushOutput`; without stderr nobody can be told, and a terminal may go away.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const caller = terminalCaller(version);
  try {
    const code = await runCommand(root, argv, caller, signal);
    await flushOutput();
    return code;
  } catch (thrown) {
    const error = signal.aborted ? signal.reason : thrown;
    const json = wantsJson(argv);
    const form = logForm({ json, color: !argv.includes("--no-color") });
    complain(printError(error, { form, verbose: argv.includes("--verbose") }));
    if (json) caller.print(printErrorJson(error));
    await flushOutput().catch(() => {});
    return exitCodeOf(error);
  }
}

/** The first signal ends what is under way in order; the second one ends the program at once. */
function listenForSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.once(name, () => controller.abort(new Interrupted(name)));
  }
  // A bug that nobody caught, or a terminal that went away under a prompt, still ends what is under way in order.
  process.on("uncaughtException", (error) => controller.abort(error));
  process.on("unhandledRejection", (reason) => controller.abort(reason));
  return controller.signal;
}
