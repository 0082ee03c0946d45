import { DbackedError, exitCodeOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { loadConfig } from "../config/load.ts";
import { removeProbes } from "../job/probe.ts";
import type { Store } from "../store/store.ts";
import { defineCommand } from "./command.ts";
import { findHomes, type Trouble } from "./homes.ts";
import type { Options } from "./option.ts";
import { printJson } from "./print/json.ts";
import { printPruned, type Pruned, prunedJson } from "./print/pruned.ts";
import { tellPruned } from "./print/pruned-summary.ts";
import { pruneHome } from "./pruner.ts";
import { readTrusted, SET_OPTIONS } from "./sets.ts";
import { sourcesOf } from "./source.ts";
import { tableLook } from "./terminal.ts";

const options = {
  dryRun: { kind: "flag", summary: "remove nothing; say of each backup why it stays or goes" },
  yes: { kind: "flag", summary: "go on where so much would go that somebody should look first" },
  ...SET_OPTIONS,
} as const satisfies Options;

export const command = defineCommand({
  description:
    "Removes the backups that no rule of keep wants, and what was left unfinished for more than 7 days. Only backups that count " +
    "are judged; without keep nothing is removed. It needs the right to delete, which the host that makes the backups should not have.",
  example: "dbacked prune --dry-run",
  operands: { value: "[NAME…]", least: 0, most: Infinity, offers: "databases" },
  options,
  async run({ args, operands, globals, print, signal }) {
    const config = await loadConfig(sourcesOf(globals), ["databases", "stores"]);
    for (const warning of config.warnings) log.warn(warning);
    const names = namesOf(operands, args.database);
    const { homes, troubles } = await findHomes(config, { names, store: args.store }, signal);
    if (homes.length === 0 && troubles.length === 0) log.info("There is nothing to prune.");
    const trusted = await readTrusted(config);
    const pruned: Pruned[] = [];
    const failed: Trouble[] = [...troubles];
    for (const home of homes) {
      const outcome = await pruneHome(home, { ...args, trusted }, signal);
      if ("trouble" in outcome) failed.push(outcome.trouble);
      if ("pruned" in outcome) pruned.push(outcome.pruned);
    }
    if (!args.dryRun)
      for (const store of new Set(homes.map((home) => home.store))) await clearProbes(store, signal);
    const table = printPruned(pruned, args.dryRun, tableLook(globals));
    if (globals.json) print(printJson(prunedJson(pruned, failed, args.dryRun)));
    else if (table !== null) print(table);
    tellPruned(pruned, failed, { ...globals, dryRun: args.dryRun });
    return failed[0] === undefined ? 0 : exitCodeOf(failed[0].failure);
  },
});

/** What `doctor` has left where it may not delete. It is nobody's trouble if they stay. */
async function clearProbes(store: Store, signal: AbortSignal): Promise<void> {
  try {
    const removed = await removeProbes(store, signal);
    log.debug(`${removed} old probes were removed from ${store.label}`);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DbackedError)) throw error;
    log.debug(`old probes stay: ${error.message}`);
  }
}

function namesOf(operands: readonly string[], database: string | undefined): readonly string[] {
  if (database === undefined) return operands;
  if (operands.length === 0) return [database];
  throw new DbackedError("usage", "NAME and --database exclude each other");
}
