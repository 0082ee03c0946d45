import { z } from "zod";
import { type Charge, type Clockwork, Loop, NAP_MS, type View } from "../agent/loop.ts";
import { type Ending, runWorker } from "../agent/worker.ts";
import { DbackedError, reasonOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { Config, DatabaseConfig } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import type { Sources } from "../config/sources.ts";
import type { Result } from "../schedule/agenda.ts";
import type { Globals } from "./command.ts";
import { flagsOf, ownProgram } from "./own-program.ts";
import { chooseOrders } from "./tasks.ts";
import { tellFailure } from "./telling.ts";

/** Who hears how it goes. */
export interface Herald {
  /** Called when the config is right, before any backup. What it throws ends all. */
  begins(config: Config): Promise<void>;
  /** The config is being read again. */
  reloads(): void;
  /** What was read again is followed, or what was followed before. */
  follows(): void;
  /** The loop came round. */
  beats(view: View): void;
  /** How often it must do so, in ms. */
  beatMs?: number;
}

/** What is followed. */
export interface Following {
  sources: Sources;
  /** Databases of the config; all that have a schedule, if none is named. */
  names: readonly string[];
  globals: Globals;
}

/** A config as it was read, and the text of its file: each backup is made by the same. */
interface Reading {
  config: Config;
  path: string | null;
  text: string;
}

const GRACE_MS = 30_000;

/** How much longer than a standstill, or a command of the user, a process may be silent: else it tells of its progress. */
const SILENCE_MS = 60_000;

const reportSchema = z.object({
  backups: z.array(z.object({ takenAt: z.iso.datetime() })),
  failures: z.array(
    z.object({
      database: z.string(),
      store: z.string().nullable(),
      kind: z.string(),
      message: z.string(),
      hint: z.string().nullable(),
    }),
  ),
  notDue: z.array(z.object({ newest: z.iso.datetime() })),
});

const lineSchema = z.object({ level: z.string(), message: z.string() });

/**
 * Stays, and backs up each database when it is due, in a process of its own. SIGHUP reads the config again.
 *
 * @throws {DbackedError} `config`, if it is wrong at the start or nothing has a schedule; the reason of `signal` at the end.
 */
export async function follow(following: Following, herald: Herald, signal: AbortSignal): Promise<never> {
  let reading = await read(following);
  const loop = new Loop(async ({ name }, inner) => {
    const entry = reading.config.databases.find((each) => each.name === name);
    return entry === undefined ? "failed" : await tend(entry, { ...following, reading }, inner);
  }, clockOf(herald));
  loop.follow(chargesOf(reading.config, following.names));
  await herald.begins(reading.config);
  onHangup(async () => {
    herald.reloads();
    try {
      reading = await read(following);
      loop.follow(chargesOf(reading.config, following.names));
      log.info("The config was read again.");
    } catch (error) {
      log.error(`The config is as it was before, since it cannot be read again: ${reasonOf(error)}`);
    }
    herald.follows();
  });
  await loop.run(signal);
  throw signal.reason;
}

function clockOf(herald: Herald): Clockwork {
  const { beatMs } = herald;
  const beat = (view: View) => herald.beats(view);
  return beatMs === undefined ? { beat } : { beat, napMs: Math.min(beatMs, NAP_MS) };
}

/** The text is read first, so that what is checked is what every backup gets. */
async function read({ sources }: Following): Promise<Reading> {
  const needs = ["databases", "stores", "recipients", "signer"] as const;
  const { path } = await loadConfig(sources, needs);
  const text = path === null ? "" : await Bun.file(path).text();
  const config =
    path === null
      ? await loadConfig(sources, needs)
      : await loadConfig({ ...sources, file: path, text }, needs);
  for (const warning of config.warnings) log.warn(warning);
  return { config, path, text };
}

function chargesOf(config: Config, names: readonly string[]): Charge[] {
  const entries = chooseOrders(config, names).map(({ entry }) => entry);
  const charges = entries.flatMap(({ name, schedule }) => (schedule === null ? [] : { name, schedule }));
  const idle = entries.filter(({ schedule }) => schedule === null).map(({ name }) => name);
  if (charges.length === 0)
    throw new DbackedError("config", `Nothing is ever due: ${idle.join(", ")} has no schedule`, {
      hint: 'give it one, as in schedule = "0 3 * * *", or back up now with `dbacked run --once`',
    });
  if (idle.length > 0) log.warn(`${idle.join(", ")}: no schedule, so that nothing is backed up by itself`);
  log.info(`Following the schedule of ${charges.map(({ name }) => name).join(", ")}.`);
  return charges;
}

/**
 * Acts on each SIGHUP, one after another, so that what was read last is followed. At a terminal it means that the terminal is
 * gone, and ends the program as ever.
 */
function onHangup(act: () => Promise<void>): void {
  if (process.stderr.isTTY) return;
  process.removeAllListeners("SIGHUP");
  let before = Promise.resolve();
  process.on("SIGHUP", () => {
    before = before.then(act);
  });
}

async function tend(
  entry: DatabaseConfig,
  { sources, globals, reading }: Following & { reading: Reading },
  signal: AbortSignal,
): Promise<Result> {
  const { name } = entry;
  const { path } = reading;
  const running = runWorker(
    {
      argv: [
        ...ownProgram(),
        "run",
        "--once",
        "--if-due",
        "--json",
        ...(globals.verbose ? ["--verbose"] : []),
        "--config-stdin",
        ...(path === null ? [] : ["--config", path]),
        ...flagsOf(sources),
        "--",
        name,
      ],
      env: process.env,
      input: reading.text,
      silentMs: entry.stallMs + (entry.hooks?.limitMs ?? 0) + SILENCE_MS,
      graceMs: GRACE_MS,
      watch: relay,
    },
    signal,
  );
  let ending: Ending;
  try {
    ending = await running;
  } catch (error) {
    return await tellBroken(entry, `cannot be started: ${reasonOf(error)}`, signal);
  }
  return signal.aborted ? "failed" : await judgeEnding(entry, ending, signal);
}

/** What it logs, we log; its failures stand in its report. */
function relay(line: string): void {
  const parsed = lineSchema.safeParse(parseJson(line));
  if (!parsed.success) return;
  const { level, message } = parsed.data;
  if (level === "warn") log.warn(message);
  else if (level === "success") log.success(message);
  else if (level === "debug") log.debug(message);
  else if (level === "info") log.info(message);
}

/** The process itself could tell nobody. */
async function tellBroken(entry: DatabaseConfig, how: string, signal: AbortSignal): Promise<Result> {
  const message = `the process that makes its backup ${how}`;
  log.error(`${entry.name}: ${message}`);
  try {
    await tellFailure(entry, new Error(message), signal);
  } catch (error) {
    // Whoever is stopped meanwhile has no more to tell.
    if (!signal.aborted) throw error;
  }
  return "failed";
}

async function judgeEnding(
  entry: DatabaseConfig,
  { exitCode, killed, stdout }: Ending,
  signal: AbortSignal,
): Promise<Result> {
  const parsed = reportSchema.safeParse(parseJson(stdout));
  if (!parsed.success) {
    const how =
      killed === "silent" ? "was silent for too long and was killed" : `ended with ${exitCode ?? "a signal"}`;
    return await tellBroken(entry, `${how}${whyOf(stdout)}`, signal);
  }
  const { backups, failures, notDue } = parsed.data;
  for (const { database, kind, message, hint } of failures) {
    const lines = [`${database}: ${message}`, ...(hint === null ? [] : [`hint: ${hint}`])];
    if (kind === "busy") log.info(lines[0]);
    else log.error(lines.join("\n"));
  }
  // A copy that is missing in one store makes no backup due: the others have one.
  const lost = failures.filter(({ store }) => store === null);
  if (lost.some(({ kind }) => kind !== "busy")) return "failed";
  if (lost.length > 0) return "busy";
  const newest = [
    ...backups.map(({ takenAt }) => takenAt),
    ...notDue.map((each) => each.newest),
  ].toSorted()[0];
  return newest === undefined ? "failed" : { newest: new Date(newest) };
}

function whyOf(stdout: string): string {
  const parsed = z.object({ error: z.object({ message: z.string() }) }).safeParse(parseJson(stdout));
  return parsed.success ? `: ${parsed.data.error.message}` : "";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
