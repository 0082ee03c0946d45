import { z } from "zod";
import { DbackedError, reasonOf } from "../base/error.ts";
import { printDuration } from "../base/units.ts";
import { streamFrom } from "../tool/run.ts";

/** A program and its arguments. */
type Argv = readonly string[];

/** When a command of the user is run. */
export type HookName = "before" | "afterSuccess" | "afterFailure";

/** The commands that are run around each backup of an entry. */
export interface Hooks extends Readonly<Record<HookName, Argv | null>> {
  /** How long, in ms, each of them may take. */
  limitMs: number;
}

/** What a command is told, as variables of its environment; never a secret. Stores stand with commas, times in ISO 8601. */
export type Facts = Readonly<Partial<Record<(typeof FACT_VARIABLES)[number], string>>>;

/** What a command may find in its environment besides `HOOK_VARIABLE`. */
export const FACT_VARIABLES = [
  "DBACKED_DATABASE",
  "DBACKED_ENGINE",
  "DBACKED_STORES",
  "DBACKED_BACKUP_ID",
  "DBACKED_TAKEN_AT",
  "DBACKED_FINISHED_AT",
  "DBACKED_BYTES",
  "DBACKED_DUMP_BYTES",
  "DBACKED_COMPLETE",
  "DBACKED_ERROR_KIND",
  "DBACKED_ERROR",
  "DBACKED_HINT",
] as const;

/** The variable that says which command runs. Where it is set, the others are ours too. */
export const HOOK_VARIABLE = "DBACKED_HOOK";

/** Characters of one fact: the kernel takes 128 KiB for a variable. */
const LONGEST_FACT = 10_000;

/** Lines of a command's output that are given on, from stdout and stderr each. */
const SHOWN_LINES = 100;

const LONGEST_LINE = 1000;

/** A program by its name or its whole path, and its arguments. There is no shell in between. */
export const argvOption = z
  .array(z.string())
  .refine(
    ([program = ""]) => program !== "" && (program.startsWith("/") || !program.includes("/")),
    'expected a program, by name or whole path, and its arguments, as in ["/usr/local/bin/tell", "--all"]',
  );

/** One command to run. */
export interface Hook {
  name: HookName;
  argv: Argv;
  limitMs: number;
  facts: Facts;
  /** Told each line that the command prints, up to a bound. */
  tell: (line: string) => void;
}

/**
 * Runs a command of the user, and waits for its end. What it leaves running in its process group is killed.
 *
 * @throws {DbackedError} `tool`, if it cannot be started, fails or takes too long; the reason of `signal`.
 */
export async function runHook(hook: Hook, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(hook.limitMs);
  const program = { argv: hook.argv, env: variablesOf(hook), watch: bounded(hook.tell) };
  try {
    const { bytes } = streamFrom(program, AbortSignal.any([signal, limit]));
    await readLines(bytes, bounded(hook.tell));
  } catch (error) {
    signal.throwIfAborted();
    const why = limit.aborted ? `it did not end within ${printDuration(hook.limitMs)}` : reasonOf(error);
    throw new DbackedError("tool", `Its command ${hook.name} failed: ${why}`, {
      hint: `run it by hand: ${hook.argv.map(quote).join(" ")}`,
      cause: error,
    });
  }
}

function variablesOf({ name, facts }: Hook): Record<string, string> {
  // A variable would end at the first NUL.
  const set = Object.entries(facts).map(([key, value]) => [
    key,
    value.replaceAll("\0", "").slice(0, LONGEST_FACT),
  ]);
  return { [HOOK_VARIABLE]: name, ...Object.fromEntries(set) };
}

async function readLines(bytes: ReadableStream<Uint8Array>, tell: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of bytes) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = (lines.pop() ?? "").slice(0, LONGEST_LINE);
    for (const line of lines) tell(line);
  }
  if (rest !== "") tell(rest);
}

function bounded(tell: (line: string) => void): (line: string) => void {
  let left = SHOWN_LINES;
  return (line) => {
    if (left > 0) tell(line.slice(0, LONGEST_LINE));
    else if (left === 0) tell("[…]");
    left -= 1;
  };
}

function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
