import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { sortHoldings } from "../catalog/holdings.ts";
import { type Backup, listBackups } from "../catalog/list.ts";
import { parseManifestKey } from "../catalog/name.ts";
import type { Config, StoreConfig } from "../config/config.ts";
import { didYouMean } from "../config/nearest.ts";
import { readSignerFile } from "../job/signer.ts";
import { noteVerifier } from "../job/trust.ts";
import { readSigner, readSignerText, type Signer } from "../seal/signer.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { Store } from "../store/store.ts";
import type { Options } from "./option.ts";
import { ownerOf } from "./origin.ts";
import { chooseSets, chooseStores, type Wanted } from "./wanted.ts";

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
export interface BrokenBackup {
  /** What its objects' keys begin with. */
  stem: string;
  id: string;
  database: string;
  store: string;
  failure: DbackedError;
}

/** What to do about a manifest that cannot be read. */
const BROKEN_HINT =
  "`dbacked decrypt` can open the envelope beside it, if there is one, and another store may have a copy; remove the file by the " +
  "store's own means, if nobody of yours wrote it";

/**
 * Finds the backups that are wanted, and what stands in the way, which is for the caller to tell.
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
  if (found.length === 0) refuseUnknown(config, wanted);
  return {
    found: found.toSorted((a, b) => compare(b.backup.manifest.takenAt, a.backup.manifest.takenAt)),
    failures,
    broken,
    unfinished,
  };
}

/** Says on stderr what stood in the way of a search that goes on without it. */
export function tellTrouble({ broken, failures }: Pick<Search, "broken" | "failures">): void {
  for (const { message } of [...broken.map(({ failure }) => failure), ...failures]) log.warn(message);
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
  const search = await searchStores(config, wanted, trusted, signal);
  tellTrouble(search);
  const { found, failures } = search;
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
      const { stem, id } = parseManifestKey(key) ?? { stem: key, id: key };
      lost.push({
        stem,
        id,
        database: set,
        store: storeName,
        failure: noBackup(`${store.label}/${key}`, failure),
      });
    }
  }
  return { found, failures, broken: lost, unfinished };
}

function noBackup(where: string, cause: DbackedError): DbackedError {
  const { kind, message, hint = BROKEN_HINT } = cause;
  return new DbackedError(kind, `${where} is no backup: ${message}`, { hint, cause });
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
