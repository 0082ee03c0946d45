import { exitCodeOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { loadConfig } from "../config/load.ts";
import { defineCommand } from "./command.ts";
import { backupJson, printBackups } from "./print/backup.ts";
import { printJson } from "./print/json.ts";
import { searchStores, readTrusted, SET_OPTIONS, tellTrouble } from "./sets.ts";
import { sourcesOf } from "./source.ts";
import { tableLook } from "./terminal.ts";
import { listUnfinished } from "./unfinished.ts";

export const command = defineCommand({
  description:
    "Lists the backups in the stores, newest first: when, which database, how large, how complete, what was proved of " +
    "them, and which keys open them.",
  example: "dbacked list --database shop",
  options: {
    unfinished: { kind: "flag", summary: "instead, what was begun and never finished" },
    ...SET_OPTIONS,
  },
  async run(context) {
    const { args, globals, print, signal } = context;
    const config = await loadConfig(sourcesOf(globals), ["stores"]);
    if (args.unfinished) return await listUnfinished(context, config);
    const search = await searchStores(config, args, await readTrusted(config), signal);
    tellTrouble(search);
    const { found, failures, unfinished } = search;
    const listed = found.map(({ backup, storeName }) => ({ backup, store: storeName }));
    if (globals.json) print(printJson(listed.map(backupJson)));
    else if (listed.length === 0) log.info("There are no backups yet. `dbacked run --once` makes one.");
    else print(printBackups(listed, tableLook(globals)));
    if (unfinished > 0) log.info(`Some work was never finished: \`dbacked list --unfinished\` shows it.`);
    return failures.length === 0 ? undefined : exitCodeOf(failures[0]);
  },
});
