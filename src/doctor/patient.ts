import { DbackedError } from "../base/error.ts";
import type { Config, DatabaseConfig, StoreConfig } from "../config/config.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import { folderOptions } from "../store/folder.ts";
import type { Store } from "../store/store.ts";

/** Everything that is examined. */
export interface Patient {
  config: Config;
  /** Those of the config that are looked at. */
  databases: readonly DatabaseConfig[];
  stores: readonly OpenStore[];
  trusted: readonly TrustedSigner[];
  /** Whether the newest backups are opened; then nothing more is said of what was proved of them. */
  opens: boolean;
  now: () => Date;
}

/** A store of the config, or why it cannot be opened. */
export type OpenStore = StoreConfig & ({ store: Store } | { failure: DbackedError });

/** Opens stores; nothing is asked of them yet. */
export async function openStores(configs: readonly StoreConfig[]): Promise<OpenStore[]> {
  return await Promise.all(
    configs.map(async (config) => {
      try {
        return { ...config, store: await config.open() };
      } catch (failure) {
        if (failure instanceof DbackedError) return { ...config, failure };
        throw failure;
      }
    }),
  );
}

/** Where the backups of a database are. */
export interface Place {
  store: Store;
  /** The folder that the store is; null for any other sort. */
  folder: string | null;
}

/** The stores of a database that can be asked; what is wrong with others is told of themselves. */
export function placesOf({ stores }: Patient, entry: DatabaseConfig): Place[] {
  return stores.flatMap((each) =>
    "store" in each && entry.stores.includes(each.name)
      ? [{ store: each.store, folder: folderOf(each) }]
      : [],
  );
}

/** The path of a store that is a folder. */
export function folderOf({ type, options }: Pick<StoreConfig, "type" | "options">): string | null {
  const { success, data } = folderOptions.safeParse(type === "folder" ? options : null);
  return success ? data.path : null;
}
