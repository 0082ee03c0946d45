import { DbackedError } from "../base/error.ts";
import type { DatabaseConfig } from "../config/config.ts";
import { testPing } from "../notify/ping.ts";
import { bad, type Check, doubtful, good } from "./check.ts";

const SUBJECT = "alarm";

const ASK = "set pingUrl to that of a check that misses a ping which does not come, as of healthchecks.io";

/** Says who is told of a backup that fails, or that nobody makes. Its ping is noted there and changes nothing. */
export async function checkAlarm(
  databases: readonly DatabaseConfig[],
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const untold = databases.filter(({ pingUrl }) => pingUrl === null).map(({ name }) => name);
  const told = databases.filter(({ pingUrl }) => pingUrl !== null);
  const checks = await Promise.all(told.map((database) => tryPing(database, signal)));
  if (untold.length === 0) return checks;
  const what = `nobody is told when a backup of ${untold.join(", ")} fails or is missing`;
  return [...checks, doubtful(SUBJECT, what, ASK)];
}

async function tryPing({ name, pingUrl }: DatabaseConfig, signal: AbortSignal): Promise<Check> {
  if (pingUrl === null) return doubtful(SUBJECT, `nobody is told of ${name}`, ASK);
  const { host, failure } = await testPing(pingUrl, signal);
  signal.throwIfAborted();
  if (failure === null)
    return good(SUBJECT, `${host} is told of each backup of ${name}, and of its failures`);
  const what = `pings about ${name} do not arrive: ${host} ${failure}`;
  return bad(
    SUBJECT,
    new DbackedError("config", what, { hint: "is pingUrl right, and may this host go there?" }),
  );
}
