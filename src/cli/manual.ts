import { listExitCodes } from "../base/error.ts";
import { FLAT_NAMES, variableOf } from "../config/flat-names.ts";
import { type Command, type Group, isGroup } from "./command.ts";
import { flagOf, GLOBAL_OPTIONS, type Option, type Options } from "./option.ts";
import { listCommands, type Named } from "./tree.ts";

const FILES: readonly [string, string][] = [
  [
    "/etc/dbacked/config.toml",
    "the config, or config.json beside it; --config or DBACKED_CONFIG names another",
  ],
  [
    "~/.config/dbacked/config.toml",
    "that of a user who is not root, if there is one; XDG_CONFIG_HOME is obeyed",
  ],
  ["/etc/dbacked/signer.pem", "this host's signing key, made by the first backup beside the config"],
];

const VARIABLES: readonly [string, string][] = [
  ["DBACKED_CONFIG", "the config file"],
  ["DBACKED_PRIVATE_KEY", "the private key: PEM, or a path"],
  ["DBACKED_PRIVATE_KEY_PASSPHRASE", "its passphrase"],
  ["DBACKED_SIGNER_KEY", "this host's signing key: PEM, or a path"],
  ["DBACKED_TO_PASSWORD", "the password of the target of a restore"],
];

/** The manual page of the whole program, for `man`; made from the definitions of its commands. */
export async function printManual(root: Group, name: string, version: string): Promise<string> {
  const named = await listCommands(root, name);
  const commands = named.flatMap((each) => (isGroup(each.target) ? [] : [{ ...each, target: each.target }]));
  const lines = [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    ".SH NAME",
    `${name} \\- ${text(root.description.replace(/^./, (first) => first.toLowerCase()).replace(/\.$/, ""))}`,
    ".SH SYNOPSIS",
    ".nf",
    ...commands.map(synopsis),
    ".fi",
    ".SH COMMANDS",
    ...commands.flatMap(section),
    ".SH OPTIONS",
    "Every command takes these too.",
    ...listOptions(GLOBAL_OPTIONS),
    ".SH A SINGLE DATABASE",
    "For a single database without tables in the config, commands that say so take these options, and all take these variables.",
    ...listFlat(commands),
    ".SH ENVIRONMENT",
    ...VARIABLES.flatMap(([variable, what]) => item(`\\fB${text(variable)}\\fR`, what)),
    ".SH FILES",
    ...FILES.flatMap(([file, what]) => item(`\\fI${text(file)}\\fR`, what)),
    ".SH EXIT STATUS",
    ...listExitCodes().flatMap(([code, what]) => item(`\\fB${code}\\fR`, what)),
    ".SH EXAMPLES",
    ...example(root.example),
  ];
  return lines.join("\n");
}

function synopsis({ name, target }: Named<Command>): string {
  return [`\\fB${text(name)}\\fR`, operands(target), "[options]"].filter((word) => word !== "").join(" ");
}

function section({ name, target }: Named<Command>): string[] {
  const isFlat = Object.keys(target.options).some((key) => key in FLAT_NAMES);
  return [
    `.SS ${[text(name), operands(target)].join(" ").trimEnd()}`,
    line(target.description),
    ...(isFlat ? [".PP", "Also takes the options of a single database, below."] : []),
    ...listOptions(target.options, (key) => !(key in FLAT_NAMES)),
    ".PP",
    "Example:",
    ".PP",
    ...example(target.example),
  ];
}

function operands({ operands }: Command): string {
  return operands === undefined ? "" : `\\fI${text(operands.value)}\\fR`;
}

function listOptions(options: Options, isWanted: (key: string) => boolean = () => true): string[] {
  return Object.entries(options).flatMap(([key, option]) => {
    if (option.kind === "refused" || option.summary === "" || !isWanted(key)) return [];
    return item(spelling(key, option), option.summary);
  });
}

function spelling(key: string, option: Option): string {
  const short = option.kind === "flag" && option.short !== undefined ? `\\fB\\-${option.short}\\fR, ` : "";
  const value = "value" in option ? ` \\fI${text(option.value)}\\fR` : "";
  return `${short}\\fB${text(flagOf(key, option))}\\fR${value}`;
}

/** Each name of 2018 with its option and its variable. */
function listFlat(commands: readonly Named<Command>[]): string[] {
  const known: Options = Object.assign({}, ...commands.map(({ target }) => target.options));
  return Object.entries(FLAT_NAMES).flatMap(([key, { summary }]) => {
    if (summary === "") return [];
    const option = known[key];
    const variable = `\\fB${text(variableOf(key))}\\fR`;
    const isOption = option !== undefined && option.kind !== "refused";
    return item(isOption ? `${spelling(key, option)}, ${variable}` : variable, summary);
  });
}

function item(what: string, summary: string): string[] {
  return [".TP", what, line(summary)];
}

function example(command: string): string[] {
  return [".RS 4", ".nf", line(command), ".fi", ".RE"];
}

/** What groff would print as another character, which no shell takes. @see groff_char(7) */
const AS_TYPED: Readonly<Record<string, string>> = {
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
  "-": "\\-",
};

/** Text for the middle of a line, in ASCII. */
function text(plain: string): string {
  return plain
    .replaceAll("\\", "\\e")
    .replaceAll(/['`^~-]/g, (character) => AS_TYPED[character] ?? character)
    .replaceAll("…", "...")
    .replaceAll(/[^ -~]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `\\[u${code.toString(16).toUpperCase().padStart(4, "0")}]`;
    });
}

/** Text for a line of its own, which may not begin like a request. */
function line(plain: string): string {
  return text(plain).replace(/^[.']/, "\\&$&");
}
