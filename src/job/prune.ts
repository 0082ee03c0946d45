import { DbackedError } from "../base/error.ts";
import { type Holdings, sortHoldings } from "../catalog/holdings.ts";
import { type Catalog, listBackups } from "../catalog/list.ts";
import { type BackupName, manifestKey, parsePartKey } from "../catalog/name.ts";
import { findBrake } from "../catalog/retention/brake.ts";
import { judge, type Retention, type Verdict } from "../catalog/retention/judge.ts";
import { judgeUnfinished, type UnfinishedVerdict } from "../catalog/retention/unfinished.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import { type Draft, NotFound, Retained, type Store } from "../store/store.ts";
import { noteVerifier } from "./trust.ts";

/** The set to prune, and by what. */
export interface PrunePlan {
  set: string;
  store: Store;
  trusted: readonly TrustedSigner[];
  retention: Retention;
  /** Told what stands in the way of seeing everything, and of nothing else. */
  tellUnseen: (failure: DbackedError) => void;
}

/** What is to become of a set. */
export interface Pruning {
  /** The newest backup first. */
  verdicts: readonly Verdict[];
  unfinished: readonly UnfinishedVerdict[];
  /** Why somebody should look before anything is removed; null if nobody need. */
  brake: string | null;
  broken: Catalog["broken"];
  holdings: Holdings;
}

/** What came of one thing that was to go. */
type Removal =
  | { target: Target; outcome: "removed" }
  /** The store keeps it: until when, if anybody knows. */
  | { target: Target; outcome: "retained"; until: Date | null };

/** A backup or a piece of unfinished work that is to go. */
export type Target = Verdict | UnfinishedVerdict;

/** How far a removal came. */
export interface Removals {
  done: readonly Removal[];
  /** What stopped it before its end; null if nothing did. */
  failure: DbackedError | null;
}

/**
 * Judges the backups of a set, and what is unfinished in it. Nothing is removed.
 *
 * @throws {DbackedError} `store`, if the store cannot be listed or read: then nothing may be removed.
 */
export async function judgeSet(plan: PrunePlan, signal: AbortSignal): Promise<Pruning> {
  const { set, store, trusted, retention } = plan;
  const verify = noteVerifier(store, trusted, signal);
  const { backups, broken, listing } = await listBackups(store, set, verify, signal);
  const holdings = sortHoldings(set, listing, await listDrafts(plan, signal));
  const verdicts = judge(backups, retention);
  const unfinished = judgeUnfinished(holdings, listing.now);
  return { verdicts, unfinished, brake: findBrake(verdicts), broken, holdings };
}

/**
 * Finds what was begun in a set and never finished, and judges it.
 *
 * @throws {DbackedError} `store`, if the store cannot be listed.
 */
export async function findUnfinished(
  plan: Pick<PrunePlan, "set" | "store" | "tellUnseen">,
  signal: AbortSignal,
): Promise<readonly UnfinishedVerdict[]> {
  const listing = await plan.store.list(`${plan.set}/`, signal);
  const holdings = sortHoldings(plan.set, listing, await listDrafts(plan, signal));
  return judgeUnfinished(holdings, listing.now);
}

/** Not every store tells what is open, nor every right allows to ask. */
async function listDrafts(
  { set, store, tellUnseen }: Pick<PrunePlan, "set" | "store" | "tellUnseen">,
  signal: AbortSignal,
): Promise<readonly Draft[]> {
  try {
    return await store.drafts.list(`${set}/`, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DbackedError)) throw error;
    tellUnseen(error);
    return [];
  }
}

/**
 * Removes what was judged to go, the oldest backup first. What the store retains stays, and the rest goes all the same; any
 * other failure ends it, since it would meet the others too. What was removed half-way is unfinished work for the next time.
 */
export async function removeJudged(
  { store }: Pick<PrunePlan, "store">,
  { verdicts, unfinished, holdings }: Pick<Pruning, "verdicts" | "unfinished" | "holdings">,
  signal: AbortSignal,
): Promise<Removals> {
  const targets = [...verdicts.toReversed(), ...unfinished].filter(({ fate }) => fate === "removed");
  const done: Removal[] = [];
  for (const target of targets) {
    try {
      await remove(store, target, holdings, signal);
      done.push({ target, outcome: "removed" });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Retained) done.push({ target, outcome: "retained", until: error.until });
      else if (error instanceof DbackedError) return { done, failure: error };
      else throw error;
    }
  }
  return { done, failure: null };
}

async function remove(store: Store, target: Target, holdings: Holdings, signal: AbortSignal): Promise<void> {
  if ("backup" in target) {
    const objects = holdings.backups.get(target.backup.name.stem) ?? [];
    await store.remove(
      objects.map(({ key }) => key),
      signal,
    );
    return;
  }
  const { drafts, objects, key } = target.unfinished;
  const part = parsePartKey(key);
  if (part !== null && drafts.length === 0) await requireNoManifest(store, part.name, signal);
  for (const draft of drafts) await store.drafts.discard(draft, signal);
  await store.remove(
    objects.map(({ key }) => key),
    signal,
  );
}

/** A listing that leaves something out would make an orphan of a good backup. */
async function requireNoManifest(store: Store, name: BackupName, signal: AbortSignal): Promise<void> {
  try {
    const manifest = await store.get(manifestKey(name), null, signal);
    await manifest.cancel();
  } catch (error) {
    if (error instanceof NotFound) return;
    throw error;
  }
  throw new DbackedError("store", `${store.label} holds ${manifestKey(name)}, and does not list it`, {
    hint: "its listings cannot be relied on: prune nothing there",
  });
}

/** Bytes that a backup or a piece of unfinished work takes in the store. */
export function bytesOf(target: Target, { backups }: Holdings): number {
  if (!("backup" in target)) return target.unfinished.bytes;
  const objects = backups.get(target.backup.name.stem) ?? [];
  return objects.reduce((sum, { size }) => sum + size, 0);
}
