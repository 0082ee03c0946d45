import { LogLevels } from "consola/core";
import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { DatabaseConfig } from "../config/config.ts";
import type { Database, Gap } from "../database/database.ts";
import { findMembers } from "../job/instance.ts";
import { probeStore } from "../job/probe.ts";
import type { Trial } from "../store/trial.ts";
import type { Fields } from "./answers.ts";
import { loadDraft } from "./draft.ts";
import { forDatabase } from "./url.ts";

/** What a database, or a whole server, said of itself. */
export interface Reached {
  label: string;
  /** Product and version; null if there was nobody to ask. */
  server: string | null;
  /** What every backup will lack, by consent or since nothing can be done. */
  gaps: readonly Gap[];
  /** How many backups each run makes. */
  members: number;
}

/**
 * Asks a database whether it can be dumped whole by these answers.
 *
 * @throws {DbackedError} `config`, `database` or `tool`; `incomplete`, with the statements that mend it, if something would be missing.
 */
export async function tryDatabase(file: string, database: Fields, signal: AbortSignal): Promise<Reached> {
  const entry = await entryOf(file, database);
  const members = await databasesOf(entry, signal);
  const gaps: Gap[] = [];
  let server: string | null = null;
  for (const member of members) {
    const check = await member.check(signal);
    server = check.server;
    gaps.push(...check.gaps);
  }
  if (!entry.acceptIncomplete) refuseGaps(entry.server?.instance.label ?? members[0]?.label ?? "", gaps);
  const label = entry.server?.instance.label ?? members[0]?.label ?? entry.name;
  return { label, server, gaps, members: members.length };
}

/**
 * Lists the databases of a server that these answers lead to, as far as the role may see them.
 *
 * @throws {DbackedError} `config`, `database` or `tool`.
 */
export async function listDatabases(
  file: string,
  server: Fields,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const entry = await entryOf(file, { ...withDatabase(server, "*"), acceptIncomplete: true });
  const { level } = log;
  // What no backup would hold is said of the database that is chosen, and not of a list to choose from.
  log.level = LogLevels.error;
  try {
    return (await entry.server?.instance.list(signal)) ?? [];
  } finally {
    log.level = level;
  }
}

/**
 * Tries what a store lets this host do.
 *
 * @throws {DbackedError} `config`; `store`, if no backup could be made there.
 */
export async function tryStore(file: string, store: Fields, signal: AbortSignal): Promise<readonly Trial[]> {
  const { stores } = await loadDraft(file, { store }, []);
  const [entry] = stores;
  if (entry === undefined) throw new Error("a store was answered, and none was read");
  const opened = await entry.open();
  const trials = await probeStore(opened, () => new Date(), signal);
  const failed = trials.filter(({ state }) => state === "fail");
  if (failed.length === 0) return trials;
  const hints = new Set(failed.flatMap(({ hint }) => hint ?? []));
  const what = failed.map((trial) => trial.what).join("\n");
  throw new DbackedError("store", `${opened.label} cannot be used: ${what}`, {
    hint: hints.size === 0 ? undefined : [...hints].join("\n"),
  });
}

/** Names the database where the answers have it: in the URL, or beside the host. */
export function withDatabase(server: Fields, database: string): Fields {
  const { url } = server;
  return typeof url === "string" ? { ...server, url: forDatabase(url, database) } : { ...server, database };
}

async function entryOf(file: string, database: Fields): Promise<DatabaseConfig> {
  const { databases } = await loadDraft(file, { database: { name: "database", ...database } }, []);
  const [entry] = databases;
  if (entry === undefined) throw new Error("a database was answered, and none was read");
  return entry;
}

async function databasesOf({ name, server, open }: DatabaseConfig, signal: AbortSignal): Promise<Database[]> {
  if (server === null) return [await open()];
  const members = await findMembers({ name, ...server }, signal);
  return members.map((member) => member.open());
}

function refuseGaps(label: string, gaps: readonly Gap[]): void {
  const judged = gaps.filter(({ isMinor }) => isMinor !== true);
  if (judged.length === 0) return;
  const missing = judged.map(({ object, why }) => `${object} (${why})`).join(", ");
  const mends = new Set(judged.flatMap(({ mend }) => mend ?? []));
  throw new DbackedError("incomplete", `A backup of ${label} would lack ${missing}`, {
    hint: mends.size === 0 ? undefined : [...mends].join("\n"),
  });
}
