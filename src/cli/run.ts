import { DbackedError, exitCodeOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { loadConfig } from "../config/load.ts";
import type { Sources } from "../config/sources.ts";
import { type Context, defineCommand, type Globals } from "./command.ts";
import { leave } from "./detach.ts";
import { FLAT_OPTIONS, flatFlags } from "./flat-options.ts";
import { readWait } from "./lease-terms.ts";
import type { Options } from "./option.ts";
import { printJson } from "./print/json.ts";
import { reportJson } from "./print/outcome.ts";
import { beginRun, type Outcome } from "./session.ts";
import { sourcesOf } from "./source.ts";
import { DEFAULT_NAME, stay } from "./stay.ts";
import { chooseOrders } from "./tasks.ts";
import { attemptTold, beginTold } from "./telling.ts";

const options = {
  once: { kind: "flag", summary: "back up now and exit; else stay, and follow the schedules" },
  ifDue: { kind: "flag", summary: "with --once: only what is due by its schedule" },
  wait: {
    kind: "text",
    value: "TIME",
    summary:
      "with --once: how long to wait while another run backs up the same database, as in 1h (default 0)",
  },
  adopt: {
    kind: "flag",
    summary: "with --once: go on with the backups that another source of the same name began",
  },
  // For the processes that make the backups of one that stays: the config as that one has read it.
  configStdin: { kind: "flag", summary: "" },
  // For one that has left the terminal already.
  logFile: { kind: "text", value: "FILE", summary: "" },
  ...FLAT_OPTIONS,
} as const satisfies Options;

export const command = defineCommand({
  description:
    "With --once, backs up the databases of the config, or those that are named, one after another: one that fails does not " +
    "stop the others, and the exit code is that of the first failure. Without it, stays and backs up each when it is due.",
  example: "dbacked run --once shop",
  operands: { value: "[NAME…]", least: 0, most: Infinity, offers: "databases" },
  options,
  async run(context) {
    const { args, operands, globals, signal } = context;
    const sources = sourcesOf(globals, { flags: flatFlags(args) });
    if (args.once) return await runOnce(context, sources);
    requireOnce(args, globals);
    const following = { sources, names: operands, globals };
    const { logFile = null } = args;
    if (logFile === null) {
      const { daemon, daemonName } = await loadConfig(sources, []);
      if (daemon) return await leave({ following, name: daemonName ?? DEFAULT_NAME }, context.print, signal);
    }
    return await stay({ following, name: `run-${process.pid}`, logFile }, signal);
  },
});

async function runOnce(
  { args, operands, globals, print, signal }: Context<typeof options>,
  given: Sources,
): Promise<number> {
  if (given.flags?.["daemon"] === true)
    throw new DbackedError(
      "usage",
      "--daemon cannot be used with --once, which ends when the backups are made",
    );
  const waitMs = readWait(args.wait);
  const sources = args.configStdin ? { ...given, text: await Bun.stdin.text() } : given;
  const config = await loadConfig(sources, ["databases", "stores", "recipients", "signer"]);
  // Whoever gives us the config has told its warnings.
  if (!args.configStdin) for (const warning of config.warnings) log.warn(warning);
  const orders = chooseOrders(config, operands);
  const entries = orders.map(({ entry }) => entry);
  const { adopt, ifDue } = args;
  // Whoever gives us the config tells of a process that could not begin.
  const begin = args.configStdin ? beginRun : beginTold;
  const run = await begin({ config, entries, adopt, waitMs, ifDue, globals }, signal);
  const outcomes: Outcome[] = [];
  for (const order of orders) outcomes.push(...(await attemptTold(run, order, signal)));
  if (globals.json) print(printJson(reportJson(outcomes)));
  const failed = outcomes.find((outcome) => "error" in outcome);
  return failed === undefined ? 0 : exitCodeOf(failed.error);
}

/** Refuses what means nothing for a program that stays. */
function requireOnce(args: Context<typeof options>["args"], { json }: Globals): void {
  const given = {
    "--if-due": args.ifDue,
    "--wait": args.wait !== undefined,
    "--adopt": args.adopt,
    "--json": json,
  };
  const idle = Object.entries(given).flatMap(([option, isGiven]) => (isGiven ? option : []));
  if (idle.length > 0) throw new DbackedError("usage", `${idle.join(" and ")} cannot be used without --once`);
}
