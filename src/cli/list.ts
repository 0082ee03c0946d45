import { exitCodeOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { loadConfig } from "../config/load.ts";
import { defineCommand } from "./command.ts";
import { backupJson, printBackups } from "./print/backup.ts";
import { printJson } from "./print/json.ts";
import { searchStores, readTrusted, SET_OPTIONS } from "./sets.ts";
import { sourcesOf } from "./source.ts";
import { tableLook } from "./terminal.ts";

export const command = defineCommand({
  description:
    "Lists the backups in the stores, newest first: when, which database, how large, how complete, what was proved of " +
    "them, and which keys open them.",
  example: "dbacked list --database shop",
  options: SET_OPTIONS,
  async run({ args, globals, print, signal }) {
    const config = await loadConfig(sourcesOf(globals), ["stores"]);
    const { found, failures } = await searchStores(config, args, await readTrusted(config), signal);
    const listed = found.map(({ backup, storeName }) => ({ backup, store: storeName }));
    if (globals.json) print(printJson(listed.map(backupJson)));
    else if (listed.length === 0) log.info("There are no backups yet. `dbacked run --once` makes one.");
    else print(printBackups(listed, tableLook(globals)));
    return failures.length === 0 ? undefined : exitCodeOf(failures[0]);
  },
});
