import { printBytes } from "../../base/units.ts";
import type { Candidate, Verdict } from "./judge.ts";

/** So many go without a question. */
const FEW = 3;

/** More than this part of the backups goes only when somebody has looked. */
const LARGE_PART = 1 / 5;

/** A newest backup that is smaller than this part of the usual may be of an emptied database. */
const SMALL_PART = 1 / 2;

/** Says why nobody should remove all of this without having looked; null if there is no reason. */
export function findBrake<B extends Candidate>(verdicts: readonly Verdict<B>[]): string | null {
  const counting = verdicts.filter(({ fate }) => fate !== "ignored");
  const going = counting.filter(({ fate }) => fate === "removed").length;
  if (going === 0) return null;
  if (going > FEW && going > counting.length * LARGE_PART)
    return `${going} of ${counting.length} backups would go`;
  const [newest, ...others] = counting;
  if (newest === undefined) return null;
  const kept = others.filter(({ fate }) => fate === "kept");
  return shrinkage(newest.backup, kept) ?? shrinkage(newest.backup, others);
}

/**
 * An emptied database must not push out the full ones. The newest backup is held against what is kept, and against all:
 * with few to keep, small ones alone would soon look usual.
 */
function shrinkage<B extends Candidate>(
  { manifest }: Candidate,
  others: readonly Verdict<B>[],
): string | null {
  const usual = median(others.map(({ backup }) => backup.manifest.dumpBytes));
  if (usual !== null && manifest.dumpBytes < usual * SMALL_PART)
    return `the newest dump has ${printBytes(manifest.dumpBytes)}, and ${printBytes(usual)} are usual`;
  const usualRows = median(others.flatMap(({ backup }) => backup.manifest.rows ?? []));
  if (manifest.rows !== null && usualRows !== null && manifest.rows < usualRows * SMALL_PART)
    return `the newest backup has ${manifest.rows} rows, and ${usualRows} are usual`;
  return null;
}

/** The upper one, where two are in the middle. */
function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
}
