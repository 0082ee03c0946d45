import type { AgentRecord } from "../../host/agent-record.ts";

/** An agent in `--json`. Its shape is kept. @see docs/json.md */
export type AgentJson = Omit<AgentRecord, "process">;

/** An agent that runs, as `--json` has it. */
export function agentJson({ name, pid, since, version, config, log }: AgentRecord): AgentJson {
  return { name, pid, since, version, config, log };
}

/** A line for people. */
export function describeAgent({ name, pid, since, version, config, log }: AgentRecord): string {
  const parts = [
    `process ${pid}`,
    `since ${since}`,
    `version ${version}`,
    ...(config === null ? [] : [`config ${config}`]),
    ...(log === null ? [] : [`log ${log}`]),
  ];
  return `Agent "${name}" runs: ${parts.join(", ")}`;
}
