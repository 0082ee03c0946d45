import { DbackedError } from "../base/error.ts";
import { didYouMean } from "../config/nearest.ts";
import { type Operands, readArguments } from "./arguments.ts";
import { GLOBAL_OPTIONS, type Options, type ValuesOf } from "./option.ts";
import { printCommandHelp, printGroupHelp } from "./usage.ts";

/** One command: what it takes and what it does. */
export interface Command<O extends Options = Options> {
  /** What it does, in one to three sentences, for its help. */
  description: string;
  /** A command line that works. */
  example: string;
  /** @default none */
  operands?: Operands;
  options: O;
  /** @returns an exit code, if it is not 0 and no error says so. */
  run(context: Context<O>): Promise<number | void>;
}

/** Commands under one word, as in `signer new`; loaded only when they are called. */
export interface Group {
  description: string;
  example: string;
  commands: Readonly<Record<string, Entry>>;
}

interface Entry {
  /** For the list of commands: a few words. */
  summary: string;
  load: () => Promise<Command | Group>;
}

/** What a command is run with. */
export interface Context<O extends Options = Options> {
  args: ValuesOf<O>;
  operands: readonly string[];
  globals: Globals;
  /** Prints lines on stdout, where data goes. */
  print: (text: string) => void;
  signal: AbortSignal;
}

/** The options that every command takes. */
export type Globals = ValuesOf<typeof GLOBAL_OPTIONS>;

/** Where a command line comes from, and where what it prints goes. */
export interface Caller {
  /** Begins each usage line. */
  program: string;
  version: string;
  print: (text: string) => void;
  complain: (text: string) => void;
  /** Told of the global options before the command runs. */
  prepare: (globals: Globals) => void;
}

const NO_OPERANDS: Operands = { value: "", least: 0, most: 0 };

const EXIT_USAGE = 2;

/** Gives a command its types. */
export function defineCommand<const O extends Options>(command: Command<O>): Command {
  return command;
}

/**
 * Runs the command that `argv` names.
 *
 * @returns the exit code.
 * @throws {DbackedError} `usage`, or whatever the command throws.
 */
export async function runCommand(
  root: Group,
  argv: readonly string[],
  caller: Caller,
  signal: AbortSignal,
): Promise<number> {
  const { name, target, rest } = await find(root, argv, caller.program);
  if (isGroup(target)) return await runGroup(name, target, rest, caller);
  const options = { ...GLOBAL_OPTIONS, ...target.options };
  if (asks(rest, "help")) return printed(caller, printCommandHelp(name, target));
  // Where a version is what is wanted, `--version 1.2.3` must not go by in silence.
  if (asks(rest, "version") && !("version" in target.options)) return printed(caller, `${caller.version}\n`);
  const { values, operands } = withHint(name, () =>
    readArguments(rest, options, target.operands ?? NO_OPERANDS),
  );
  const globals = values as unknown as Globals;
  if (globals.quiet && globals.verbose)
    throw new DbackedError("usage", "--quiet and --verbose exclude each other");
  caller.prepare(globals);
  const args = values as ValuesOf<Options>;
  const code = await target.run({ args, operands, globals, print: caller.print, signal });
  return code ?? 0;
}

/** Says whether errors are to be printed as JSON too; a usage error can come before options are read. */
export function wantsJson(argv: readonly string[]): boolean {
  return asks(argv, "json");
}

async function runGroup(
  name: string,
  group: Group,
  rest: readonly string[],
  caller: Caller,
): Promise<number> {
  const { values } = withHint(name, () => readArguments(rest, GLOBAL_OPTIONS, NO_OPERANDS));
  if (values["help"] === true) return printed(caller, printGroupHelp(name, group));
  if (values["version"] === true) return printed(caller, `${caller.version}\n`);
  caller.complain(printGroupHelp(name, group));
  return EXIT_USAGE;
}

interface Found {
  name: string;
  target: Command | Group;
  rest: readonly string[];
}

/** Follows the words of the command line; options before a word stay with what is found. */
async function find(target: Command | Group, argv: readonly string[], name: string): Promise<Found> {
  if (!isGroup(target)) return { name, target, rest: argv };
  const at = wordAt(argv);
  const word = argv[at];
  if (word === undefined) return { name, target, rest: argv };
  const entry = Object.hasOwn(target.commands, word) ? target.commands[word] : undefined;
  if (entry === undefined) {
    throw new DbackedError(
      "usage",
      `unknown command ${JSON.stringify(word)}${didYouMean(word, Object.keys(target.commands))}`,
      {
        hint:
          at === 0
            ? `${name} --help lists the commands`
            : `a command's own options stand after it: ${name} COMMAND …`,
      },
    );
  }
  return await find(await entry.load(), argv.toSpliced(at, 1), `${name} ${word}`);
}

/** Where the first word is that is no option nor the value of a global one. */
function wordAt(argv: readonly string[]): number {
  let at = 0;
  while (at < argv.length && argv[at]?.startsWith("-") === true) at += argv[at] === "--config" ? 2 : 1;
  return at;
}

/** Help is given whatever else stands there. */
function asks(argv: readonly string[], flag: "help" | "version" | "json"): boolean {
  const end = argv.indexOf("--");
  const options = end === -1 ? argv : argv.slice(0, end);
  return options.includes(`--${flag}`) || (flag === "help" && options.includes("-h"));
}

/** Says which of the two it is. */
export function isGroup(target: Command | Group): target is Group {
  return "commands" in target;
}

function printed(caller: Caller, text: string): number {
  caller.print(text.trimEnd());
  return 0;
}

function withHint<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DbackedError) || error.hint !== undefined) throw error;
    throw new DbackedError(error.kind, error.message, { hint: `${name} --help`, cause: error });
  }
}
