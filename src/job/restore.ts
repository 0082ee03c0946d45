import { DbackedError } from "../base/error.ts";
import type { Database, DumpKind, Inspection, RestorePlan, RestoreReport } from "../database/database.ts";
import { count } from "./measure.ts";
import type { Unsealed } from "./open.ts";
import { scoped } from "./scope.ts";

/** How to restore, as the user chose it. */
export interface RestoreOptions {
  plan: Omit<RestorePlan, "kind" | "tool">;
  /** Leaves out the pass that verifies the whole backup before the target changes. */
  singlePass: boolean;
  progress: { restored: number };
}

const RESTORABLE: ReadonlyMap<string, Database["engine"]> = new Map([
  ["pg-custom", "postgres"],
  ["pg-globals", "postgres"],
  ["sql", "mysql"],
  ["sql-accounts", "mysql"],
  ["mongo-archive", "mongodb"],
  ["sqlite", "sqlite"],
]);

/** Engines whose restore takes everything back when it fails. */
const TRANSACTIONAL: ReadonlySet<Database["engine"]> = new Set(["postgres", "sqlite"]);

const PRODUCTS: Record<Database["engine"], string> = {
  postgres: "PostgreSQL",
  mysql: "MySQL",
  mongodb: "MongoDB",
  sqlite: "SQLite",
};

/**
 * Restores a backup into `target`. A target that holds objects is refused unless it is to be emptied first, and before
 * an existing target changes, the whole backup is verified.
 *
 * @throws {DbackedError} `target`, before anything was changed; `damaged`, `database` or `tool`.
 */
export async function restoreInto(
  target: Database,
  unsealed: Unsealed,
  options: RestoreOptions,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const kind = restorableKind(unsealed, target);
  refuseUnverified(target, unsealed, options);
  return await scoped(signal, async (signal) => {
    const found = await target.inspect(kind, signal);
    refuseFull(target, found, options.plan.force);
    const verifyFirst = !options.singlePass && (found.exists || unsealed.recipients > 1);
    const dump = await unsealed.read({ verifyFirst, decompressed: true }, signal);
    const counted = dump.pipeThrough(count((bytes) => (options.progress.restored = bytes)));
    const { tool, extensions, skip } = unsealed;
    return await target.restore(counted, { ...options.plan, kind, tool, extensions, skip }, signal);
  });
}

function restorableKind({ id, dump }: Unsealed, target: Database): DumpKind {
  const engine = RESTORABLE.get(dump);
  if (engine === target.engine) return dump as DumpKind;
  if (engine === undefined) {
    throw new DbackedError(
      "target",
      `Backup ${id} holds a dump of the kind "${dump}", which this version cannot restore`,
      {
        hint: "`dbacked decrypt` gives you the dump, and a newer dbacked may restore it",
      },
    );
  }
  throw new DbackedError(
    "target",
    `Backup ${id} is a dump of ${PRODUCTS[engine]} and cannot be restored into ${target.label}`,
    {
      hint: `give --to the URL of another database, of ${PRODUCTS[engine]}`,
    },
  );
}

/** What cannot be verified ahead may only go where a failure takes everything back. */
function refuseUnverified(
  { engine }: Database,
  unsealed: Unsealed,
  { plan, singlePass }: RestoreOptions,
): void {
  const isOne = TRANSACTIONAL.has(engine) && (plan.singleTransaction || plan.jobs > 1);
  if (unsealed.isSeekable || singlePass || isOne) return;
  const orElse = TRANSACTIONAL.has(engine) ? "restore in one transaction, or " : "";
  throw new DbackedError("usage", "What comes from stdin cannot be verified before the target changes", {
    hint: `${orElse}say with --single-pass that you trust it`,
  });
}

function refuseFull(target: Database, { objects, examples }: Inspection, force: boolean): void {
  if (objects === 0 || force) return;
  const named = examples.length === 0 ? "" : `, among them ${examples.join(", ")}`;
  throw new DbackedError(
    "target",
    `${target.label} is not empty: it holds ${objects} ${objects === 1 ? "object" : "objects"}${named}`,
    {
      hint: "restore into a new, empty database, or give --force to empty this one first",
    },
  );
}
