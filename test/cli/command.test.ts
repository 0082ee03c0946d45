import { expect, test } from "bun:test";
import fc from "fast-check";

import { DbackedError } from "../../src/base/error.ts";
import {
  type Caller,
  defineCommand,
  type Globals,
  type Group,
  runCommand,
  wantsJson,
} from "../../src/cli/command.ts";
import type { ValuesOf } from "../../src/cli/option.ts";

const options = {
  once: { kind: "flag", summary: "back up now, and exit" },
  singleTransaction: { kind: "flag", on: true, summary: "do not restore in one transaction" },
  to: { kind: "text", value: "URL", summary: "where to" },
  database: { kind: "texts", value: "NAME", summary: "only this one" },
  jobs: { kind: "whole", value: "N", summary: "how many at once" },
  dbPassword: { kind: "refused", why: "no option takes a secret", instead: "set DBACKED_DB_PASSWORD" },
} as const;

type Values = Partial<ValuesOf<typeof options>>;

interface Outcome {
  code: number;
  out: string;
  err: string;
  args: Values;
  operands: readonly string[];
  globals: Globals | null;
}

async function call(...argv: string[]): Promise<Outcome> {
  const outcome: Outcome = { code: -1, out: "", err: "", args: {}, operands: [], globals: null };
  const run = defineCommand({
    description: "Backs up now.",
    example: "dbacked run shop --once",
    operands: { value: "[NAME…]", least: 0, most: 2 },
    options,
    async run({ args, operands, globals, print }) {
      Object.assign(outcome, { args, operands, globals });
      if (operands[0] === "print") print("data");
      return operands[0] === "fail" ? 4 : undefined;
    },
  });
  const show = defineCommand({
    description: "Shows one backup.",
    example: "dbacked show 4f1a22",
    operands: { value: "ID", least: 1, most: 1 },
    options: {},
    async run({ operands }) {
      outcome.operands = operands;
    },
  });
  const signer: Group = {
    description: "The host's signing key.",
    example: "dbacked signer show",
    commands: { show: { summary: "prints it", load: async () => show } },
  };
  const root: Group = {
    description: "Backs up databases.",
    example: "dbacked run --once",
    commands: {
      run: { summary: "back up", load: async () => run },
      show: { summary: "one backup", load: async () => show },
      signer: { summary: "the host's key", load: async () => signer },
    },
  };
  const caller: Caller = {
    program: "dbacked",
    version: "1.2.3",
    print: (text) => (outcome.out += `${text}\n`),
    complain: (text) => (outcome.err += `${text}\n`),
    prepare: () => {},
  };
  outcome.code = await runCommand(root, argv, caller, new AbortController().signal);
  return outcome;
}

async function refusal(...argv: string[]): Promise<string> {
  try {
    await call(...argv);
  } catch (error) {
    if (error instanceof DbackedError && error.kind === "usage")
      return [error.message, error.hint].filter((line) => line !== undefined).join(" | ");
    throw error;
  }
  return "accepted";
}

test("runCommand() gives each option its type and its default", async () => {
  const { args, code } = await call("run");
  expect(code).toBe(0);
  expect(args).toMatchObject({ once: false, singleTransaction: true, database: [] });
  expect(args.to).toBeUndefined();
  expect(args.jobs).toBeUndefined();
});

test.each<[string[], Values]>([
  [["--once"], { once: true }],
  [["--to", "postgres://h/db"], { to: "postgres://h/db" }],
  [["--to=a=b"], { to: "a=b" }],
  [["--to", "--dashes-are-values"], { to: "--dashes-are-values" }],
  [["--to", "-1"], { to: "-1" }],
  [["--database", "a", "--database=b"], { database: ["a", "b"] }],
  [["--jobs", "12"], { jobs: 12 }],
  [["--no-single-transaction"], { singleTransaction: false }],
  [["--single-transaction"], { singleTransaction: true }],
])("runCommand() reads %j", async (argv, expected) => {
  expect((await call("run", ...argv)).args).toMatchObject(expected);
});

test.each<[string[], string]>([
  [["run", "--onec"], "unknown option --onec (did you mean --once?) | dbacked run --help"],
  [["run", "--frobnicate"], "unknown option --frobnicate | dbacked run --help"],
  [
    ["run", "--single-transactoin"],
    "unknown option --single-transactoin (did you mean --no-single-transaction?) | dbacked run --help",
  ],
  [["run", "--no-once"], "unknown option --no-once (did you mean --once?) | dbacked run --help"],
  [["run", "-x"], "unknown option -x | dbacked run --help"],
  [["run", "--__proto__"], "unknown option --__proto__ | dbacked run --help"],
  [["run", "--constructor=1"], "unknown option --constructor | dbacked run --help"],
  [["run", "--once", "--once"], "--once is given twice | dbacked run --help"],
  [
    ["run", "--no-single-transaction", "--single-transaction"],
    "--single-transaction is given twice | dbacked run --help",
  ],
  [["run", "--to", "a", "--to", "b"], "--to is given twice | dbacked run --help"],
  [["run", "--to"], "--to needs a value: --to URL | dbacked run --help"],
  [["run", "--to", "--once"], "--to needs a value: --to URL | dbacked run --help"],
  [["run", "--to", "--jobs=3"], "--to needs a value: --to URL | dbacked run --help"],
  [["run", "--once=yes"], "--once takes no value | dbacked run --help"],
  [["run", "--jobs", "many"], "--jobs needs a whole number | dbacked run --help"],
  [["run", "--jobs=-1"], "--jobs needs a whole number | dbacked run --help"],
  [["run", "--quiet", "--verbose"], "--quiet and --verbose exclude each other"],
  [["run", "--db-password", "hunter2"], "--db-password: no option takes a secret | set DBACKED_DB_PASSWORD"],
  [["run", "--db-password=hunter2"], "--db-password: no option takes a secret | set DBACKED_DB_PASSWORD"],
  [["run", "a", "b", "c"], 'one argument too many: "c" | dbacked run --help'],
  [["show"], "ID is missing | dbacked show --help"],
  [["show", "a", "b"], 'one argument too many: "b" | dbacked show --help'],
  [["rnu"], 'unknown command "rnu" (did you mean run?) | dbacked --help lists the commands'],
  [["toString"], 'unknown command "toString" | dbacked --help lists the commands'],
  [
    ["signer", "shwo"],
    'unknown command "shwo" (did you mean show?) | dbacked signer --help lists the commands',
  ],
  [["--to", "a", "list"], 'unknown command "a" | a command\'s own options stand after it: dbacked COMMAND …'],
  [["run", "--to="], "--to is empty | is a variable of your shell not set?"],
  [["run", "--to", ""], "--to is empty | is a variable of your shell not set?"],
  [["show", ""], "an argument is empty | is a variable of your shell not set?"],
  [["--frob"], "unknown option --frob | dbacked --help"],
  [["--frob", "run"], "unknown option --frob | dbacked run --help"],
])("runCommand() refuses %j", async (argv, expected) => {
  expect(await refusal(...argv)).toBe(expected);
});

test("runCommand() takes all that follows -- for operands", async () => {
  const { operands, args } = await call("run", "--once", "--", "--to", "-x");
  expect(operands).toEqual(["--to", "-x"]);
  expect(args.once).toBe(true);
});

test("runCommand() takes global options before and after the command", async () => {
  const { globals, operands } = await call("--config", "run", "--json", "run", "shop", "--no-color");
  expect(globals).toMatchObject({ config: "run", json: true, color: false, quiet: false });
  expect(operands).toEqual(["shop"]);
});

test("runCommand() finds a command in a group", async () => {
  expect((await call("signer", "show", "x")).operands).toEqual(["x"]);
});

test("runCommand() passes on what the command prints and returns", async () => {
  expect((await call("run", "print")).out).toBe("data\n");
  expect((await call("run", "fail")).code).toBe(4);
});

test("runCommand() prints help on stdout when asked, with a good exit code", async () => {
  const { code, out, err } = await call("run", "--onec", "--help");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toBe(`Usage: dbacked run [NAME…] [options]

Backs up now.

Options:
  --once                   back up now, and exit
  --no-single-transaction  do not restore in one transaction
  --to URL                 where to
  --database NAME          only this one
  --jobs N                 how many at once

Everywhere:
  --config FILE  the config file (or DBACKED_CONFIG; default
                 ~/.config/dbacked/config.toml, then /etc/dbacked/config.toml)
  --json         print one JSON document on stdout
  --quiet        say nothing but warnings and errors
  --verbose      say everything
  --no-color     no colours (the same as NO_COLOR=1)
  -h, --help     print this help
  --version      print the version

Example:
  dbacked run shop --once
`);
  expect((await call("-h")).out).toContain("Commands:\n  run     back up\n  show    one backup\n");
});

test("runCommand() prints help on stderr when no command is given, with a bad exit code", async () => {
  const { code, out, err } = await call();
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toStartWith("Usage: dbacked COMMAND [options]\n");
  expect((await call("signer")).err).toStartWith("Usage: dbacked signer COMMAND [options]\n");
});

test("runCommand() prints the version", async () => {
  expect((await call("--version")).out).toBe("1.2.3\n");
  expect((await call("run", "--version")).out).toBe("1.2.3\n");
});

test("wantsJson() knows before anything is read", () => {
  expect(wantsJson(["run", "--nonsense", "--json"])).toBe(true);
  expect(wantsJson(["run", "--", "--json"])).toBe(false);
});

test("runCommand() gives back any values that were passed to it", async () => {
  const text = fc
    .string({ minLength: 1 })
    .filter((value) => !/^--(to|once|json|quiet|help|jobs|database|no-|si|co|ve|db)/.test(value));
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.array(text, { maxLength: 3 }),
      fc.array(text, { maxLength: 2 }),
      async (to, many, operands) => {
        const argv = [`--to=${to}`, ...many.map((value) => `--database=${value}`), "--", ...operands];
        const outcome = await call("run", ...argv);
        expect(outcome.args).toMatchObject({ to, database: many });
        expect(outcome.operands).toEqual(operands);
      },
    ),
  );
});
