import { DbackedError } from "../base/error.ts";
import { setsOf } from "../catalog/holdings.ts";
import type { Config, DatabaseConfig, StoreConfig } from "../config/config.ts";
import type { Store } from "../store/store.ts";
import { ownerOf } from "./origin.ts";
import { chooseOrders } from "./tasks.ts";

/** A set, and where it is kept. */
export interface Home {
  set: string;
  /** Null on a host whose config has no databases. */
  entry: DatabaseConfig | null;
  store: Store;
  storeName: string;
}

/** What could not be looked at, or not be done. */
export interface Trouble {
  /** Null if it is the store's. */
  database: string | null;
  store: string;
  failure: DbackedError;
}

interface Wanted {
  /** Entries of the config, or sets; all if there are none. */
  names: readonly string[];
  store: string | undefined;
}

/**
 * Finds the sets that are wanted, whether there are backups in them or not: of a server those that its store holds, also of
 * databases that are gone.
 *
 * @throws {DbackedError} `usage`, if the config has no such database or store.
 */
export async function findHomes(
  config: Config,
  { names, store: storeName }: Wanted,
  signal: AbortSignal,
): Promise<{ homes: readonly Home[]; troubles: readonly Trouble[] }> {
  requireWanted(config, { names, store: storeName });
  const homes: Home[] = [];
  const troubles: Trouble[] = [];
  for (const store of config.stores) {
    if (storeName !== undefined && store.name !== storeName) continue;
    try {
      homes.push(...(await homesIn(config, store, names, signal)));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DbackedError)) throw error;
      troubles.push({ database: null, store: store.name, failure: error });
    }
  }
  return { homes, troubles };
}

/** @throws {DbackedError} `usage`, if the config has no such database or store, or keeps the one not in the other. */
export function requireWanted(config: Config, wanted: Wanted): void {
  if (wanted.store !== undefined) requireStore(config, wanted.store);
  if (config.databases.length > 0) requireEntries(config, wanted);
}

async function homesIn(
  config: Config,
  { name: storeName, open }: StoreConfig,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Home[]> {
  const { databases } = config;
  const orders = databases.length === 0 ? [] : chooseOrders(config, names);
  const own = orders.filter(({ entry }) => entry.stores.includes(storeName));
  if (databases.length > 0 && own.length === 0) return [];
  const store = await open();
  const home = (set: string, entry: DatabaseConfig | null): Home => ({ set, entry, store, storeName });
  if (databases.length === 0) {
    const sets = await listSets(store, "", signal);
    return sets.filter((set) => names.length === 0 || names.includes(set)).map((set) => home(set, null));
  }
  const homes: Home[] = [];
  for (const { entry, only } of own) {
    const isWanted = (set: string) => ownerOf(databases, set) === entry && (only?.includes(set) ?? true);
    const found = entry.server === null ? [entry.name] : await listSets(store, `${entry.name}.`, signal);
    homes.push(...found.filter(isWanted).map((set) => home(set, entry)));
  }
  return homes;
}

async function listSets(store: Store, prefix: string, signal: AbortSignal): Promise<readonly string[]> {
  return setsOf((await store.list(prefix, signal)).objects);
}

/** Else it would look as if there were nothing to do. */
function requireEntries(config: Config, { names, store }: Wanted): void {
  const stores = chooseOrders(config, names).flatMap(({ entry }) => entry.stores);
  if (names.length === 0 || store === undefined || stores.includes(store)) return;
  throw new DbackedError("usage", `The backups of ${names.join(", ")} do not go to the store "${store}"`, {
    hint: `they go to ${[...new Set(stores)].join(", ")}`,
  });
}

function requireStore({ stores }: Config, wanted: string): void {
  const names = stores.map(({ name }) => name);
  if (names.includes(wanted)) return;
  throw new DbackedError("usage", `There is no store "${wanted}" in the config`, {
    hint: `it has ${names.join(", ")}`,
  });
}
