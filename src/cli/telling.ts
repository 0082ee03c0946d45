import type { DatabaseConfig } from "../config/config.ts";
import type { Database } from "../database/database.ts";
import { Pinger } from "./pinger.ts";
import { reportJson } from "./print/outcome.ts";
import { printTold } from "./print/told.ts";
import { attempt, type Beginning, beginRun, type Outcome, type Run } from "./session.ts";
import { type Order, type Task, tasksOf } from "./tasks.ts";

/** Begins a run; where that fails, tells of each of its entries that it has no backup. */
export async function beginTold(beginning: Beginning, signal: AbortSignal): Promise<Run> {
  try {
    return await beginRun(beginning, signal);
  } catch (error) {
    signal.throwIfAborted();
    await Promise.all(beginning.entries.map((entry) => tellFailure(entry, error, signal)));
    throw error;
  }
}

/** Tells of an entry that could not even be tried. */
export async function tellFailure(entry: DatabaseConfig, error: unknown, signal: AbortSignal): Promise<void> {
  const outcomes = [{ database: entry.name, store: null, error }];
  await tell({ only: null }, { outcomes, pinger: new Pinger(entry) }, signal);
}

/** What came of an order so far. */
interface Story {
  outcomes: readonly Outcome[];
  pinger: Pinger;
}

/** Backs up what an order asks for, one after another, and tells how it went. Only an interruption is thrown. */
export async function attemptTold(run: Run, order: Order, signal: AbortSignal): Promise<Outcome[]> {
  const pinger = new Pinger(order.entry);
  const outcomes: Outcome[] = [];
  let opened: string | null = null;
  const opens = (set: string) => (opened = set);
  const begins = () => {
    if (order.only === null) pinger.begin();
  };
  try {
    for (const task of await tasksOf(order, run.config, signal))
      outcomes.push(...(await attempt(run, watch(task, { opens, begins }), signal)));
  } catch (error) {
    // Until then nothing was known to be due.
    if (opened !== null) {
      outcomes.push({ database: opened, store: null, error });
      await tell(order, { outcomes, pinger }, signal);
    }
    throw error;
  }
  await tell(order, { outcomes, pinger }, signal);
  return outcomes;
}

/** Another run that holds the database tells of it itself; one database of a server says nothing good of the others. */
async function tell(
  { only }: Pick<Order, "only">,
  { outcomes, pinger }: Story,
  signal: AbortSignal,
): Promise<void> {
  const { backups, failures } = reportJson(outcomes);
  const failed = failures.filter(({ kind }) => kind !== "busy");
  const body = printTold({ backups, failures: failed });
  if (failed.length > 0) await pinger.end("fail", body, signal);
  else if (backups.length > 0 && only === null) await pinger.end("success", body, signal);
}

/** What is seen of a backup on its way. */
interface Stages {
  /** It is due, and is going to be made. */
  opens: (set: string) => void;
  /** Nobody else makes it, and its dump begins. */
  begins: () => void;
}

function watch(task: Task, stages: Stages): Task {
  return {
    ...task,
    open: async () => {
      stages.opens(task.set);
      return watched(await task.open(), stages);
    },
  };
}

function watched(database: Database, { begins }: Stages): Database {
  return {
    engine: database.engine,
    label: database.label,
    check: async (signal) => await database.check(signal),
    dump: async (signal) => {
      begins();
      return await database.dump(signal);
    },
    restore: async (body, plan, signal) => await database.restore(body, plan, signal),
    inspect: async (kind, signal) => await database.inspect(kind, signal),
  };
}
