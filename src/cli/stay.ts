import { version } from "../../package.json";
import type { View } from "../agent/loop.ts";
import { DbackedError, exitCodeOf, Interrupted, reasonOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import { claimAgent } from "../host/agent-record.ts";
import { LogFile } from "../host/log-file.ts";
import { ServiceManager } from "../host/service-manager.ts";
import { stateFolder } from "../host/state.ts";
import { isGone, markProcess } from "../job/process.ts";
import { follow, type Following } from "./follow.ts";
import { logToFile } from "./terminal.ts";

/** What an agent is called if nobody says so. */
export const DEFAULT_NAME = "dbacked";

/** How an agent stays. */
interface Staying {
  following: Following;
  /** What it is called if the config does not say. */
  name: string;
  /** The file that it logs to, as long as it runs in the background; null for stderr. */
  logFile: string | null;
}

/**
 * Stays, and follows the schedules until `signal` is aborted. Others on this host can see that it runs, and the service manager
 * hears of it.
 *
 * @returns the exit code.
 * @throws {DbackedError} `busy`, if an agent of that name runs; else as {@link follow} does.
 */
export async function stay({ following, name, logFile }: Staying, signal: AbortSignal): Promise<number> {
  const file = logFile === null ? null : new LogFile(logFile);
  if (file !== null) logToFile(file);
  const manager = findManager();
  await using life = new AsyncDisposableStack();
  signal.addEventListener("abort", () => manager?.tell({ STOPPING: "1", STATUS: "Stopping." }), {
    once: true,
  });
  const { watchdogMs = null } = manager ?? {};
  const herald = {
    begins: async (config: Config) => {
      const agent = { name: config.daemonName ?? name, config: config.path, log: logFile };
      const record = await announce(agent, logFile !== null);
      if (record !== null) life.use(record);
      manager?.tell({ READY: "1" });
    },
    reloads: () => {
      if (file !== null) reopen(file);
      manager?.tell({ RELOADING: "1" });
    },
    follows: () => manager?.tell({ READY: "1" }),
    beats: (view: View) => manager?.tell({ WATCHDOG: "1", STATUS: describe(view) }),
    // Twice in that time, since one may come late.
    ...(watchdogMs === null ? {} : { beatMs: watchdogMs / 2 }),
  };
  try {
    return await follow(following, herald, signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    // For whoever stays, to be stopped is no failure.
    log.info(`Stopped by ${error.signal}.`);
    return exitCodeOf(error);
  }
}

function findManager(): ServiceManager | null {
  try {
    return ServiceManager.of(process.env);
  } catch (error) {
    log.warn(
      `The service manager cannot be told that this agent runs (Type=exec asks for nothing): ${reasonOf(error)}`,
    );
    return null;
  }
}

/** One in the background that nobody can find is of no use; another one is, be it on a read-only file system. */
async function announce(
  agent: { name: string; config: string | null; log: string | null },
  isNeeded: boolean,
): Promise<AsyncDisposable | null> {
  const folder = stateFolder(process.env);
  const since = new Date().toISOString();
  const record = { ...agent, pid: process.pid, process: await markProcess(), since, version };
  try {
    return await claimAgent(folder, record, isGone);
  } catch (error) {
    if (error instanceof DbackedError) throw error;
    const message = `Nothing can be written in ${folder}: ${reasonOf(error)}`;
    const hint = "name another folder by XDG_STATE_HOME";
    if (isNeeded) throw new DbackedError("config", message, { hint, cause: error });
    log.warn(`${message}. \`dbacked status\` will not know that this agent runs`);
    return null;
  }
}

function reopen(file: LogFile): void {
  try {
    file.reopen();
  } catch (error) {
    log.error(
      `The log goes on in the file that was open, since a new one cannot be opened: ${reasonOf(error)}`,
    );
  }
}

function describe({ running, next }: View): string {
  if (running.length > 0) return `Backing up ${running.join(", ")}.`;
  return next === null ? "Nothing is due." : `Next: ${next.name} at ${next.at.toISOString()}.`;
}
