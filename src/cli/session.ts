import { hostname } from "node:os";
import { version } from "../../package.json";
import { DbackedError, reasonOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { printBytes, printDuration } from "../base/units.ts";
import type { Backup } from "../catalog/list.ts";
import type { Config, DatabaseConfig } from "../config/config.ts";
import { type BackupOutcome, type BackupPlan, backUp, type Progress } from "../job/backup.ts";
import type { Place } from "../job/copy.ts";
import { signerOf, type StoredSet } from "../job/signer.ts";
import { type Recipient, readRecipient } from "../seal/key.ts";
import { readSigner, type Signer } from "../seal/signer.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { Store } from "../store/store.ts";
import type { Globals } from "./command.ts";
import { NotDue, refuseUndue, requireDue, tellNotDue } from "./due.ts";
import { openStores, placesOf, setsOf, tellFailedCopy } from "./places.ts";
import { complain, logForm } from "./terminal.ts";
import { printError } from "./print/error.ts";
import { type Counts, progressForm, showProgress } from "./print/progress.ts";
import { pruneAfterBackup } from "./pruner.ts";
import { readTrusted } from "./sets.ts";
import type { Task } from "./tasks.ts";

/** What came of one database: of its backup in each store, or of all of it, if no store has one. */
export type Outcome =
  | { database: string; store: string; backup: Backup }
  | { database: string; store: string | null; error: unknown }
  | { database: string; notDue: NotDue };

/** What a run is begun with. */
export interface Beginning {
  config: Config;
  /** Those of the config that are backed up. */
  entries: readonly DatabaseConfig[];
  adopt: boolean;
  /** How long, in ms, to wait for a run of the same database. */
  waitMs: number;
  /** Makes a backup only if one is due by the schedule. */
  ifDue: boolean;
  globals: Globals;
}

/** What all backups of one run share. */
export interface Run extends Beginning {
  stores: ReadonlyMap<string, Store>;
  recipients: readonly Recipient[];
  signer: Signer;
  trusted: readonly TrustedSigner[];
}

/**
 * Opens the stores and reads the keys; makes this host's signer, if it makes its very first backup.
 *
 * @throws {DbackedError} `key`, `config` or `store`.
 */
export async function beginRun(beginning: Beginning, signal: AbortSignal): Promise<Run> {
  const { config, entries } = beginning;
  const stores = await openStores(config);
  const recipients = await readRecipients(config);
  const signer = await readOrMakeSigner(config, setsOf(entries, stores), signal);
  return { ...beginning, stores, recipients, signer, trusted: await readTrusted(config) };
}

/** Backs up one database, and tells how it went. Only an interruption is thrown. */
export async function attempt(run: Run, task: Task, signal: AbortSignal): Promise<readonly Outcome[]> {
  const { set: database } = task;
  try {
    const places = placesOf(run, task);
    if (run.ifDue) await requireDue(task, places, run.trusted, signal);
    const outcome = await make(run, task, places, signal);
    const made = outcome.copies.map(({ place, backup }) => ({ database, store: place.name, backup }));
    const failed = outcome.failed.map((copy) => {
      const error = tellFailedCopy(copy, outcome);
      complainOf(run, database, error);
      return { database, store: copy.place.name, error };
    });
    return [...made, ...failed];
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NotDue) return [{ database, notDue: tellNotDue(database, error) }];
    complainOf(run, database, error);
    return [{ database, store: null, error }];
  }
}

async function make(
  run: Run,
  task: Task,
  places: readonly Place[],
  signal: AbortSignal,
): Promise<BackupOutcome> {
  const { set, entry } = task;
  const plan = await planOf(run, task, places);
  using _ = showProgress(set, () => countsOf(plan.progress), progressForm(run.globals));
  const startedAt = performance.now();
  const outcome = await backUp(plan, signal);
  tellSuccess(outcome, performance.now() - startedAt);
  for (const { place } of outcome.copies)
    await pruneAfterBackup({ set, entry, store: place.store, storeName: place.name }, run.trusted, signal);
  return outcome;
}

/** Says on stderr that the backup of a set has failed. */
export function complainOf({ globals }: Run, about: string, error: unknown): void {
  complain(printError(error, { form: logForm(globals), about, verbose: globals.verbose }));
}

function countsOf({ dumped, stored, readBack }: Progress): Counts {
  const counts = [["dumped", dumped] as const, ["stored", stored] as const];
  return readBack.bytes === 0 ? counts : [...counts, ["read back", readBack.bytes]];
}

async function planOf(run: Run, { set, entry, open }: Task, places: readonly Place[]): Promise<BackupPlan> {
  return {
    set,
    database: await open(),
    places,
    codec: entry.compression,
    recipients: run.recipients,
    signer: run.signer,
    trusted: run.trusted,
    host: run.config.agentId ?? hostname(),
    version,
    acceptIncomplete: entry.acceptIncomplete,
    adopt: run.adopt,
    now: () => new Date(),
    stallMs: entry.stallMs,
    ...(run.ifDue ? { admit: (previous) => refuseUndue(entry, previous) } : {}),
    progress: { dumped: 0, stored: 0, readBack: { bytes: 0 } },
    tellGaps: (gaps) => {
      for (const { object, why } of gaps) log.warn(`${set}: lacks ${object} (${why})`);
    },
  };
}

async function readRecipients({ recipients }: Config): Promise<Recipient[]> {
  const read: Recipient[] = [];
  for (const { from, pem, label } of recipients) {
    try {
      const recipient = await readRecipient(pem, { label });
      for (const warning of recipient.warnings) log.warn(`the public key ${from}: ${warning}`);
      read.push(recipient);
    } catch (cause) {
      const hint = cause instanceof DbackedError ? cause.hint : undefined;
      throw new DbackedError("key", `${from}: ${reasonOf(cause)}`, { hint, cause });
    }
  }
  return read;
}

async function readOrMakeSigner(
  { signer }: Config,
  sets: readonly StoredSet[],
  signal: AbortSignal,
): Promise<Signer> {
  if (signer === null) throw new DbackedError("config", "No signing key: set DBACKED_SIGNER_KEY");
  if ("pem" in signer) return await readSigner(signer.pem.reveal());
  const made = await signerOf(signer.file, sets, signal);
  if (made.isNew) {
    log.info(
      `Made this host's signing key, ${signer.file}. Where you restore, trust it:\n` +
        `  trustedSigners = ["${made.signer.text}"]`,
    );
  }
  for (const { set, store } of made.unasked) {
    log.warn(
      `${set}: whether ${store.label} has backups under another key could not be seen. If it has, put that key in the ` +
        `place of ${signer.file}: else a restore trusts either those or the new ones`,
    );
  }
  return made.signer;
}

function tellSuccess({ copies }: BackupOutcome, ms: number): void {
  const [copy] = copies;
  if (copy === undefined) return;
  const { name, manifest } = copy.backup;
  const sizes = `${printBytes(manifest.dumpBytes)} dumped, ${printBytes(manifest.bytes)} stored`;
  const where = copies.map(({ place }) => place.store.label).join(" and ");
  log.success(
    `${manifest.set}: backup ${name.id.slice(0, 12)} is in ${where} (${sizes}, ${printDuration(ms)})`,
  );
  const { narrowed, complete } = manifest;
  if (narrowed.length > 0)
    log.warn(`${manifest.set}: narrowed by ${narrowed.join(" ")}, so it is not complete`);
  else if (!complete) log.warn(`${manifest.set}: it is not complete: what could not be read was left out`);
}
