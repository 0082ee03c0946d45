import { DbackedError, reasonOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { durationOption } from "../config/duration.ts";
import type { LeaseTerms } from "../job/lease.ts";
import type { Store } from "../store/store.ts";

/** How a set is held while it is backed up, and what is said of it. */
export function leaseTermsOf(
  set: string,
  { label }: Store,
  times: Pick<LeaseTerms, "timeoutMs" | "waitMs">,
): LeaseTerms {
  return {
    ...times,
    tellWaiting: ({ message }) => log.info(`${set}: ${message}; waiting`),
    tellUnsure: () => {
      log.warn(
        `${set}: ${label} cannot create an object once: two runs at the same time may both make a backup`,
      );
    },
    tellUnseen: (failure) => {
      log.warn(`${set}: other runs may not see that this one lives: ${reasonOf(failure)}`);
    },
  };
}

/**
 * How long `--wait` is, in ms.
 *
 * @throws {DbackedError} `usage`
 */
export function readWait(text: string | undefined): number {
  if (text === undefined || text === "0") return 0;
  const parsed = durationOption.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new DbackedError("usage", `--wait: ${parsed.error.issues[0]?.message ?? "expected a time"}`);
}
