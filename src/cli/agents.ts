import { setTimeout as sleep } from "node:timers/promises";
import { DbackedError } from "../base/error.ts";
import { type AgentRecord, readAgents } from "../host/agent-record.ts";
import { stateFolders } from "../host/state.ts";
import { isGone } from "../job/process.ts";

/** As long as systemd's unit gives it: a backup has 30 s to end, and then the lease is given back. */
const STOP_MS = 60_000;

const LOOK_MS = 100;

/** The agents that run on this host, as far as this user may know of them. */
export async function findAgents(): Promise<AgentRecord[]> {
  const found: AgentRecord[] = [];
  for (const folder of stateFolders(process.env)) found.push(...(await readAgents(folder, isGone)));
  return found;
}

/**
 * Ends an agent, and waits until it has ended.
 *
 * @throws {DbackedError} `usage`, if none of that name runs, or it is another user's; `busy`, if it goes on.
 */
export async function stopAgent(name: string, signal: AbortSignal): Promise<AgentRecord> {
  const agents = await findAgents();
  const agent = agents.find((each) => each.name === name);
  if (agent === undefined) throw refuseUnknown(name, agents);
  send(agent);
  const deadline = performance.now() + STOP_MS;
  while ((await findAgents()).some(({ pid }) => pid === agent.pid)) {
    if (performance.now() > deadline)
      throw new DbackedError(
        "busy",
        `The agent "${name}" (process ${agent.pid}) goes on after ${STOP_MS / 1000} s`,
        {
          hint: `\`kill -KILL ${agent.pid}\` ends it at once`,
        },
      );
    await sleep(LOOK_MS, undefined, { signal });
  }
  return agent;
}

function send({ name, pid }: AgentRecord): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (cause) {
    // It may have ended just now.
    if (cause instanceof Error && "code" in cause && cause.code === "ESRCH") return;
    throw new DbackedError("usage", `The agent "${name}" (process ${pid}) belongs to another user`, {
      cause,
    });
  }
}

function refuseUnknown(name: string, agents: readonly AgentRecord[]): DbackedError {
  const names = agents.map((agent) => agent.name);
  return new DbackedError("usage", `No agent of the name "${name}" runs here`, {
    hint: names.length === 0 ? "no other one does either" : `these do: ${names.join(", ")}`,
  });
}
