import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { printBytes, printDuration } from "../base/units.ts";
import { listBackups } from "../catalog/list.ts";
import { findMissing, type Keeper, type Missing } from "../catalog/missing.ts";
import { parseManifestKey } from "../catalog/name.ts";
import type { Config, DatabaseConfig } from "../config/config.ts";
import { fill, type FillPlan } from "../job/fill.ts";
import { noteVerifier } from "../job/trust.ts";
import { verifyBackup } from "../job/verify.ts";
import type { Signer } from "../seal/signer.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { Store } from "../store/store.ts";
import type { Globals } from "./command.ts";
import { findHomes, type Home, type Trouble } from "./homes.ts";
import { openStores } from "./places.ts";
import { printError } from "./print/error.ts";
import { progressForm, showProgress } from "./print/progress.ts";
import { complain, logForm } from "./terminal.ts";

/** A set in one store, and what that store has of it. */
export type Held = Home & Keeper;

/** A backup that a store lacks. */
export type Gap = Missing<Held>;

/** Who copies. */
export interface Copier {
  config: Config;
  trusted: readonly TrustedSigner[];
  signer: Signer | null;
  globals: Globals;
}

/**
 * Finds what each store lacks of what others have.
 *
 * @throws {DbackedError} `usage`, if the config has no such database.
 */
export async function findGaps(
  { config, trusted }: Pick<Copier, "config" | "trusted">,
  database: string | undefined,
  signal: AbortSignal,
): Promise<{ gaps: readonly Gap[]; held: readonly Held[]; troubles: readonly Trouble[] }> {
  const names = database === undefined ? [] : [database];
  const { homes, troubles } = await findHomes(config, { names, store: undefined }, signal);
  const failed: Trouble[] = [...troubles];
  const held: Held[] = [];
  for (const home of await withEmpty(config, homes, troubles)) {
    try {
      held.push(await look(home, trusted, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DbackedError)) throw error;
      failed.push({ database: home.set, store: home.storeName, failure: error });
    }
  }
  const sets = [...Map.groupBy(held, ({ set }) => set).values()];
  const gaps = sets.flatMap((keepers) => findMissing(keepers, keepers[0]?.entry?.retention ?? null));
  return { gaps, held, troubles: failed };
}

/** Every set in every store where it belongs: of a whole server, a store may have nothing yet of some database. */
async function withEmpty(
  config: Config,
  homes: readonly Home[],
  troubles: readonly Trouble[],
): Promise<readonly Home[]> {
  const stores = await openStores(config);
  const isKnown = (set: string, store: string): boolean =>
    homes.some((home) => home.set === set && home.storeName === store);
  const sets = [...Map.groupBy(homes, ({ set }) => set)];
  const empty = sets.flatMap(([set, [home]]) => {
    const entry = home?.entry ?? null;
    const names = entry?.stores ?? [...stores.keys()];
    return names
      .filter((name) => !isKnown(set, name) && !troubles.some(({ store }) => store === name))
      .flatMap((storeName) => emptyHome({ set, entry, storeName }, stores));
  });
  const order = [...stores.keys()];
  const place = ({ storeName }: Home): number => order.indexOf(storeName);
  return [...homes, ...empty].toSorted((one, other) => place(one) - place(other));
}

function emptyHome(
  home: { set: string; entry: DatabaseConfig | null; storeName: string },
  stores: ReadonlyMap<string, Store>,
): Home[] {
  const store = stores.get(home.storeName);
  return store === undefined ? [] : [{ ...home, store }];
}

async function look(home: Home, trusted: readonly TrustedSigner[], signal: AbortSignal): Promise<Held> {
  const verify = noteVerifier(home.store, trusted, signal);
  const { backups, broken } = await listBackups(home.store, home.set, verify, signal);
  return { ...home, backups, broken: broken.flatMap(({ key }) => parseManifestKey(key)?.stem ?? []) };
}

/** What came of one backup. */
export interface Copied {
  gap: Gap;
  /** Where it was read; null if there is no copy. */
  from: string | null;
  /** As what it is on record in its new store; null if it is not proved there. */
  recorded: string | null;
  failure: DbackedError | null;
}

/** How long a copy may stand still, where no entry says so. */
const STALL_MS = 60 * 60 * 1000;

/** Copies one backup, reads the copy again, and tells how it went. Only an interruption and a bug are thrown. */
export async function copyOne(copier: Copier, gap: Gap, signal: AbortSignal): Promise<Copied> {
  const { set, storeName } = gap.target;
  const id = gap.originals[0]?.backup.name.id.slice(0, SHOWN_DIGITS) ?? "";
  const { globals } = copier;
  const startedAt = performance.now();
  try {
    const copied = await bring(copier, gap, signal);
    const { bytes } = copied.copy.manifest;
    const cost = `${printBytes(bytes)}, ${printDuration(performance.now() - startedAt)}`;
    log.success(`${set}: backup ${id} is in ${storeName} too, from ${copied.from} (${cost})`);
    if (copied.recorded === null) log.warn(`${set}: nothing is on record to prove the copy in ${storeName}`);
    return { gap, from: copied.from, recorded: copied.recorded, failure: null };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DbackedError)) throw error;
    const about = `${set}: backup ${id} for ${storeName}`;
    complain(printError(error, { form: logForm(globals), about, verbose: globals.verbose }));
    return { gap, from: null, recorded: null, failure: error };
  }
}

const SHOWN_DIGITS = 12;

async function bring(copier: Copier, { target, originals }: Gap, signal: AbortSignal) {
  const { trusted, signer, globals, config } = copier;
  const { set, store, storeName, entry } = target;
  const progress = { bytes: 0 };
  const now = () => new Date();
  using _ = showProgress(`${set} to ${storeName}`, () => [["read", progress.bytes]], progressForm(globals));
  const plan: FillPlan = {
    originals: originals.map(({ keeper, backup }) => ({ store: keeper.store, backup })),
    target: store,
    signer,
    trusted,
    stallMs: entry?.stallMs ?? STALL_MS,
    now,
    progress,
    tellSpoilt: ({ store: { label } }, { message }) =>
      log.warn(`${set}: not copied from ${label}: ${message}`),
  };
  const { from, copy } = await fill(plan, signal);
  const fromName = originals.find(({ keeper }) => keeper.store === from.store)?.keeper.storeName ?? "";
  const isRead = config.stores.find(({ name }) => name === storeName)?.readBack !== "off";
  if (!isRead) return { from: fromName, copy, recorded: null };
  const looking = { store, backup: copy, trusted, opener: null, engine: null, signer, now, progress };
  const { failure, recorded } = await verifyBackup(looking, signal);
  if (failure !== null) throw failure;
  return { from: fromName, copy, recorded };
}
