import type { Failure, Outcome, Remains } from "./row.ts";

/** The backup is made, and is whole. */
export const whole: Outcome = {};

/** The run fails, with these words in its message or hint. */
export function failing(kind: Failure["kind"], says: RegExp, leaves: Remains = "nothing"): Failure {
  return { kind, says, leaves };
}
