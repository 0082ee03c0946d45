import type { Command, Group } from "./command.ts";
import { flagOf, GLOBAL_OPTIONS, type Option, type Options } from "./option.ts";

const INDENT = "  ";

/** The help of a command: what it does, what it takes, and a line that works. */
export function printCommandHelp(name: string, command: Command): string {
  const { operands, options, description, example } = command;
  const usage = [name, operands?.value, "[options]"].filter((part) => part !== undefined).join(" ");
  return join([
    `Usage: ${usage}`,
    description,
    section("Options:", listOptions(options)),
    section("Everywhere:", listOptions(GLOBAL_OPTIONS)),
    section("Example:", [[example, ""]]),
  ]);
}

/** The help of a group of commands. */
export function printGroupHelp(name: string, group: Group): string {
  const commands = Object.entries(group.commands).map(([word, { summary }]): Row => [word, summary]);
  return join([
    `Usage: ${name} COMMAND [options]`,
    group.description,
    section("Commands:", commands),
    section("Everywhere:", listOptions(GLOBAL_OPTIONS)),
    section("Example:", [[group.example, ""]]),
    `"${name} COMMAND --help" tells more about a command.`,
  ]);
}

type Row = readonly [left: string, right: string];

function listOptions(options: Options): Row[] {
  return Object.entries(options).flatMap(([key, option]): Row[] => {
    if (option.kind === "refused" || option.summary === "") return [];
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
  const lines = rows.map(([left, right]) => `${INDENT}${left.padEnd(width)}${INDENT}${right}`.trimEnd());
  return [title, ...lines].join("\n");
}

function join(paragraphs: readonly string[]): string {
  return `${paragraphs.filter((paragraph) => paragraph !== "").join("\n\n")}\n`;
}
