import type { Backup } from "../list.ts";
import type { ProofTimes } from "../proof.ts";
import { calendarIn } from "./calendar.ts";
import { describeKeep, type Keep, PERIOD_RULES, spanOf } from "./policy.ts";

/** What retention goes by. */
export interface Candidate extends Pick<Backup, "storedAt" | "proofs" | "doubt"> {
  name: Pick<Backup["name"], "stem">;
  manifest: Pick<Backup["manifest"], "takenAt" | "dumpBytes" | "rows">;
}

/** What becomes of a backup: `ignored` is what does not count, which is neither kept for anything nor removed. */
type Fate = "kept" | "removed" | "ignored";

/** What becomes of a backup, and why: everything that it is kept for. */
export interface Verdict<B extends Candidate = Backup> {
  backup: B;
  fate: Fate;
  reasons: readonly string[];
}

/** What is kept, and in which time zone days begin. */
export interface Retention {
  keep: Keep;
  zone: string;
}

/** Says for which reasons each backup is kept; the list is in order, the newest first. */
type Rule = (counting: readonly Candidate[]) => readonly (string | null)[];

/**
 * Judges the backups of one set, newest first. Only those that count are judged and take a place. Time alone removes
 * nothing: `within` begins at the newest backup. What was stored last, and the newest backup that was proved, always stay.
 */
export function judge<B extends Candidate>(
  backups: readonly B[],
  { keep, zone }: Retention,
): readonly Verdict<B>[] {
  const all = backups.toSorted(newestFirst);
  const counting = all.filter(({ doubt }) => doubt === null);
  const reasons = rulesOf(keep, zone).map((rule) => rule(counting));
  const places = new Map(counting.map((backup, at) => [backup, at]));
  return all.map((backup) => {
    const at = places.get(backup);
    if (at === undefined)
      return { backup, fate: "ignored", reasons: [`does not count: ${backup.doubt}; left alone`] };
    const kept = reasons.flatMap((rule) => rule[at] ?? []);
    if (kept.length > 0) return { backup, fate: "kept", reasons: kept };
    return { backup, fate: "removed", reasons: [`outside ${describeKeep(keep)}`] };
  });
}

function rulesOf(keep: Keep, zone: string): readonly Rule[] {
  const { last = 0, within } = keep;
  const calendar = calendarIn(zone);
  return [
    (counting) => counting.map((_, at) => (at < last ? `${ordinal(at + 1)} of ${last} last` : null)),
    ...PERIOD_RULES.map(([rule, period]): Rule => {
      const most = keep[rule] ?? 0;
      return (counting) =>
        newestOfEach(
          most,
          period,
          counting.map((each) => calendar(takenAt(each))[period]),
        );
    }),
    ...(within === undefined ? [] : [withinRule(within)]),
    (counting) => only(counting, newestStored(counting), "what was stored last"),
    (counting) => only(counting, newestProved(counting), "the newest that was proved"),
  ];
}

/** The newest of each of the newest `most` periods. */
function newestOfEach(most: number, period: string, names: readonly string[]): readonly (string | null)[] {
  const seen = new Set<string>();
  return names.map((name) => {
    if (seen.has(name) || seen.size === most) return null;
    seen.add(name);
    return `newest of ${period} ${name} (${ordinal(seen.size)} of ${most})`;
  });
}

function withinRule(within: string): Rule {
  return (counting) => {
    const [newest] = counting;
    const start = newest === undefined ? 0 : takenAt(newest).getTime() - spanOf(within);
    return counting.map((each) => (takenAt(each).getTime() >= start ? `within ${within}` : null));
  };
}

function only(
  counting: readonly Candidate[],
  wanted: Candidate | undefined,
  reason: string,
): readonly (string | null)[] {
  return counting.map((each) => (each === wanted ? reason : null));
}

/** A host whose clock is wrong would have its newest backup removed as its oldest. */
function newestStored([first, ...others]: readonly Candidate[]): Candidate | undefined {
  return others.reduce((last, each) => (each.storedAt > (last?.storedAt ?? 0) ? each : last), first);
}

/** A sample says less than a whole look, and is more than nothing. */
function newestProved(counting: readonly Candidate[]): Candidate | undefined {
  return (
    counting.find(({ proofs }) => isProved(proofs)) ??
    counting.find(({ proofs }) => proofs.sampledAt !== null)
  );
}

function isProved({ readBackAt, verifiedAt, openedAt, drilledAt }: ProofTimes): boolean {
  return [readBackAt, verifiedAt, openedAt, drilledAt].some((at) => at !== null);
}

/** Those of one moment are ordered by their names, so that every judge has the same order. */
function newestFirst(one: Candidate, other: Candidate): number {
  if (one.manifest.takenAt !== other.manifest.takenAt)
    return one.manifest.takenAt < other.manifest.takenAt ? 1 : -1;
  return one.name.stem < other.name.stem ? 1 : -1;
}

function takenAt({ manifest }: Candidate): Date {
  return new Date(manifest.takenAt);
}

function ordinal(number: number): string {
  const tens = number % 100;
  const ending = tens >= 11 && tens <= 13 ? undefined : ["th", "st", "nd", "rd"][number % 10];
  return `${number}${ending ?? "th"}`;
}
