import { exitCodeOf } from "../base/error.ts";
import { loadConfig } from "../config/load.ts";
import { lackOf, searchTools } from "../doctor/tools.ts";
import { defineCommand } from "./command.ts";
import { printError } from "./print/error.ts";
import { printJson } from "./print/json.ts";
import { printTools, toolsJson } from "./print/tools.ts";
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
    const searches = await searchTools(databases, signal);
    print(globals.json ? printJson(toolsJson(searches)) : printTools(searches, tableLook(globals)));
    const failures = databases.flatMap((database) => lackOf(database, searches) ?? []);
    for (const failure of failures)
      complain(printError(failure, { form: logForm(globals), verbose: globals.verbose }));
    return failures.length === 0 ? undefined : exitCodeOf(failures[0]);
  },
});
