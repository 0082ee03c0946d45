import type { DatabaseConfig } from "../config/config.ts";
import type { Database } from "../database/database.ts";
import { EntryHooks } from "./hooks.ts";
import { recordMetrics } from "./metrics.ts";
import { remember } from "./memory.ts";
import { Pinger } from "./pinger.ts";
import { reportJson } from "./print/outcome.ts";
import { printTold } from "./print/told.ts";
import { attempt, type Beginning, beginRun, complainOf, type Outcome, type Run } from "./session.ts";
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
  const { name } = entry;
  const story = new Story({ entry, only: null });
  story.outcomes.push({ database: name, store: null, error });
  await Promise.all([tell(story, signal), story.hooks.failed(name, error, signal)]);
}

/** What comes of an order, and who is told of it. */
class Story {
  readonly order: Order;
  readonly outcomes: Outcome[] = [];
  readonly pinger: Pinger;
  readonly hooks: EntryHooks;
  /** What is to be backed up, once that is known. */
  sets: readonly string[] = [];
  /** How long each set took, in ms. */
  readonly durations = new Map<string, number>();
  /** Something was known to be due, and was begun. */
  isBegun = false;
  /** The set whose backup is being made. */
  opened: string | null = null;

  constructor(order: Order) {
    this.order = order;
    this.pinger = new Pinger(order.entry);
    this.hooks = new EntryHooks(order.entry);
  }
}

/** Backs up what an order asks for, one after another, and tells how it went. Only an interruption is thrown. */
export async function attemptTold(run: Run, order: Order, signal: AbortSignal): Promise<readonly Outcome[]> {
  const story = new Story(order);
  try {
    const tasks = await tasksOf(order, run.config, signal);
    story.sets = tasks.map(({ set }) => set);
    for (const task of tasks) await attemptHooked(run, task, story, signal);
  } catch (error) {
    if (story.isBegun) await tellInterrupted(story, error, signal);
    throw error;
  }
  await tell(story, signal);
  return story.outcomes;
}

/** What was made before is made: the set that was under way has failed, or what there is between two. */
async function tellInterrupted(story: Story, error: unknown, signal: AbortSignal): Promise<void> {
  const { opened, outcomes, hooks, order } = story;
  outcomes.push({ database: opened ?? order.entry.name, store: null, error });
  const undone = opened === null ? undefined : hooks.failed(opened, error, signal);
  await Promise.all([tell(story, signal), undone]);
}

async function attemptHooked(run: Run, task: Task, story: Story, signal: AbortSignal): Promise<void> {
  const { set } = task;
  const open = async () => {
    const database = await task.open();
    story.opened = set;
    story.isBegun = true;
    await story.hooks.before(set, signal);
    return watched(database, () => {
      if (story.order.only === null) story.pinger.begin();
    });
  };
  const startedAt = performance.now();
  const outcomes = await attempt(run, { ...task, open }, signal);
  story.durations.set(set, performance.now() - startedAt);
  story.outcomes.push(...outcomes);
  story.opened = null;
  const error = await story.hooks.after(set, outcomes, signal);
  if (error === null) return;
  complainOf(run, set, error);
  story.outcomes.push({ database: set, store: null, error });
}

/** Another run that holds the database tells of it itself; one database of a server says nothing good of the others. */
async function tell(story: Story, signal: AbortSignal): Promise<void> {
  const { order, outcomes, pinger } = story;
  await recordMetrics(story);
  const { backups, failures } = reportJson(outcomes);
  const failed = failures.filter(({ kind }) => kind !== "busy");
  await remember({ backups, failures: failed }, new Date());
  const body = printTold({ backups, failures: failed });
  if (failed.length > 0) await pinger.end("fail", body, signal);
  else if (backups.length > 0 && order.only === null) await pinger.end("success", body, signal);
}

/** Nobody else makes the backup any more when its dump begins. */
function watched(database: Database, begins: () => void): Database {
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
