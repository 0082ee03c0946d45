import { DbackedError } from "../base/error.ts";
import { listSets } from "../catalog/list.ts";
import type { Config, DatabaseConfig, StoreConfig } from "../config/config.ts";
import type { Store } from "../store/store.ts";
import { ownerOf } from "./origin.ts";

/** Whose backups are looked for, and where; all, unless it is said. */
export interface Wanted {
  database: string | undefined;
  store: string | undefined;
}

/**
 * The stores to look into: for a database of the config its own, unless another one is named.
 *
 * @throws {DbackedError} `usage`, if there is none.
 */
export function chooseStores(config: Config, wanted: Wanted): readonly StoreConfig[] {
  const named = config.databases.find(({ name }) => name === wanted.database);
  const owner = named ?? ownerOf(config.databases, wanted.database ?? "");
  const chosen = wanted.store === undefined ? owner?.stores : [wanted.store];
  const stores = config.stores.filter(({ name }) => chosen?.includes(name) ?? true);
  if (stores.length > 0) return stores;
  throw new DbackedError("usage", `There is no store "${wanted.store}" in the config`, {
    hint: `it has ${config.stores.map(({ name }) => name).join(", ")}`,
  });
}

/** The sets to look for in a store. Without databases in the config, as on a host that only restores, it is every one. */
export async function chooseSets(
  config: Config,
  wanted: { database: string | undefined; store: string },
  store: Store,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (wanted.database !== undefined) return await setsNamed(config, wanted.database, store, signal);
  if (config.databases.length === 0) return await listSets(store, "", signal);
  const own = config.databases.filter(({ stores }) => stores.includes(wanted.store));
  const sets: string[] = [];
  for (const entry of own) sets.push(...(await setsOf(config, entry, store, signal)));
  return sets;
}

/** Where the config does not know the name, it may be that of a server that another host backs up. */
async function setsNamed(
  config: Config,
  name: string,
  store: Store,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const entry = config.databases.find((each) => each.name === name);
  if (entry !== undefined) return await setsOf(config, entry, store, signal);
  const isKnown = ownerOf(config.databases, name) !== undefined;
  if (isKnown || (await listSets(store, `${name}/`, signal)).length > 0) return [name];
  const members = await listSets(store, `${name}.`, signal);
  return members.filter((set) => ownerOf(config.databases, set) === undefined);
}

/** Databases that are no longer on the server are told by their backups. */
async function setsOf(
  { databases }: Config,
  entry: DatabaseConfig,
  store: Store,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (entry.server === null) return [entry.name];
  const sets = await listSets(store, `${entry.name}.`, signal);
  return sets.filter((set) => ownerOf(databases, set) === entry);
}
