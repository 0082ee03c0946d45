import { DbackedError } from "../base/error.ts";
import type { Config, DatabaseConfig } from "../config/config.ts";
import { didYouMean } from "../config/nearest.ts";
import type { Database } from "../database/database.ts";
import { findMembers, type Member } from "../job/instance.ts";
import { ownerOf } from "./origin.ts";

/** What is to be backed up of one entry of the config. */
export interface Order {
  entry: DatabaseConfig;
  /** Sets of a whole server; null for all of them. */
  only: readonly string[] | null;
}

/** One backup to be made. */
export interface Task {
  set: string;
  entry: DatabaseConfig;
  /** @throws {DbackedError} what is known to be in its way. */
  open: () => Promise<Database>;
}

/**
 * Finds the entries of the config that are named, or that hold a set that is named; without names all of them.
 *
 * @throws {DbackedError} `usage`, if a name is unknown.
 */
export function chooseOrders({ databases }: Config, names: readonly string[]): readonly Order[] {
  if (names.length === 0) return databases.map((entry) => ({ entry, only: null }));
  const isNamed = ({ name }: DatabaseConfig) => names.includes(name);
  const members = names.filter((name) => !databases.some((entry) => entry.name === name));
  const unknown = members.filter((name) => ownerOf(databases, name) === undefined);
  if (unknown.length > 0) throw refuseUnknown(databases, unknown);
  const orders = databases.map((entry) => ({
    entry,
    only: isNamed(entry) ? null : members.filter((name) => ownerOf(databases, name) === entry),
  }));
  return orders.filter(({ only }) => only === null || only.length > 0);
}

/** The backups that an order asks for. A whole server is asked what it has; what goes wrong with that is a task that fails. */
export async function tasksOf({ entry, only }: Order, config: Config, signal: AbortSignal): Promise<Task[]> {
  const { name, server } = entry;
  if (server === null) return [{ set: name, entry, open: entry.open }];
  try {
    const members = await findMembers({ name, ...server }, signal);
    const wanted = members.filter(({ set }) => only === null || only.includes(set));
    const missing = (only ?? []).filter((set) => !members.some((member) => member.set === set));
    return [
      ...wanted.map((member) => taskOf(member, entry, config)),
      ...missing.map((set) => failing(set, entry, notFound(set, entry, members))),
    ];
  } catch (error) {
    signal.throwIfAborted();
    return [failing(name, entry, error)];
  }
}

function taskOf({ set, open }: Member, entry: DatabaseConfig, { databases }: Config): Task {
  const owner = ownerOf(databases, set);
  if (set === entry.name || owner === entry || owner === undefined)
    return { set, entry, open: async () => open() };
  const taken = `The name of its backups, ${set}, belongs to the entry "${owner.name}"`;
  return failing(
    set,
    entry,
    new DbackedError("config", taken, { hint: "give one of the two entries another name" }),
  );
}

function failing(set: string, entry: DatabaseConfig, error: unknown): Task {
  return { set, entry, open: () => Promise.reject(error) };
}

function notFound(set: string, { name }: DatabaseConfig, members: readonly Member[]): DbackedError {
  return new DbackedError("database", `The server "${name}" has no database that is backed up as ${set}`, {
    hint: `it has ${members.map((member) => member.set).join(", ")}`,
  });
}

function refuseUnknown(databases: readonly DatabaseConfig[], unknown: readonly string[]): DbackedError {
  const known = databases.map(({ name }) => name);
  const named = unknown.map((name) => `"${name}"${didYouMean(name, known)}`);
  return new DbackedError("usage", `The config has no database ${named.join(", ")}`, {
    hint: `it has ${known.join(", ")}`,
  });
}
