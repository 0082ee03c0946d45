import { DbackedError, exitCodeOf } from "../base/error.ts";
import type { DatabaseConfig } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { toolboxes } from "../database/registry.ts";
import { installing, listInstalled, type Toolbox } from "../database/toolbox.ts";
import { defineCommand } from "./command.ts";
import { printError } from "./print/error.ts";
import { printJson } from "./print/json.ts";
import { printTools, type Search, toolsJson } from "./print/tools.ts";
import { sourcesOf } from "./source.ts";
import { complain, logForm, tableLook } from "./terminal.ts";

export const command = defineCommand({
  description:
    "Lists the programs of the databases that were found, with their versions, and says which of them would be used for " +
    "which server, and how to install what is missing. Needs no config; with one, it also says which databases need them, " +
    "and fails if one of them has none. No server is asked.",
  example: "dbacked tools",
  options: {},
  async run({ globals, print, signal }) {
    const { databases } = await loadConfig(sourcesOf(globals), []);
    const searches = await search(databases, signal);
    print(globals.json ? printJson(toolsJson(searches)) : printTools(searches, tableLook(globals)));
    const failures = databases.flatMap((database) => failureOf(database, searches));
    for (const failure of failures)
      complain(printError(failure, { form: logForm(globals), verbose: globals.verbose }));
    return failures.length === 0 ? undefined : exitCodeOf(failures[0]);
  },
});

/** Looks where everything is looked for by itself, and into each folder that a database has for its own. */
async function search(databases: readonly DatabaseConfig[], signal: AbortSignal): Promise<Search[]> {
  const searches: Search[] = [];
  for (const box of new Set(Object.values(toolboxes).flat())) {
    const users = databases.filter((database) => boxesOf(database).includes(box));
    for (const only of new Set([undefined, ...users.map(directoryOf)])) {
      const neededBy = users.filter((each) => directoryOf(each) === only).map(({ name }) => name);
      searches.push({ box, only, neededBy, installed: await listInstalled(box, only, signal) });
    }
  }
  return searches;
}

/** What a database lacks: one of the products that may be meant by its type will do. */
function failureOf(database: DatabaseConfig, searches: readonly Search[]): DbackedError[] {
  const wanted = searches.filter(({ neededBy }) => neededBy.includes(database.name));
  if (wanted.some(({ box, installed }) => box.families.length === 0 || installed.length > 0)) return [];
  const only = directoryOf(database);
  const products = wanted.map(({ box }) => box.product).join(" or ");
  const where = only === undefined ? "on this host" : `in ${only}`;
  const hint = wanted.map(({ box }) => installing(box)).join("\nor ");
  return [
    new DbackedError(
      "tool",
      `"${database.name}" needs the programs of ${products}, and there are none ${where}`,
      {
        hint,
      },
    ),
  ];
}

function boxesOf({ type }: DatabaseConfig): readonly Toolbox[] {
  return Object.entries(toolboxes).flatMap(([each, boxes]) => (each === type ? boxes : []));
}

function directoryOf({ options }: DatabaseConfig): string | undefined {
  const isGiven = typeof options === "object" && options !== null && "databaseToolsDirectory" in options;
  const directory = isGiven ? options.databaseToolsDirectory : undefined;
  return typeof directory === "string" ? directory : undefined;
}
