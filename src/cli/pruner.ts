import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { Retention } from "../catalog/retention/judge.ts";
import { judgeSet, type Pruning, removeJudged, type Removals } from "../job/prune.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { Home, Trouble } from "./homes.ts";
import type { Pruned } from "./print/pruned.ts";
import { tellPrunedAfter, warnOfPruning } from "./print/pruned-summary.ts";

/** Prunes a set after a good backup, if its entry says so. Whatever goes wrong is a warning: the backup is there. */
export async function pruneAfterBackup(
  home: Home,
  trusted: readonly TrustedSigner[],
  signal: AbortSignal,
): Promise<void> {
  if (home.entry?.pruneAfterBackup !== true) return;
  const outcome = await pruneHome(home, { dryRun: false, yes: false, trusted }, signal);
  if ("trouble" in outcome) warnOfPruning(home.set, outcome.trouble.failure);
  if ("pruned" in outcome) tellPrunedAfter(outcome.pruned);
}

/** How sets are pruned. */
interface Pruner {
  dryRun: boolean;
  yes: boolean;
  trusted: readonly TrustedSigner[];
}

/** What came of one set; it may be done in part, and have met trouble. */
type Outcome = { pruned: Pruned } | { trouble: Trouble } | { pruned: Pruned; trouble: Trouble };

/** Prunes one set, as far as it goes; only what is no failure of it is thrown. */
export async function pruneHome(home: Home, pruner: Pruner, signal: AbortSignal): Promise<Outcome> {
  const retention = home.entry?.retention ?? null;
  if (retention === null) {
    log.info(`${home.set}: its entry has no keep, so nothing is removed`);
    return { pruned: { home, pruning: null, removals: null } };
  }
  const troubleOf = (failure: DbackedError): Trouble => ({
    database: home.set,
    store: home.storeName,
    failure,
  });
  try {
    const pruning = await judgeHome(home, retention, pruner.trusted, signal);
    const braked = braking(home, pruning, pruner);
    if (braked !== null) return { pruned: { home, pruning, removals: null }, trouble: troubleOf(braked) };
    if (pruner.dryRun) return { pruned: { home, pruning, removals: null } };
    const removals = await removeJudged(home, pruning, signal);
    return withTrouble({ home, pruning, removals }, removals, troubleOf);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DbackedError) return { trouble: troubleOf(error) };
    throw error;
  }
}

function withTrouble(
  pruned: Pruned,
  { failure }: Removals,
  troubleOf: (failure: DbackedError) => Trouble,
): Outcome {
  return failure === null ? { pruned } : { pruned, trouble: troubleOf(failure) };
}

/** Judges one set, and tells what cannot be seen of it. */
async function judgeHome(
  { set, store }: Pick<Home, "set" | "store">,
  retention: Retention,
  trusted: readonly TrustedSigner[],
  signal: AbortSignal,
): Promise<Pruning> {
  const tellUnseen = ({ message }: DbackedError) =>
    log.warn(`${set}: what is open or temporary cannot be seen: ${message}`);
  return await judgeSet({ set, store, trusted, retention, tellUnseen }, signal);
}

/** A dry run only tells of the brake. */
function braking({ set }: Home, { brake }: Pruning, { dryRun, yes }: Pruner): DbackedError | null {
  if (brake === null || yes) return null;
  if (!dryRun) return brakeFailure(brake);
  log.warn(`${set}: prune would stop and ask for --yes: ${brake}`);
  return null;
}

function brakeFailure(brake: string): DbackedError {
  return new DbackedError("usage", `Nothing was removed: ${brake}`, {
    hint: "look with `dbacked prune --dry-run`; if that is right, add --yes",
  });
}
