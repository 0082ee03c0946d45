import { log } from "../base/log.ts";
import { loadConfig } from "../config/load.ts";
import { defineCommand } from "./command.ts";
import { backupJson, printBackups } from "./print/backup.ts";
import { printJson } from "./print/json.ts";
import { findBackups, readTrusted, SET_OPTIONS } from "./sets.ts";
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
    const found = await findBackups(config, args, await readTrusted(config), signal);
    const listed = found.map(({ backup, storeName }) => ({ backup, store: storeName }));
    if (globals.json) return print(printJson(listed.map(backupJson)));
    if (listed.length === 0) return log.info("There are no backups yet. `dbacked run --once` makes one.");
    print(printBackups(listed, tableLook(globals)));
  },
});
