import { parseArgs } from "node:util";

import { DbackedError } from "../base/error.ts";
import { spell } from "../config/flat-names.ts";
import { didYouMean } from "../config/nearest.ts";
import { flagOf, type Offers, type Option, type Options } from "./option.ts";

/** What may stand on the command line besides options. */
export interface Operands {
  /** As the help shows it: `[NAME…]`. */
  value: string;
  least: number;
  most: number;
  offers?: Offers;
}

interface Parsed {
  values: Record<string, unknown>;
  operands: readonly string[];
}

/** One way to spell an option, and what it means. */
interface Spelling {
  key: string;
  option: Option;
  /** What a flag becomes. */
  sets: boolean;
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];

/**
 * Reads a command line strictly: nothing unknown, nothing twice, nothing left over.
 *
 * @throws {DbackedError} `usage`.
 */
export function readArguments(argv: readonly string[], options: Options, expected: Operands): Parsed {
  const spellings = listSpellings(options);
  const values: Record<string, unknown> = emptyValues(options);
  const given = new Set<string>();
  const operands: string[] = [];
  for (const token of tokenize(argv, spellings)) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const spelling = spellings.get(token.name);
    if (spelling === undefined) throw unknownOption(token.rawName, spellings);
    const { key, option } = spelling;
    if (given.has(key) && option.kind !== "texts") throw usage(`${token.rawName} is given twice`);
    given.add(key);
    const value = valueOf(token, spelling, spellings);
    values[key] = option.kind === "texts" ? [...(values[key] as string[]), value] : value;
  }
  checkCount(operands, expected);
  return { values, operands };
}

function tokenize(argv: readonly string[], spellings: ReadonlyMap<string, Spelling>): readonly Token[] {
  const options = [...spellings].map(
    ([name, { option }]) =>
      [
        name,
        {
          type: option.kind === "flag" ? "boolean" : "string",
          ...(option.kind === "flag" && option.short !== undefined ? { short: option.short } : {}),
        },
      ] as const,
  );
  return parseArgs({
    args: [...argv],
    options: Object.fromEntries(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens;
}

function listSpellings(options: Options): Map<string, Spelling> {
  const spellings = new Map<string, Spelling>();
  for (const [key, option] of Object.entries(options)) {
    spellings.set(spell(key), { key, option, sets: true });
    if (option.kind === "flag" && option.on === true)
      spellings.set(`no-${spell(key)}`, { key, option, sets: false });
  }
  return spellings;
}

function emptyValues(options: Options): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(options)) {
    if (option.kind === "flag") values[key] = option.on ?? false;
    else values[key] = option.kind === "texts" ? [] : undefined;
  }
  return values;
}

function valueOf(
  token: Extract<Token, { kind: "option" }>,
  { option, sets }: Spelling,
  spellings: ReadonlyMap<string, Spelling>,
): unknown {
  if (option.kind === "refused") throw usage(`${token.rawName}: ${option.why}`, option.instead);
  if (option.kind === "flag") {
    if (token.value !== undefined) throw usage(`${token.rawName} takes no value`);
    return sets;
  }
  const { value } = token;
  if (value === undefined || (!token.inlineValue && isOption(value, spellings)))
    throw usage(`${token.rawName} needs a value: ${token.rawName} ${option.value}`);
  if (value === "") throw emptyValue(token.rawName);
  if (option.kind !== "whole") return value;
  if (!/^\d{1,15}$/.test(value)) throw usage(`${token.rawName} needs a whole number`);
  return Number(value);
}

/** `--to --force` is a forgotten value; `--dumper-options --no-privileges` is none. */
function isOption(value: string, spellings: ReadonlyMap<string, Spelling>): boolean {
  return value === "--" || (value.startsWith("--") && spellings.has(value.slice(2).split("=", 1)[0] ?? ""));
}

function checkCount(operands: readonly string[], { value, least, most }: Operands): void {
  if (operands.includes("")) throw emptyValue("an argument");
  const tooMuch = operands[most];
  if (tooMuch !== undefined) throw usage(`one argument too many: ${JSON.stringify(tooMuch)}`);
  if (operands.length < least) throw usage(`${value} is missing`);
}

/** What a shell makes of a variable that is not set: never meant, and some commands would take it for a choice. */
function emptyValue(what: string): DbackedError {
  return usage(`${what} is empty`, "is a variable of your shell not set?");
}

function unknownOption(rawName: string, spellings: ReadonlyMap<string, Spelling>): DbackedError {
  const known = [...spellings.values()].filter(({ option }) => option.kind !== "refused");
  const flags = known.map(({ key, option }) => flagOf(key, option));
  return usage(`unknown option ${rawName}${didYouMean(rawName, flags)}`);
}

function usage(message: string, hint?: string): DbackedError {
  return new DbackedError("usage", message, { hint });
}
