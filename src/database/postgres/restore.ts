import { DbackedError } from "../../base/error.ts";
import type { ByteStream } from "../../base/bytes.ts";
import type { FoundTools } from "../../tool/find.ts";
import type { RestorePlan, RestoreReport } from "../database.ts";
import type { Connection } from "./connection.ts";
import type { TocEntry } from "./archive.ts";
import { readEmptying } from "./emptying.ts";
import { needsOf } from "./needs.ts";
import { creationOf, noticesOf } from "./notices.ts";
import { pipeIntoPsql } from "./pipe-restore.ts";
import { refuseMissing, refuseParallel, refuseTooManyLocks } from "./prerequisites.ts";
import { spoolIntoDatabase } from "./spool-restore.ts";
import { sortEntries, statementsOf, writeEntryList } from "./skipped.ts";
import { readTarget, type Target } from "./target.ts";
import { readToc } from "./toc.ts";
import { programIn } from "./tools.ts";
import { Warnings } from "./warnings.ts";

/** A restore, and where it goes. */
export interface Restoring {
  connection: Connection;
  tools: FoundTools;
  plan: RestorePlan;
}

/** A restore that has nothing against it. */
export interface Prepared extends Restoring {
  target: Target;
  /** The statements that empty the target first. */
  emptying: readonly string[];
  /** The file that lists what is restored; null for all. */
  entryList: string | null;
  /** Filled while the programs run. */
  warnings: Warnings;
}

/** Restores an archive. Nothing changes before its table of contents was compared with what the server has. */
export async function restoreArchive(
  restoring: Restoring,
  body: ByteStream,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const { connection, tools, plan } = restoring;
  if (plan.kind !== "pg-custom")
    throw new DbackedError(
      "target",
      `A dump of the kind ${plan.kind} cannot be restored into ${connection.label}`,
    );
  const toc = await readToc(body);
  const sorted = sortEntries(toc.entries, plan.skip ?? []);
  const { kept } = sorted;
  const asked = { psql: programIn(tools, "psql"), connection };
  try {
    const target = await readTarget(asked, signal);
    refuseTarget(restoring, kept, target);
    const emptying = target.objects === 0 ? [] : await readEmptying(asked, signal);
    const restore = plan.jobs > 1 ? spoolIntoDatabase : pipeIntoPsql;
    const warnings = new Warnings(false);
    await using list = await writeEntryList(sorted);
    await restore({ ...restoring, target, emptying, warnings, entryList: list.path }, toc.bytes, signal);
    const notices = [...statementsOf(sorted), ...noticesOf(kept, target, connection.database)];
    return { notices: [...warnings.lines, ...notices] };
  } catch (error) {
    if (!toc.bytes.locked) await toc.bytes.cancel(error).catch(() => {});
    throw error;
  }
}

function refuseTarget(
  { connection: { label, database }, tools, plan }: Restoring,
  entries: readonly TocEntry[],
  target: Target | null,
): asserts target is Target {
  if (target === null)
    throw new DbackedError("target", `There is no database ${label}`, {
      hint: creationOf(entries, database) ?? `createdb --template=template0 ${database}`,
    });
  if (target.objects > 0 && !plan.force)
    throw new DbackedError(
      "target",
      `${label} is not empty: it holds ${target.objects} objects, such as ${target.examples.join(", ")}`,
      { hint: "restore into an empty database, or give --force to empty this one first" },
    );
  if (plan.jobs > 1) refuseParallel(label, target, tools);
  const needs = needsOf(entries, plan);
  refuseMissing(label, target, needs);
  if (plan.singleTransaction && plan.jobs <= 1) refuseTooManyLocks(label, target, needs);
}
