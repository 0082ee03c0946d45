import type { Injection } from "./injection.ts";
import { failing } from "./outcomes.ts";
import type { Remains, Row } from "./row.ts";
import { stall } from "./transport-row.ts";

/** A signal that comes while the job waits for the answer to a request. */
export interface SignalRow extends Row {
  signal: NodeJS.Signals;
  at: Injection;
}

interface Stage {
  where: string;
  at: Omit<Injection, "fault">;
  /** What is left after an interrupt, and after a kill. */
  leaves: readonly [Remains, Remains];
}

const STAGES: readonly Stage[] = [
  { where: "before the dump", at: { on: "list" }, leaves: ["nothing", "nothing"] },
  { where: "while the upload is opened", at: { on: "create" }, leaves: ["nothing", "nothing"] },
  { where: "in the middle of the upload", at: { on: "part", from: 2 }, leaves: ["nothing", "upload"] },
  { where: "at CompleteMultipartUpload", at: { on: "complete" }, leaves: ["nothing", "upload"] },
  { where: "at the manifest", at: { on: "put", of: "manifest" }, leaves: ["orphan", "orphan"] },
  { where: "at read-back", at: { on: "get", of: "envelope" }, leaves: ["unproved", "unproved"] },
  { where: "at the proof", at: { on: "put", of: "proof" }, leaves: ["unproved", "unproved"] },
];

const SIGNALS = ["SIGINT", "SIGTERM", "SIGKILL"] as const;

/** Signals to dbacked, at every stage. */
export const SIGNAL_ROWS: readonly SignalRow[] = STAGES.flatMap(({ where, at, leaves }) =>
  SIGNALS.map((signal) => {
    const isKill = signal === "SIGKILL";
    const says = isKill ? /^/ : new RegExp(`stopped by ${signal}`);
    return {
      where,
      what: `${signal} to dbacked`,
      signal,
      at: { ...at, fault: stall },
      outcome: failing(signal, says, leaves[isKill ? 1 : 0]),
    };
  }),
);
