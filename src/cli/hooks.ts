import { DbackedError, reasonOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { Backup } from "../catalog/list.ts";
import type { DatabaseConfig } from "../config/config.ts";
import { type Facts, type HookName, runHook } from "../notify/hook.ts";
import type { Outcome } from "./session.ts";

/** After a signal there is no time for more, in ms. */
const HURRY_MS = 10_000;

const NOT_NEEDED = new DbackedError("busy", "Another run has made the backup meanwhile");

/** Runs the commands of one entry of the config around each of its backups. */
export class EntryHooks {
  readonly #entry: DatabaseConfig;
  /** Sets whose backup was begun: what `before` did, an after undoes. */
  readonly #begun = new Set<string>();

  constructor(entry: DatabaseConfig) {
    this.#entry = entry;
  }

  /** @throws {DbackedError} `tool`, if the command fails: then there is no backup. */
  async before(set: string, signal: AbortSignal): Promise<void> {
    this.#begun.add(set);
    await this.#run("before", this.#factsOf(set), signal);
  }

  /**
   * Runs the command that fits what came of a backup; after one that nobody needed, only if it was begun.
   *
   * @returns the failure of a command after a good backup.
   */
  async after(set: string, outcomes: readonly Outcome[], signal: AbortSignal): Promise<DbackedError | null> {
    const backup = outcomes.find((outcome) => "backup" in outcome)?.backup;
    const failure = outcomes.find((outcome) => "error" in outcome);
    const facts = this.#factsOf(set, backup);
    if (failure !== undefined) await this.#afterFailure(set, facts, failure.error, signal);
    else if (backup === undefined) {
      if (this.#begun.has(set)) await this.#afterFailure(set, facts, NOT_NEEDED, signal);
    } else {
      try {
        await this.#run("afterSuccess", facts, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof DbackedError)) throw error;
        return new DbackedError(error.kind, `The backup is stored. ${error.message}`, error);
      }
    }
    return null;
  }

  /** Tells of a failure before any backup was begun, or of a signal during one. */
  async failed(set: string, error: unknown, signal: AbortSignal): Promise<void> {
    await this.#afterFailure(set, this.#factsOf(set), error, signal);
  }

  /** That it fails is a warning: there is a failure already. */
  async #afterFailure(set: string, facts: Facts, error: unknown, signal: AbortSignal): Promise<void> {
    const known = error instanceof DbackedError ? error : null;
    const inHaste = signal.aborted;
    const why = {
      DBACKED_ERROR_KIND: known?.kind ?? (inHaste ? "interrupted" : "bug"),
      DBACKED_ERROR: reasonOf(error),
      DBACKED_HINT: known?.hint ?? "",
    };
    try {
      await this.#run("afterFailure", { ...facts, ...why }, inHaste ? AbortSignal.timeout(HURRY_MS) : signal);
    } catch (failure) {
      if (!inHaste) signal.throwIfAborted();
      log.warn(`${set}: ${reasonOf(failure)}`);
    }
  }

  async #run(name: HookName, facts: Facts, signal: AbortSignal): Promise<void> {
    const { hooks } = this.#entry;
    const argv = hooks?.[name] ?? null;
    if (hooks === null || argv === null) return;
    const tell = (line: string) => log.info(`${facts.DBACKED_DATABASE}: ${name}: ${line}`);
    await runHook({ name, argv, limitMs: hooks.limitMs, facts, tell }, signal);
  }

  #factsOf(set: string, backup?: Backup): Facts {
    const { type, stores } = this.#entry;
    const facts = { DBACKED_DATABASE: set, DBACKED_ENGINE: type, DBACKED_STORES: stores.join(",") };
    if (backup === undefined) return facts;
    const { manifest } = backup;
    return {
      ...facts,
      DBACKED_BACKUP_ID: manifest.backup,
      DBACKED_TAKEN_AT: manifest.takenAt,
      DBACKED_FINISHED_AT: manifest.finishedAt,
      DBACKED_BYTES: String(manifest.bytes),
      DBACKED_DUMP_BYTES: String(manifest.dumpBytes),
      DBACKED_COMPLETE: String(manifest.complete),
    };
  }
}
