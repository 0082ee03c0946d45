import type { Command, Group } from "./command.ts";
import { FLAT_NAMES } from "../config/flat-names.ts";
import { flagOf, GLOBAL_OPTIONS, type Option, type Options } from "./option.ts";
import { wrap } from "./print/text.ts";

const INDENT = "  ";

/** Columns; every terminal has them, and longer lines are hard to read. */
const WIDTH = 80;

const FLAT_TITLE = "A single database without tables in the config (also as DBACKED_… variables):";

/** The help of a command: what it does, what it takes, and a line that works. */
export function printCommandHelp(name: string, command: Command): string {
  const { operands, options, description, example } = command;
  const usage = [name, operands?.value, "[options]"].filter((part) => part !== undefined).join(" ");
  return join([
    `Usage: ${usage}`,
    wrap(description, WIDTH).join("\n"),
    section(
      "Options:",
      listOptions(options, (key) => !(key in FLAT_NAMES)),
    ),
    section(
      FLAT_TITLE,
      listOptions(options, (key) => key in FLAT_NAMES),
    ),
    section(
      "Everywhere:",
      listOptions(GLOBAL_OPTIONS, (key) => !(key in options)),
    ),
    section("Example:", [[example, ""]]),
  ]);
}

/** The help of a group of commands. */
export function printGroupHelp(name: string, group: Group): string {
  const commands = Object.entries(group.commands).map(([word, { summary }]): Row => [word, summary]);
  return join([
    `Usage: ${name} COMMAND [options]`,
    wrap(group.description, WIDTH).join("\n"),
    section("Commands:", commands),
    section("Everywhere:", listOptions(GLOBAL_OPTIONS)),
    section("Example:", [[group.example, ""]]),
    `"${name} COMMAND --help" tells more about a command.`,
  ]);
}

type Row = readonly [left: string, right: string];

function listOptions(options: Options, isWanted: (key: string) => boolean = () => true): Row[] {
  return Object.entries(options).flatMap(([key, option]): Row[] => {
    if (option.kind === "refused" || option.summary === "" || !isWanted(key)) return [];
    const value = option.kind === "flag" ? "" : ` ${option.value}`;
    return [[`${shortOf(option)}${flagOf(key, option)}${value}`, option.summary]];
  });
}

function shortOf(option: Option): string {
  return option.kind === "flag" && option.short !== undefined ? `-${option.short}, ` : "";
}

function section(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const width = Math.max(...rows.map(([left]) => left.length));
  return [title, ...rows.flatMap((row) => printRow(row, width))].join("\n");
}

function printRow([left, right]: Row, width: number): string[] {
  const margin = `${INDENT}${left.padEnd(width)}${INDENT}`;
  return wrap(right, WIDTH - margin.length).map((line, at) =>
    `${at === 0 ? margin : " ".repeat(margin.length)}${line}`.trimEnd(),
  );
}

function join(paragraphs: readonly string[]): string {
  return `${paragraphs.filter((paragraph) => paragraph !== "").join("\n\n")}\n`;
}
