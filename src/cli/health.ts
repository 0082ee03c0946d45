import type { Backup } from "../catalog/list.ts";
import type { DatabaseConfig } from "../config/config.ts";
import type { Failure, FailureHistory } from "../host/failures.ts";
import { judge } from "../schedule/schedule.ts";

/** A backup in a store. */
export interface Copy {
  store: string;
  backup: Backup;
}

/** What is known of a database. */
export interface Evidence {
  database: string;
  entry: Pick<DatabaseConfig, "schedule">;
  /** Of all stores that could be asked. */
  copies: readonly Copy[];
  /** The stores that could be asked. */
  asked: readonly string[];
  history: FailureHistory | null;
}

/**
 * How a database stands. `failed`: since its newest backup; `late`: a backup is due, and has been for too long; `none`: it has no backup;
 * `uncopied`: a store lacks its newest backup; `unknown`: no store could be asked.
 */
export type State = "good" | "failed" | "late" | "none" | "uncopied" | "unknown";

/** How large and how long the backups before the newest one were: the middle of some. */
interface Trend {
  backups: number;
  bytes: number;
  dumpBytes: number;
  durationMs: number;
}

/** What is to be said of a database. */
export interface Health {
  database: string;
  state: State;
  /** When one was made, or tried in vain, last. */
  lastRunAt: string | null;
  newest: Copy | null;
  /** When the next one is due; null without a schedule. */
  nextAt: Date | null;
  isDue: boolean;
  failures: { count: number; last: readonly Failure[] };
  /** Null if there is only one backup, or none. */
  trend: Trend | null;
  /** Stores that lack the newest backup. */
  missingIn: readonly string[];
}

/** How long a backup that is due may take to be there, in ms. */
const LATE_MS = 60 * 60 * 1000;

/** Backups that a trend is made from. */
const TREND = 7;

/** Judges how a database stands. */
export function judgeHealth({ database, entry, copies, asked, history }: Evidence, now: Date): Health {
  const counting = copies
    .filter(({ backup }) => backup.doubt === null)
    .toSorted((one, other) => timeOf(other) - timeOf(one));
  const [newest = null] = counting;
  const failures = (history?.failures ?? []).filter(
    ({ at }) => newest === null || at > newest.backup.manifest.finishedAt,
  );
  const whole = failures.filter(({ store }) => store === null);
  const missingIn = newest === null ? [] : asked.filter((store) => !hasCopy(counting, newest, store));
  const verdict =
    entry.schedule && judge(entry.schedule, newest === null ? null : new Date(timeOf(newest)), now);
  const isDue = verdict?.isDue ?? false;
  const isLate = isDue && newest !== null && now.getTime() - dueSince(entry, newest).getTime() > LATE_MS;
  const state = (): State => {
    if (asked.length === 0) return "unknown";
    if (whole.length > 0) return "failed";
    if (newest === null) return "none";
    if (isLate) return "late";
    return missingIn.length > 0 ? "uncopied" : "good";
  };
  return {
    database,
    state: state(),
    lastRunAt: failures.at(-1)?.at ?? newest?.backup.manifest.finishedAt ?? null,
    newest,
    nextAt: verdict === null ? null : isDue ? now : verdict.next,
    isDue,
    failures: { count: whole.length === 0 ? 0 : Math.max(history?.count ?? 0, whole.length), last: failures },
    trend: trendOf(counting),
    missingIn,
  };
}

/** When the first backup after the newest one was due: the last tick may be one of many that were missed. */
function dueSince({ schedule }: Evidence["entry"], newest: Copy): Date {
  const takenAt = new Date(timeOf(newest));
  return schedule === null ? takenAt : judge(schedule, takenAt, takenAt).next;
}

function hasCopy(copies: readonly Copy[], { backup }: Copy, store: string): boolean {
  return copies.some((copy) => copy.store === store && copy.backup.name.id === backup.name.id);
}

function timeOf({ backup }: Copy): number {
  return new Date(backup.manifest.takenAt).getTime();
}

/** How long a backup took, in ms. */
export function durationOf({ backup: { manifest } }: Copy): number {
  return new Date(manifest.finishedAt).getTime() - new Date(manifest.takenAt).getTime();
}

function trendOf(counting: readonly Copy[]): Trend | null {
  const distinct = [...new Map(counting.map((copy) => [copy.backup.name.id, copy])).values()];
  const before = distinct.slice(1, 1 + TREND);
  if (before.length === 0) return null;
  const middleOf = (measure: (copy: Copy) => number) => median(before.map(measure));
  return {
    backups: before.length,
    bytes: middleOf(({ backup }) => backup.manifest.bytes),
    dumpBytes: middleOf(({ backup }) => backup.manifest.dumpBytes),
    durationMs: middleOf(durationOf),
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor((numbers.length - 1) / 2)] ?? 0;
}
