import type { Holdings, Unfinished } from "../holdings.ts";

/** What is younger may still be wanted by somebody: a run that is slow, or whoever looks into why it failed. */
const AGE_MS = 7 * 24 * 60 * 60 * 1000;

/** What becomes of a piece of unfinished work, and why. */
export interface UnfinishedVerdict {
  unfinished: Unfinished;
  fate: "kept" | "removed";
  reason: string;
}

/** Judges the unfinished work of a set by the store's clock: it goes when it is old and no run is under way. */
export function judgeUnfinished(
  { unfinished, isBusy }: Pick<Holdings, "unfinished" | "isBusy">,
  now: Date,
): readonly UnfinishedVerdict[] {
  return unfinished.map((each) => {
    if (now.getTime() - each.changedAt.getTime() <= AGE_MS)
      return { unfinished: each, fate: "kept", reason: "younger than 7 days" };
    return isBusy
      ? { unfinished: each, fate: "kept", reason: "a run of this database may be under way" }
      : { unfinished: each, fate: "removed", reason: "older than 7 days" };
  });
}
