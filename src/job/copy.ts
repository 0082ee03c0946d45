import { DbackedError, reasonOf } from "../base/error.ts";
import { type Claim, claimSet } from "../catalog/identity.ts";
import { type Backup, findNewest, listSets } from "../catalog/list.ts";
import type { Store } from "../store/store.ts";
import type { BackupPlan } from "./backup.ts";
import { OtherTime } from "./host-clock.ts";
import { type Lease, type LeaseTerms, takeLease } from "./lease.ts";
import type { Reading } from "./measure.ts";
import type { ReadBack } from "./read-back.ts";
import { noteVerifier } from "./trust.ts";
import { forListing } from "./waits.ts";
import { Watchdog } from "./watchdog.ts";

/** A store that a backup goes to. */
export interface Place {
  /** Its name in the config. */
  name: string;
  store: Store;
  /** How much of the backup is read again when it is stored. */
  readBack: ReadBack;
  /** How the set is held there meanwhile. @default it is not: others may back it up at the same time */
  lease?: LeaseTerms;
  /** Told why the store does not let us read what was stored. */
  tellUnread: (refusal: DbackedError) => void;
  /** Told that it holds backups of the set, and that none of them counts. */
  tellNoneCounts?: () => void;
}

/** What one step of a copy does; `signal` is aborted when the copy has failed. */
type Step<T> = (copy: Copy, signal: AbortSignal) => Promise<T>;

/** The copy of a backup in one of its stores. It stands still alone, and fails alone. */
export class Copy implements AsyncDisposable {
  readonly place: Place;
  readonly watchdog: Watchdog;
  /** Its manifest is there: what fails later leaves a backup behind that is not proved, or not right. */
  isStored = false;
  /** What was read back of it. */
  readonly reading: Reading = { bytes: 0 };
  readonly #outer: AbortSignal;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  #lease: Lease | null = null;
  #failure: { error: unknown } | null = null;

  constructor(place: Place, { stallMs, now }: Pick<BackupPlan, "stallMs" | "now">, signal: AbortSignal) {
    this.place = place;
    this.watchdog = new Watchdog({ limitMs: stallMs, moved: () => this.reading.bytes, now });
    this.#outer = signal;
    this.#signal = AbortSignal.any([signal, this.watchdog.signal, this.#over.signal]);
  }

  /** Why there is none; null while all is well. */
  get failure(): { error: unknown } | null {
    return this.#failure;
  }

  /**
   * Does a step, unless an earlier one has failed. Its failure is this copy's; thrown is only what ends the whole backup.
   *
   * @throws {DbackedError} `busy`: another run makes this backup.
   */
  async attempt<T>(step: Step<T>): Promise<T | undefined> {
    if (this.#failure !== null) return undefined;
    try {
      return await Promise.race([step(this, this.#signal), this.watchdog.givenUp]);
    } catch (error) {
      this.#outer.throwIfAborted();
      const { signal } = this.watchdog;
      // Whatever a standstill has led to, it was first.
      this.#failure = { error: signal.aborted ? signal.reason : error };
      this.#over.abort(error);
      if (error instanceof DbackedError && error.kind === "busy") throw error;
      return undefined;
    } finally {
      this.watchdog.turnTo(null);
    }
  }

  /** Holds the set in this store until this is disposed of, or fails. */
  async hold(plan: BackupPlan, signal: AbortSignal): Promise<void> {
    const { store, lease: terms } = this.place;
    if (terms === undefined) return;
    const { set, signer, trusted, now } = plan;
    const { timeoutMs } = terms;
    const stir = () => this.watchdog.stir();
    this.#lease = await takeLease({ set, store, signer, trusted, now, timeoutMs, terms, stir }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Error("the backup is over"));
    this.watchdog[Symbol.dispose]();
    await this.#lease?.[Symbol.asyncDispose]();
  }
}

/** All copies of one backup, in the order of their stores. */
export class Copies implements AsyncDisposable {
  readonly #plan: BackupPlan;
  readonly #all: readonly Copy[];

  constructor(plan: BackupPlan, signal: AbortSignal) {
    this.#plan = plan;
    this.#all = plan.places.map((place) => new Copy(place, plan, signal));
  }

  /** Those that have not failed. */
  get standing(): readonly Copy[] {
    return this.#all.filter(({ failure }) => failure === null);
  }

  /** Those that have. */
  get failed(): readonly FailedCopy[] {
    return this.#all.flatMap(({ place, failure, isStored }) =>
      failure === null ? [] : { place, isStored, ...failure },
    );
  }

  /** Makes the set ours in each store. It has one number, as far as the stores do not say otherwise. */
  async claim(claim: Claim): Promise<void> {
    let id: string | undefined;
    await this.#inTurn(async ({ place, watchdog }, signal) => {
      watchdog.turnTo(forListing(place, claim.set));
      const identity = await claimSet(place.store, { ...claim, id }, signal);
      id ??= identity.id;
    });
  }

  /**
   * Holds the set in each store, always in the same order, so that of two runs one has all of them.
   *
   * @throws {DbackedError} `busy`, if another run holds it in any of them; {OtherTime} if this host's clock is wrong, as far
   * as can be told.
   */
  async hold(): Promise<void> {
    await this.#inTurn(async (copy, signal) => {
      copy.watchdog.turnTo(forListing(copy.place, this.#plan.set));
      await copy.hold(this.#plan, signal);
    });
    this.#requireTime();
  }

  /** The newest backup that counts in any of the stores. */
  async findNewest(): Promise<Backup | undefined> {
    const { set, trusted } = this.#plan;
    let newest: Backup | undefined;
    await this.#inTurn(async ({ place, watchdog }, signal) => {
      watchdog.turnTo(forListing(place, set));
      const verify = noteVerifier(place.store, trusted, signal);
      const found = await findNewest(place.store, set, verify, signal);
      if (found === undefined && (await listSets(place.store, `${set}/`, signal)).includes(set))
        place.tellNoneCounts?.();
      newest = newerOf(newest, found);
    });
    return newest;
  }

  /** Does the same for all that stand, at the same time, and waits for all. */
  async each<T>(step: Step<T>): Promise<readonly T[]> {
    const done = await Promise.allSettled(this.standing.map((copy) => copy.attempt(step)));
    return done.flatMap((each) => {
      if (each.status === "rejected") throw each.reason;
      return each.value ?? [];
    });
  }

  /** @throws {DbackedError} if none is left. */
  requireOne(): void {
    if (this.standing.length === 0) throw failureOf(this.failed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((copy) => copy[Symbol.asyncDispose]()));
  }

  /** One store may be wrong itself, if another one agrees with us; else the backup would be of a wrong time everywhere. */
  #requireTime(): void {
    const other = this.failed.find(({ error }) => error instanceof OtherTime);
    if (other !== undefined && this.standing.every(({ place }) => place.store.hasHostTime)) throw other.error;
  }

  async #inTurn(step: Step<void>): Promise<void> {
    for (const copy of this.standing) await copy.attempt(step);
    this.requireOne();
  }
}

/** A store that has no copy of a backup, or one that is not proved, and why. */
export interface FailedCopy {
  place: Place;
  isStored: boolean;
  error: unknown;
}

/** Of two backups the one that was taken last. */
export function newerOf(one: Backup | undefined, other: Backup | undefined): Backup | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.manifest.takenAt < other.manifest.takenAt ? other : one;
}

/** What is said where no copy stands: one store's own words, or those of all. */
function failureOf(failed: readonly FailedCopy[]): unknown {
  const [first, ...others] = failed;
  if (first === undefined || others.length === 0 || !(first.error instanceof DbackedError))
    return first?.error;
  const reasons = failed.map(({ place, error }) => `${place.name}: ${reasonOf(error)}`);
  const hints = failed.flatMap(({ error }) => (error instanceof DbackedError ? (error.hint ?? []) : []));
  return new DbackedError(first.error.kind, `It went wrong in every store.\n${reasons.join("\n")}`, {
    hint: [...new Set(hints)].join("\n") || undefined,
    cause: first.error,
  });
}
