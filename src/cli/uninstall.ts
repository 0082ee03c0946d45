import { exists } from "node:fs/promises";
import { log } from "../base/log.ts";
import { filesIn, usualFolders } from "../config/config-file.ts";
import { CRON_FILE } from "../host/cron.ts";
import { UNIT_FILE } from "../host/unit.ts";
import { checkOurs, ownExecutable } from "../release/executable.ts";
import { listFolders, removeConfig, removeProgram } from "../release/uninstall.ts";
import { findAgents } from "./agents.ts";
import { defineCommand, type Globals } from "./command.ts";
import { printJson } from "./print/json.ts";
import { choose } from "./print/prompt.ts";

/** Files that call the program, where somebody made them. */
const CALLERS = [CRON_FILE, UNIT_FILE];

export const command = defineCommand({
  description:
    "Removes this program from the host. The config stays, unless --purge is given; keys and backups stay in any case.",
  example: "dbacked uninstall",
  options: {
    purge: { kind: "flag", summary: "remove the config file too; keys and passwords in other files stay" },
    yes: { kind: "flag", short: "y", summary: "ask nothing" },
  },
  async run({ args, globals, print, signal }) {
    const executable = await ownExecutable();
    await checkOurs(executable, signal);
    const config = args.purge ? await configFiles(globals) : [];
    const removed = [executable, ...config];
    if (!(args.yes || (await confirm(removed, signal)))) return log.info("Nothing was removed.");
    const agents = await findAgents();
    await removeProgram(executable);
    const folders = usualFolders(process.env);
    const kept = args.purge ? await removeConfig(config, folders) : await listFolders(folders);
    if (globals.json) print(printJson({ removed, kept }));
    else print(describe(removed, kept));
    // Each of its backups would be made by the program that is gone.
    for (const { name, pid } of agents)
      log.warn(
        `the agent "${name}" still runs, and can make no backup any more: end it with \`kill ${pid}\``,
      );
    log.info("Nothing makes backups here any more. Those that were made stay where they are.");
    for (const caller of await thoseThere(CALLERS)) log.warn(`${caller} still calls dbacked`);
  },
});

async function configFiles({ config }: Globals): Promise<string[]> {
  const named = config ?? process.env["DBACKED_CONFIG"] ?? "";
  if (named !== "") return await thoseThere([named]);
  for (const folder of usualFolders(process.env)) {
    const there = await thoseThere(filesIn(folder));
    if (there.length > 0) return there;
  }
  return [];
}

async function thoseThere(files: readonly string[]): Promise<string[]> {
  const there: string[] = [];
  for (const file of files) if (await exists(file)) there.push(file);
  return there;
}

async function confirm(removed: readonly string[], signal: AbortSignal): Promise<boolean> {
  const question = { message: `Remove ${removed.join(" and ")}?`, instead: "--yes" };
  const choices = [
    { value: false, label: "no" },
    { value: true, label: "yes" },
  ];
  return await choose(question, choices, signal);
}

function describe(removed: readonly string[], kept: readonly string[]): string {
  return [...removed.map((file) => `Removed ${file}`), ...kept.map((file) => `Kept ${file}`)].join("\n");
}
