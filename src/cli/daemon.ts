import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { loadConfig } from "../config/load.ts";
import { findAgents, stopAgent } from "./agents.ts";
import { type Context, defineCommand } from "./command.ts";
import { leave } from "./detach.ts";
import type { Options } from "./option.ts";
import { agentJson, describeAgent } from "./print/agents.ts";
import { printJson } from "./print/json.ts";
import { sourcesOf } from "./source.ts";
import { DEFAULT_NAME, stay } from "./stay.ts";

const options = {
  detach: { kind: "flag", summary: "leave the terminal, and go on in the background" },
  name: {
    kind: "text",
    value: "NAME",
    summary: "what it is called, if several run on this host (or DBACKED_DAEMON_NAME; default dbacked)",
  },
  logFile: {
    kind: "text",
    value: "FILE",
    summary:
      "with --detach: where its log goes; SIGHUP opens it again (default NAME.log in its state folder)",
  },
} as const satisfies Options;

/** As `systemctl status` has it for what does not run. */
const EXIT_NOT_RUNNING = 3;

type DaemonContext = Context<typeof options>;

export const command = defineCommand({
  description:
    "Stays, and backs up each database of the config when it is due, in the foreground: what systemd calls. `daemon status` tells " +
    "which agents run on this host, and `daemon stop` ends one.",
  example: "dbacked daemon --detach",
  operands: { value: "[status|stop]", least: 0, most: 1, offers: ["status", "stop"] },
  options,
  async run(context) {
    const [word] = context.operands;
    if (word === undefined) return await begin(context);
    const { detach, logFile } = context.args;
    if (detach || logFile !== undefined)
      throw new DbackedError("usage", `--detach and --log-file cannot be used with ${word}`);
    if (word === "status") return await tellStatus(context);
    if (word === "stop") return await stop(context);
    throw new DbackedError("usage", `"${word}" is neither status nor stop`, {
      hint: "the agent follows the schedules of all databases; `dbacked run NAME` those of some",
    });
  },
});

async function begin({ args, globals, print, signal }: DaemonContext): Promise<number> {
  const { detach, name, logFile } = args;
  const sources = sourcesOf(globals, name === undefined ? {} : { flags: { daemonName: name } });
  const following = { sources, names: [], globals };
  if (!detach && (logFile !== undefined || globals.json))
    throw new DbackedError("usage", "--log-file and --json cannot be used without --detach");
  if (!detach) return await stay({ following, name: DEFAULT_NAME, logFile: null }, signal);
  const { daemonName } = await loadConfig(sources, []);
  return await leave({ following, name: daemonName ?? DEFAULT_NAME, logFile }, print, signal);
}

async function tellStatus({ args, globals, print }: DaemonContext): Promise<number> {
  const { name } = args;
  const agents = (await findAgents()).filter((agent) => name === undefined || agent.name === name);
  if (globals.json) print(printJson(agents.map(agentJson)));
  else if (agents.length > 0) print(agents.map(describeAgent).join("\n"));
  else log.info(name === undefined ? "No agent runs here." : `No agent of the name "${name}" runs here.`);
  return agents.length > 0 ? 0 : EXIT_NOT_RUNNING;
}

/** The config may be wrong by now, and must not keep anybody from ending what runs. */
async function stop({ args, globals, print, signal }: DaemonContext): Promise<number> {
  const name = args.name ?? (process.env["DBACKED_DAEMON_NAME"] || DEFAULT_NAME);
  const agent = await stopAgent(name, signal);
  if (globals.json) print(printJson(agentJson(agent)));
  else log.success(`The agent "${agent.name}" (process ${agent.pid}) has ended.`);
  return 0;
}
