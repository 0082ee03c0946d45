import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { type Backup, listBackups, listSets } from "../catalog/list.ts";
import type { Config, StoreConfig } from "../config/config.ts";
import { didYouMean } from "../config/nearest.ts";
import { readSignerFile } from "../job/signer.ts";
import { noteVerifier } from "../job/trust.ts";
import { readSigner, readSignerText } from "../seal/signer.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { Store } from "../store/store.ts";
import type { Options } from "./option.ts";

/** The options of every command that looks into stores. */
export const SET_OPTIONS = {
  database: { kind: "text", value: "NAME", summary: "only the backups of this database" },
  store: { kind: "text", value: "NAME", summary: "only this store" },
} as const satisfies Options;

interface Wanted {
  database: string | undefined;
  store: string | undefined;
}

/** A backup, and where it is. */
export interface Found {
  backup: Backup;
  store: Store;
  storeName: string;
}

/** Whose backups are accepted: the config's list, this host's own signer, and whom the user names for this once. */
export async function readTrusted(config: Config, named: readonly string[] = []): Promise<TrustedSigner[]> {
  const keys = named.map((text) => readSignerText(text));
  const { signer } = config;
  if (signer !== null) {
    const own = "file" in signer ? await readSignerFile(signer.file) : await readSigner(signer.pem.reveal());
    if (own !== null) keys.push(own.publicKey);
  }
  return [...config.trustedSigners, ...keys.map((key) => ({ key, storedBefore: null }))];
}

/**
 * Finds the backups that are wanted, newest first. Manifests that cannot be read are told on stderr.
 *
 * @throws {DbackedError} `usage`, if the config has no such database or store; `store`.
 */
export async function findBackups(
  config: Config,
  wanted: Wanted,
  trusted: readonly TrustedSigner[],
  signal: AbortSignal,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const { name, open } of chooseStores(config, wanted)) {
    const store = await open();
    const verify = noteVerifier(store, trusted, signal);
    for (const set of await chooseSets(config, { ...wanted, store: name }, store, signal)) {
      const { backups, broken } = await listBackups(store, set, verify, signal);
      for (const { key, reason } of broken) log.warn(`${store.label}/${key} is no backup: ${reason}`);
      found.push(...backups.map((backup) => ({ backup, store, storeName: name })));
    }
  }
  if (found.length === 0) refuseUnknown(config, wanted);
  return found.toSorted((a, b) => compare(b.backup.manifest.takenAt, a.backup.manifest.takenAt));
}

/** A name that is in the config may have no backups yet, and one with backups may be gone from the config. */
function refuseUnknown({ databases }: Config, { database }: Wanted): void {
  const names = databases.map(({ name }) => name);
  if (database === undefined || names.includes(database)) return;
  throw new DbackedError("usage", `There are no backups of "${database}"${didYouMean(database, names)}`, {
    hint: names.length === 0 ? "`dbacked list` shows what there is" : `the config has ${names.join(", ")}`,
  });
}

/** Times in ISO 8601 sort as texts. */
function compare(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

function chooseStores(config: Config, wanted: Wanted): readonly StoreConfig[] {
  const stores = config.stores.filter(({ name }) => wanted.store === undefined || name === wanted.store);
  if (stores.length > 0) return stores;
  throw new DbackedError("usage", `There is no store "${wanted.store}" in the config`, {
    hint: `it has ${config.stores.map(({ name }) => name).join(", ")}`,
  });
}

/** Without databases in the config, as on a host that only restores, every set in the store is one. */
async function chooseSets(
  config: Config,
  wanted: Wanted,
  store: Store,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (wanted.database !== undefined) return [wanted.database];
  const own = config.databases.filter((database) => database.store === wanted.store);
  if (config.databases.length > 0) return own.map(({ name }) => name);
  return await listSets(store, signal);
}
