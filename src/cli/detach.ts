import { closeSync, fstatSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DbackedError, reasonOf } from "../base/error.ts";
import { type AgentRecord, readAgents } from "../host/agent-record.ts";
import { log } from "../base/log.ts";
import { openLogFile } from "../host/log-file.ts";
import { makeFolder, stateFolder } from "../host/state.ts";
import { isGone } from "../job/process.ts";
import type { Following } from "./follow.ts";
import { agentJson } from "./print/agents.ts";
import { printJson } from "./print/json.ts";
import { complain } from "./terminal.ts";
import { flagsOf, ownProgram } from "./own-program.ts";

/** An agent that is to run in the background. */
interface Detaching {
  following: Following;
  name: string;
  /** @default `NAME.log` in the state folder */
  logFile?: string | undefined;
}

/** What came of it: the agent runs, or has ended with what it said. */
type Detached = { agent: AgentRecord } | { exitCode: number; said: string };

/** How often it is looked whether it runs, in ms. */
const LOOK_MS = 50;

/**
 * Starts an agent that outlives its terminal, waits until it follows the schedules, and tells how that went.
 *
 * @returns the exit code.
 * @throws {DbackedError} `config`, if there is no place for its log.
 */
export async function leave(
  detaching: Detaching,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const detached = await detach(detaching, signal);
  if ("exitCode" in detached) {
    complain(detached.said);
    return detached.exitCode;
  }
  const { agent } = detached;
  if (detaching.following.globals.json) print(printJson(agentJson(agent)));
  else
    log.success(`The agent "${agent.name}" runs in the background: process ${agent.pid}, log ${agent.log}`);
  return 0;
}

async function detach({ following, name, logFile }: Detaching, signal: AbortSignal): Promise<Detached> {
  const folder = stateFolder(process.env);
  const path = logFile === undefined ? join(folder, `${name}.log`) : resolve(logFile);
  const file = await openLog(path, logFile === undefined);
  const { size } = fstatSync(file);
  const child = Bun.spawn([...ownProgram(), ...argumentsOf(following, name, path)], {
    stdio: ["ignore", file, file],
    // A session of its own: no terminal can hang it up.
    detached: true,
    env: process.env,
  });
  closeSync(file);
  try {
    while (child.exitCode === null && child.signalCode === null) {
      const agents = await readAgents(folder, isGone);
      const agent = agents.find(({ pid }) => pid === child.pid);
      if (agent !== undefined) {
        child.unref();
        return { agent };
      }
      await sleep(LOOK_MS, undefined, { signal });
    }
  } catch (error) {
    child.kill("SIGTERM");
    throw error;
  }
  return { exitCode: await child.exited, said: withoutTimes(await Bun.file(path).slice(size).text()) };
}

async function openLog(path: string, isOurs: boolean): Promise<number> {
  try {
    if (isOurs) await makeFolder(dirname(path));
    return openLogFile(path);
  } catch (cause) {
    throw new DbackedError(
      "config",
      `The log of an agent in the background cannot be opened: ${reasonOf(cause)}`,
      {
        hint: "name another file with --log-file, or another folder by XDG_STATE_HOME",
        cause,
      },
    );
  }
}

/** The config may be named by the environment, which the agent gets too. */
function argumentsOf({ sources, names, globals }: Following, name: string, logFile: string): string[] {
  const { daemonName: _, ...flags } = sources.flags ?? {};
  const { file } = sources;
  return [
    "run",
    ...(globals.quiet ? ["--quiet"] : []),
    ...(globals.verbose ? ["--verbose"] : []),
    ...(file === undefined ? [] : ["--config", file]),
    ...flagsOf({ ...sources, flags }),
    `--daemon-name=${name}`,
    `--log-file=${logFile}`,
    "--",
    ...names,
  ];
}

function withoutTimes(text: string): string {
  return text.replaceAll(/^\d{4}-\d\d-\d\dT\S+Z /gm, "").trimEnd();
}
