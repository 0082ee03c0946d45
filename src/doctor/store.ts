import { DbackedError } from "../base/error.ts";
import { probeStore } from "../job/probe.ts";
import type { Trial } from "../store/trial.ts";
import { bad, type Check, doubtful, examine, good } from "./check.ts";
import type { OpenStore } from "./patient.ts";
import { checkEndpoint } from "./transport.ts";

/** Tries out a store on a probe of its own. */
export async function checkStore(
  opened: OpenStore,
  now: () => Date,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const subject = `store ${opened.name}`;
  if ("failure" in opened) return [bad(subject, opened.failure)];
  const { store } = opened;
  return await examine(
    subject,
    async () => {
      const trials = await probeStore(store, now, signal);
      const way = checkEndpoint(opened.options);
      const checks = trials.map((trial) => checkOf(subject, store.label, trial));
      return way === null ? checks : [...checks, doubtful(subject, ...way)];
    },
    signal,
  );
}

function checkOf(subject: string, label: string, { name, state, what, hint }: Trial): Check {
  if (state === "fail") return bad(subject, new DbackedError("store", what, { hint }));
  const said = name === "write" ? `${label} ${what}` : what;
  return state === "ok" ? good(subject, said) : doubtful(subject, said, hint ?? null);
}
