import { DbackedError } from "../base/error.ts";
import type { Config, DatabaseConfig, StoreConfig } from "../config/config.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
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

/** The stores of a database that can be asked; what is wrong with others is told of themselves. */
export function storesOf({ stores }: Patient, entry: DatabaseConfig): Store[] {
  return stores.flatMap((each) => ("store" in each && entry.stores.includes(each.name) ? [each.store] : []));
}
