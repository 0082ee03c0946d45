import { FLAT_NAMES, type FlatName, spell, variableOf } from "../config/flat-names.ts";
import type { Option, Options } from "./option.ts";

const DATABASE_TYPES = ["pg", "mysql", "mongodb", "sqlite"];

/** The names of 2018 as options, for the commands that take them. None of them takes a secret. */
export const FLAT_OPTIONS: Options = Object.fromEntries(
  Object.entries(FLAT_NAMES).map(([name, flat]) => [name, optionOf(name, flat)]),
);

/** Those flat options that were given. */
export function flatFlags(args: Readonly<Record<string, unknown>>): Record<string, string | boolean> {
  const given = Object.keys(FLAT_NAMES).flatMap((name) => {
    const value = args[name];
    return typeof value === "string" || value === true ? [[name, value] as const] : [];
  });
  return Object.fromEntries(given);
}

function optionOf(name: string, { kind, summary }: FlatName): Option {
  if (kind === "switch") return { kind: "flag", summary };
  if (name === "dbType") return { kind: "text", value: valueOf(name), summary, offers: DATABASE_TYPES };
  if (kind !== "secret") return { kind: "text", value: kind === "whole" ? "N" : valueOf(name), summary };
  const file = `${name}File` in FLAT_NAMES ? `, or give --${spell(`${name}File`)} FILE` : "";
  return {
    kind: "refused",
    why: "no option takes a secret: every user of this host could read it",
    instead: `set ${variableOf(name)}${file}`,
  };
}

/** What stands for the value in the help. */
function valueOf(name: string): string {
  if (name.endsWith("File")) return "FILE";
  if (name.endsWith("Directory") || name === "storePath") return "DIR";
  return name.endsWith("ConnectionString") || name.endsWith("endpoint") ? "URL" : "TEXT";
}
