import { hostname } from "node:os";
import { version } from "../../package.json";
import { DbackedError, reasonOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { printBytes, printDuration } from "../base/units.ts";
import type { Backup } from "../catalog/list.ts";
import type { Config, DatabaseConfig } from "../config/config.ts";
import { type BackupPlan, backUp, type Progress } from "../job/backup.ts";
import type { ReadBack } from "../job/read-back.ts";
import { signerOf, type StoredSet } from "../job/signer.ts";
import { type Recipient, readRecipient } from "../seal/key.ts";
import { readSigner, type Signer } from "../seal/signer.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { Store } from "../store/store.ts";
import type { Globals } from "./command.ts";
import { NotDue, refuseUndue, requireDue, tellNotDue } from "./due.ts";
import { leaseTermsOf } from "./lease-terms.ts";
import { complain, logForm } from "./terminal.ts";
import { printError } from "./print/error.ts";
import { type Counts, progressForm, showProgress } from "./print/progress.ts";
import { pruneAfterBackup } from "./pruner.ts";
import { readTrusted } from "./sets.ts";
import type { Task } from "./tasks.ts";

/** What came of one database. */
export type Outcome =
  | { database: string; store: string; backup: Backup }
  | { database: string; store: string; error: unknown }
  | { database: string; store: string; notDue: NotDue };

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
  const stores = new Map<string, Store>();
  for (const { name, open } of config.stores) stores.set(name, await open());
  const recipients = await readRecipients(config);
  const sets = entries.map((entry) => {
    const { name, server } = entry;
    return { set: name, prefix: server === null ? `${name}/` : `${name}.`, store: storeOf(stores, entry) };
  });
  const signer = await readOrMakeSigner(config, sets, signal);
  return { ...beginning, stores, recipients, signer, trusted: await readTrusted(config) };
}

/** Backs up one database, and tells how it went. Only an interruption is thrown. */
export async function attempt(run: Run, task: Task, signal: AbortSignal): Promise<Outcome> {
  const { set, entry } = task;
  const store = storeOf(run.stores, entry);
  const where = { database: set, store: entry.store ?? "" };
  try {
    if (run.ifDue) await requireDue(task, store, run.trusted, signal);
    const plan = await planOf(run, task, store);
    using _ = showProgress(set, () => countsOf(plan.progress), progressForm(run.globals));
    const startedAt = performance.now();
    const backup = await backUp(plan, signal);
    tellSuccess(backup, store, performance.now() - startedAt);
    await pruneAfterBackup({ set, entry, store, storeName: where.store }, run.trusted, signal);
    return { ...where, backup };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NotDue) return { ...where, notDue: tellNotDue(set, error) };
    const { globals } = run;
    complain(printError(error, { form: logForm(globals), about: set, verbose: globals.verbose }));
    return { ...where, error };
  }
}

function countsOf({ dumped, stored, readBack }: Progress): Counts {
  const counts = [["dumped", dumped] as const, ["stored", stored] as const];
  return readBack.bytes === 0 ? counts : [...counts, ["read back", readBack.bytes]];
}

async function planOf(run: Run, { set, entry, open }: Task, store: Store): Promise<BackupPlan> {
  return {
    set,
    database: await open(),
    store,
    codec: entry.compression,
    recipients: run.recipients,
    signer: run.signer,
    trusted: run.trusted,
    host: run.config.agentId ?? hostname(),
    version,
    acceptIncomplete: entry.acceptIncomplete,
    adopt: run.adopt,
    now: () => new Date(),
    readBack: readBackOf(run.config, entry),
    stallMs: entry.stallMs,
    lease: leaseTermsOf(set, store, { timeoutMs: entry.leaseMs, waitMs: run.waitMs }),
    ...(run.ifDue ? { admit: (previous) => refuseUndue(entry, previous) } : {}),
    progress: { dumped: 0, stored: 0, readBack: { bytes: 0 } },
    tellGaps: (gaps) => {
      for (const { object, why } of gaps) log.warn(`${set}: lacks ${object} (${why})`);
    },
    tellUnread: ({ message }) => {
      log.warn(`${set}: the backup is stored, and nothing proves that it can be read: ${message}`);
    },
  };
}

function readBackOf({ stores }: Config, { store }: DatabaseConfig): ReadBack {
  return stores.find(({ name }) => name === store)?.readBack ?? "full";
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
  return made.signer;
}

function storeOf(stores: ReadonlyMap<string, Store>, { name, store }: DatabaseConfig): Store {
  const found = stores.get(store ?? "");
  if (found === undefined) throw new DbackedError("config", `The database "${name}" goes to no store`);
  return found;
}

function tellSuccess({ name, manifest }: Backup, store: Store, ms: number): void {
  const sizes = `${printBytes(manifest.dumpBytes)} dumped, ${printBytes(manifest.bytes)} stored`;
  log.success(
    `${manifest.set}: backup ${name.id.slice(0, 12)} is in ${store.label} (${sizes}, ${printDuration(ms)})`,
  );
  const { narrowed, complete } = manifest;
  if (narrowed.length > 0)
    log.warn(`${manifest.set}: narrowed by ${narrowed.join(" ")}, so it is not complete`);
  else if (!complete) log.warn(`${manifest.set}: it is not complete: what could not be read was left out`);
}
