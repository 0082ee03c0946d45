import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { Config, DatabaseConfig } from "../config/config.ts";
import type { BackupOutcome } from "../job/backup.ts";
import type { FailedCopy, Place } from "../job/copy.ts";
import type { StoredSet } from "../job/signer.ts";
import type { Store } from "../store/store.ts";
import { leaseTermsOf } from "./lease-terms.ts";

/** The stores of a config, opened, and how long to wait for other runs. */
export interface OpenStores {
  config: Pick<Config, "stores">;
  stores: ReadonlyMap<string, Store>;
  waitMs: number;
}

/** Opens all stores of a config; nothing is asked of them yet. */
export async function openStores({ stores }: Pick<Config, "stores">): Promise<ReadonlyMap<string, Store>> {
  const opened = new Map<string, Store>();
  for (const { name, open } of stores) opened.set(name, await open());
  return opened;
}

/**
 * Where the backups of one set go.
 *
 * @throws {DbackedError} `config`, if that is nowhere.
 */
export function placesOf(
  { config, stores, waitMs }: OpenStores,
  { set, entry }: { set: string; entry: DatabaseConfig },
): readonly Place[] {
  const places = config.stores.flatMap(({ name, readBack }): Place[] => {
    const store = entry.stores.includes(name) ? stores.get(name) : undefined;
    if (store === undefined) return [];
    const lease = leaseTermsOf(set, store, { timeoutMs: entry.leaseMs, waitMs });
    const tellUnread = ({ message }: DbackedError) =>
      log.warn(`${set}: the backup is stored, and nothing proves that it can be read: ${message}`);
    const tellNoneCounts = () =>
      log.warn(
        `${set}: ${store.label} holds backups of it, and none counts here; \`dbacked list\` says why. If another key signed ` +
          `them, bring that key, or trust both where you restore`,
      );
    return [{ name, store, readBack, lease, tellUnread, tellNoneCounts }];
  });
  if (places.length > 0) return places;
  throw new DbackedError("config", `The database "${entry.name}" goes to no store`);
}

/** The sets that entries of a config back up, in each of their stores; those of a whole server by what their names share. */
export function setsOf(
  entries: readonly DatabaseConfig[],
  stores: ReadonlyMap<string, Store>,
): readonly StoredSet[] {
  return entries.flatMap(({ name: set, server, stores: names }) => {
    const prefix = server === null ? `${set}/` : `${set}.`;
    return names.flatMap((name) => stores.get(name) ?? []).map((store) => ({ set, prefix, store }));
  });
}

/** What is said of a store that has no copy where others have one. */
export function tellFailedCopy({ place, error, isStored }: FailedCopy, { copies }: BackupOutcome): unknown {
  const [copy] = copies;
  if (!(error instanceof DbackedError) || copy === undefined || isStored) return error;
  const { backup } = copy;
  const where = copies.map(({ place }) => place.store.label).join(" and ");
  const fill = `dbacked copy ${backup.name.id.slice(0, 12)} --to ${place.name}`;
  return new DbackedError(error.kind, error.message, {
    hint: [error.hint ?? [], `the backup is in ${where}; bring it here too, once this is mended, by: ${fill}`]
      .flat()
      .join("\n"),
    cause: error,
  });
}
