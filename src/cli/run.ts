import { DbackedError, exitCodeOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { loadConfig } from "../config/load.ts";
import { defineCommand } from "./command.ts";
import { FLAT_OPTIONS, flatFlags } from "./flat-options.ts";
import { readWait } from "./lease-terms.ts";
import type { Options } from "./option.ts";
import { printJson } from "./print/json.ts";
import { reportJson } from "./print/outcome.ts";
import { attempt, beginRun, type Outcome } from "./session.ts";
import { sourcesOf } from "./source.ts";
import { chooseOrders, tasksOf } from "./tasks.ts";

const options = {
  once: { kind: "flag", summary: "back up now and exit; this version has no other way" },
  wait: {
    kind: "text",
    value: "TIME",
    summary: "how long to wait while another run backs up the same database, as in 1h (default 0)",
  },
  adopt: { kind: "flag", summary: "go on with the backups that another source of the same name began" },
  ...FLAT_OPTIONS,
} as const satisfies Options;

export const command = defineCommand({
  description:
    "Backs up the databases of the config, or those that are named, one after another. One that fails does not stop the " +
    "others; the exit code is that of the first failure.",
  example: "dbacked run --once shop",
  operands: { value: "[NAME…]", least: 0, most: Infinity },
  options,
  async run({ args, operands, globals, print, signal }) {
    requireOnce(args.once);
    const waitMs = readWait(args.wait);
    const sources = sourcesOf(globals, { flags: flatFlags(args) });
    const config = await loadConfig(sources, ["databases", "stores", "recipients", "signer"]);
    for (const warning of config.warnings) log.warn(warning);
    const orders = chooseOrders(config, operands);
    const entries = orders.map(({ entry }) => entry);
    const run = await beginRun({ config, entries, adopt: args.adopt, waitMs, globals }, signal);
    const outcomes: Outcome[] = [];
    for (const order of orders)
      for (const task of await tasksOf(order, config, signal))
        outcomes.push(await attempt(run, task, signal));
    if (globals.json) print(printJson(reportJson(outcomes)));
    const failed = outcomes.find((outcome) => "error" in outcome);
    return failed === undefined ? 0 : exitCodeOf(failed.error);
  },
});

function requireOnce(once: boolean): void {
  if (once) return;
  throw new DbackedError("usage", "This version follows no schedule: `run` needs --once", {
    hint: "let cron call it: 0 3 * * * dbacked run --once --quiet",
  });
}
