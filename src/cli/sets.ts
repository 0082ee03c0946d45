import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { sortHoldings } from "../catalog/holdings.ts";
import { type Backup, listBackups, listSets } from "../catalog/list.ts";
import { parseManifestKey } from "../catalog/name.ts";
import type { Config, DatabaseConfig, StoreConfig } from "../config/config.ts";
import { didYouMean } from "../config/nearest.ts";
import { readSignerFile } from "../job/signer.ts";
import { noteVerifier } from "../job/trust.ts";
import { readSigner, readSignerText, type Signer } from "../seal/signer.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { Store } from "../store/store.ts";
import type { Options } from "./option.ts";
import { ownerOf } from "./origin.ts";

/** The options of every command that looks into stores. */
export const SET_OPTIONS = {
  database: {
    kind: "text",
    value: "NAME",
    summary: "only the backups of this database",
    offers: "databases",
  },
  store: { kind: "text", value: "NAME", summary: "only this store", offers: "stores" },
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
    const own = "file" in signer ? await readOwn(signer.file) : await readSigner(signer.pem.reveal());
    if (own !== null) keys.push(own.publicKey);
  }
  return [...config.trustedSigners, ...keys.map((key) => ({ key, storedBefore: null }))];
}

/** Whoever only reads backups need not be allowed to sign any. */
async function readOwn(file: string): Promise<Signer | null> {
  try {
    return await readSignerFile(file);
  } catch (error) {
    const { cause } = error as Error;
    if (!(cause instanceof Error && "code" in cause && cause.code === "EACCES")) throw error;
    log.warn(`${file} cannot be read: this host's own signer is trusted only if trustedSigners has it`);
    return null;
  }
}

/** What the stores gave, and what stood in the way. */
interface Search {
  /** Newest first. */
  found: readonly Found[];
  /** A store that cannot be asked, or a set whose manifests are there and cannot be read, not one of them. */
  failures: readonly DbackedError[];
  /** Manifests that cannot be read, of sets in which others can. */
  broken: readonly BrokenBackup[];
  /** How much was begun and never finished, as far as the backups' own listing shows it. */
  unfinished: number;
}

/** What should be a backup, by its name. */
interface BrokenBackup {
  id: string;
  database: string;
  store: string;
  failure: DbackedError;
}

/**
 * Finds the backups that are wanted. Manifests that cannot be read are told on stderr, and so are failures.
 *
 * @throws {DbackedError} `usage`, if the config has no such database or store; the first failure, if nothing was found.
 */
export async function searchStores(
  config: Config,
  wanted: Wanted,
  trusted: readonly TrustedSigner[],
  signal: AbortSignal,
): Promise<Search> {
  const found: Found[] = [];
  const failures: DbackedError[] = [];
  const broken: BrokenBackup[] = [];
  let unfinished = 0;
  for (const store of chooseStores(config, wanted)) {
    try {
      const searched = await searchStore(config, { ...wanted, store }, trusted, signal);
      found.push(...searched.found);
      broken.push(...searched.broken);
      failures.push(...searched.failures);
      unfinished += searched.unfinished;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DbackedError)) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (found.length === 0 && first !== undefined) throw first;
  for (const { message } of failures) log.warn(message);
  if (found.length === 0) refuseUnknown(config, wanted);
  return {
    found: found.toSorted((a, b) => compare(b.backup.manifest.takenAt, a.backup.manifest.takenAt)),
    failures,
    broken,
    unfinished,
  };
}

/**
 * Finds the backups that are wanted, newest first, as far as they can be read.
 *
 * @throws {DbackedError} as {@link searchStores} does; the first failure too if the newest is wanted, which cannot be told then.
 */
export async function findBackups(
  config: Config,
  wanted: Wanted & { lastBackup?: boolean },
  trusted: readonly TrustedSigner[],
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const { found, failures } = await searchStores(config, wanted, trusted, signal);
  const [first] = failures;
  if (wanted.lastBackup !== true || first === undefined) return found;
  if (found.length > 0 && wanted.store === undefined && found.every((each) => isKeptTwice(config, each))) {
    log.warn("not every store could be asked: one of them may have a newer backup");
    return found;
  }
  throw new DbackedError(first.kind, `Which backup is the newest cannot be told: ${first.message}`, {
    hint: "leave that one out with --store NAME or --database NAME, or give the ID of a backup",
    cause: first,
  });
}

/** The store that could be asked has the same backups as the others, unless a copy failed. */
function isKeptTwice({ databases }: Config, { backup: { manifest } }: Found): boolean {
  return (ownerOf(databases, manifest.set)?.stores.length ?? 0) > 1;
}

async function searchStore(
  config: Config,
  wanted: Omit<Wanted, "store"> & { store: StoreConfig },
  trusted: readonly TrustedSigner[],
  signal: AbortSignal,
): Promise<Search> {
  const { name: storeName, open } = wanted.store;
  const store = await open();
  const verify = noteVerifier(store, trusted, signal);
  const found: Found[] = [];
  const failures: DbackedError[] = [];
  const lost: BrokenBackup[] = [];
  let unfinished = 0;
  for (const set of await chooseSets(config, { ...wanted, store: storeName }, store, signal)) {
    const { backups, broken, listing } = await listBackups(store, set, verify, signal);
    unfinished += sortHoldings(set, listing, []).unfinished.filter(({ kind }) => kind !== "leases").length;
    found.push(...backups.map((backup) => ({ backup, store, storeName })));
    const [first] = broken;
    if (first !== undefined && backups.length === 0) {
      const { kind, message, hint } = first.failure;
      const what = `${store.label} holds backups of "${set}", and none can be read: ${message}`;
      failures.push(new DbackedError(kind, what, { hint, cause: first.failure }));
      continue;
    }
    for (const { key, failure } of broken) {
      log.warn(`${store.label}/${key} is no backup: ${failure.message}`);
      lost.push({ id: parseManifestKey(key)?.id ?? key, database: set, store: storeName, failure });
    }
  }
  return { found, failures, broken: lost, unfinished };
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

/** A database of the config is looked for in its own stores, unless another one is named. */
function chooseStores(config: Config, wanted: Wanted): readonly StoreConfig[] {
  const named = config.databases.find(({ name }) => name === wanted.database);
  const owner = named ?? ownerOf(config.databases, wanted.database ?? "");
  const chosen = wanted.store === undefined ? owner?.stores : [wanted.store];
  const stores = config.stores.filter(({ name }) => chosen?.includes(name) ?? true);
  if (stores.length > 0) return stores;
  throw new DbackedError("usage", `There is no store "${wanted.store}" in the config`, {
    hint: `it has ${config.stores.map(({ name }) => name).join(", ")}`,
  });
}

/** Without databases in the config, as on a host that only restores, every set in the store is one. */
async function chooseSets(
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
