import { PUBLIC } from "./accounts-dump.ts";
import type { AccountEntry } from "./accounts-script.ts";
import { account } from "./gaps.ts";
import { parseGrants } from "./grants.ts";

/** A table or a routine. */
export interface ObjectName {
  database: string;
  name: string;
}

/** What a server has, that accounts are restored into. */
export interface AccountTarget {
  /** Its accounts: `backup@%`. */
  names: readonly string[];
  objects: readonly ObjectName[];
  /** The one that restores. */
  role: string;
}

/** What is to be run, and what is told. */
export interface AccountPlan {
  statements: readonly string[];
  notices: readonly string[];
}

/**
 * Decides which statements of a dump are run. An account that the server has is left as it is, unless `force` is given;
 * `root` and the one that restores are never touched.
 */
export function planAccounts(
  entries: readonly AccountEntry[],
  { names, objects, role }: AccountTarget,
  { force }: { force: boolean },
): AccountPlan {
  const existing = new Set([...names, PUBLIC]);
  const isKept = (name: string) => isProtected(name, role) || (existing.has(name) && !force);
  const wanted = entries.filter((entry) => !isKept(entry.account));
  const runnable = wanted.filter((entry) => entry.step !== "object" || isThere(entry, objects));
  const later = wanted.filter((entry) => !runnable.includes(entry));
  const kept = new Set(entries.map((entry) => entry.account).filter(isKept));
  return {
    statements: runnable.flatMap((entry) => statementOf(entry, existing.has(entry.account))),
    notices: [
      ...(kept.size > 0 ? [`left as they are: ${[...kept].map(account).join(", ")}`] : []),
      ...(later.length > 0 ? ["to be run when the databases that they are about are there:"] : []),
      ...later.map(({ text }) => `${text};`),
    ],
  };
}

function isProtected(name: string, role: string): boolean {
  return name === role || name.startsWith("root@");
}

function isThere({ text }: AccountEntry, objects: readonly ObjectName[]): boolean {
  return parseGrants([text]).every((grant) =>
    objects.some(({ database, name }) => database === grant.database && name === grant.object),
  );
}

/** A user that exists is altered; a role that exists has nothing to be altered. */
function statementOf({ step, text }: AccountEntry, exists: boolean): string[] {
  if (step !== "create" || !exists) return [text];
  return text.startsWith("CREATE USER ") ? [text.replace("CREATE USER ", "ALTER USER ")] : [];
}
