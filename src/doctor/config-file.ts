import { stat } from "node:fs/promises";
import { dirname } from "node:path";

import { DbackedError } from "../base/error.ts";
import type { Config } from "../config/config.ts";
import { bad, type Check, doubtful, good } from "./check.ts";

const SUBJECT = "config";

/** Looks at what the config says of itself, and at who may read and change it. */
export async function checkConfig(
  { config, failure }: { config: Config | null; failure: DbackedError | null },
  userId: number | undefined,
): Promise<readonly Check[]> {
  const checks = failure === null ? [] : splitMistakes(failure);
  if (config === null) return checks;
  const { path, databases, stores, warnings } = config;
  const where = path ?? "the environment";
  const counts = `${countOf(databases.length, "database")}, ${countOf(stores.length, "store")}`;
  if (failure === null) checks.push(good(SUBJECT, `${where} says what to do: ${counts}`));
  checks.push(...warnings.map((warning) => doubtful(SUBJECT, ...splitHint(warning))));
  const isTold = warnings.some((warning) => path !== null && warning.startsWith(`${path} `));
  if (path !== null) checks.push(...(await checkAccess(path, userId, isTold)));
  return checks;
}

/** Each mistake has a line of its own; what to do is said once. */
function splitMistakes({ kind, message, hint }: DbackedError): Check[] {
  const lines = message.split("\n");
  return lines.map((line, at) =>
    bad(SUBJECT, new DbackedError(kind, line, { hint: at === lines.length - 1 ? hint : undefined })),
  );
}

/** Some warnings end with the command that mends them. */
function splitHint(warning: string): [what: string, hint: string | null] {
  const [, what, command] = /^(.*): (chmod .*)$/s.exec(warning) ?? [];
  return what === undefined || command === undefined ? [warning, null] : [what, command];
}

/** Whoever may change the config chooses whom backups are sealed for. */
async function checkAccess(
  path: string,
  userId: number | undefined,
  isTold: boolean,
): Promise<readonly Check[]> {
  const { mode, uid } = await stat(path);
  const folder = dirname(path);
  const ofFolder = await stat(folder);
  const checks: Check[] = [];
  const isWritable = (mode & 0o022) !== 0;
  if (isWritable) {
    const what = `${path} can be changed by other users of this host, who could then read the backups`;
    checks.push(bad(SUBJECT, new DbackedError("config", what, { hint: `chmod 600 ${path}` })));
  } else if ((mode & 0o044) !== 0 && !isTold) {
    checks.push(doubtful(SUBJECT, `${path} can be read by other users of this host`, `chmod 600 ${path}`));
  }
  if ((ofFolder.mode & 0o002) !== 0 && (ofFolder.mode & 0o1000) === 0) {
    const what = `every user of this host can put other files into ${folder}`;
    checks.push(bad(SUBJECT, new DbackedError("config", what, { hint: `chmod o-w ${folder}` })));
  }
  if (userId !== undefined && uid !== 0 && uid !== userId)
    checks.push(
      doubtful(
        SUBJECT,
        `${path} belongs to another user (${uid}), who can change it`,
        `chown ${userId} ${path}`,
      ),
    );
  return checks.length > 0 || isTold ? checks : [good(SUBJECT, `only its owner can read and change ${path}`)];
}

function countOf(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
