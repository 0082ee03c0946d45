import { DbackedError, reasonOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { DatabaseConfig } from "../config/config.ts";
import type { Sample } from "../notify/metrics.ts";
import { writeMetrics } from "../notify/metrics-file.ts";
import type { Outcome } from "./session.ts";
import type { Order } from "./tasks.ts";

const LAST_SUCCESS = "dbacked_last_success_timestamp_seconds";

/** What came of an order. */
interface Results {
  order: Order;
  outcomes: readonly Outcome[];
  /** What was to be backed up; nothing, if that is not known. */
  sets: readonly string[];
  /** How long each of them took, in ms. */
  durations: ReadonlyMap<string, number>;
}

/** Writes the file for Prometheus, if there is to be one. That it cannot be written is a warning. */
export async function recordMetrics(results: Results): Promise<void> {
  const { metricsDirectory, name, stores } = results.order.entry;
  const samples = samplesOf(results, new Date());
  if (metricsDirectory === null || samples.length === 0) return;
  try {
    await writeMetrics(metricsDirectory, name, { samples, databases: databasesOf(results), stores });
  } catch (error) {
    log.warn(`${name}: the metrics cannot be written: ${reasonOf(error)}`);
  }
}

/** All databases of the entry; null if only some were named, or a server could not be asked for them. */
function databasesOf({ order: { entry, only }, sets }: Results): readonly string[] | null {
  const isKnown = sets.length > 0 && (entry.server === null || !sets.includes(entry.name));
  return only === null && isKnown ? sets : null;
}

function samplesOf({ order: { entry }, outcomes, durations }: Results, now: Date): Sample[] {
  const tries = [...Map.groupBy(outcomes, ({ database }) => database)];
  return [
    ...outcomes.flatMap((outcome) => copyOf(outcome, entry)),
    ...tries.flatMap(([database, own]) => tryOf(database, own, { now, ms: durations.get(database) })),
  ];
}

/** The newest good backup. Another host may have made it; of several stores nobody says which one has that. */
function copyOf(outcome: Outcome, { stores }: DatabaseConfig): Sample[] {
  const { database } = outcome;
  if ("notDue" in outcome) {
    const value = seconds(outcome.notDue.newest);
    const newest: Sample = { metric: LAST_SUCCESS, database, store: null, value };
    const [store, ...others] = stores;
    if (store === undefined || others.length > 0) return [newest];
    return [newest, { metric: "dbacked_copy_timestamp_seconds", database, store, value }];
  }
  if (!("backup" in outcome)) return [];
  const { store } = outcome;
  const { takenAt, bytes, dumpBytes, complete } = outcome.backup.manifest;
  const value = seconds(new Date(takenAt));
  return [
    { metric: LAST_SUCCESS, database, store: null, value },
    { metric: "dbacked_copy_timestamp_seconds", database, store, value },
    { metric: "dbacked_copy_bytes", database, store, value: bytes },
    { metric: "dbacked_copy_dump_bytes", database, store, value: dumpBytes },
    { metric: "dbacked_copy_complete", database, store, value: Number(complete) },
  ];
}

/** That another run holds the database, or that nothing is due, is no try. */
function tryOf(
  database: string,
  outcomes: readonly Outcome[],
  { now, ms }: { now: Date; ms: number | undefined },
): Sample[] {
  const failures = outcomes.flatMap((outcome) => ("error" in outcome ? [outcome.error] : []));
  const isIdle = failures.every((error) => error instanceof DbackedError && error.kind === "busy");
  if (isIdle && !outcomes.some((outcome) => "backup" in outcome)) return [];
  const [at, store] = [seconds(now), null];
  const samples: Sample[] = [
    { metric: "dbacked_last_run_timestamp_seconds", database, store, value: at },
    { metric: "dbacked_last_run_success", database, store, value: Number(failures.length === 0) },
  ];
  if (ms !== undefined)
    samples.push({ metric: "dbacked_last_run_duration_seconds", database, store, value: ms / 1000 });
  return samples;
}

function seconds(moment: Date): number {
  return moment.getTime() / 1000;
}
