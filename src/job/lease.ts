import { setTimeout as sleep } from "node:timers/promises";
import { DbackedError } from "../base/error.ts";
import { printDuration } from "../base/units.ts";
import { leaseKey, nextLease } from "../catalog/lease-key.ts";
import { encodeLease, LEASE_TYPE, type LeaseNote } from "../catalog/lease-note.ts";
import { signNote } from "../seal/note.ts";
import type { Signer } from "../seal/signer.ts";
import { requireSameTime } from "./host-clock.ts";
import { type HeldLease, type LeasePlace, lookForLeases } from "./lease-look.ts";
import { markProcess } from "./process.ts";

/** Signs of life in the time after which a lease without any is over. */
const SIGNS = 5;

/** How often a held lease is looked at, in ms, unless it may be over sooner. */
const POLL_MS = 10_000;

/** Others may be faster so often; who is still without a lease then meets something odd. */
const ATTEMPTS = 10;

/** How long giving it back may take, in ms: who does not hear of it waits for its end. */
const FAREWELL_MS = 10_000;

/** How a set is held while it is backed up. */
export interface LeaseTerms {
  timeoutMs: number;
  /** How long to wait for another run, in ms. */
  waitMs: number;
  /** Told once that another run is waited for. */
  tellWaiting: (busy: DbackedError) => void;
  /** Told that this store cannot keep two runs apart. */
  tellUnsure: () => void;
  /** Told why others cannot see that this run lives. */
  tellUnseen: (failure: unknown) => void;
}

interface Asked extends LeasePlace {
  signer: Signer;
  terms: Omit<LeaseTerms, "timeoutMs">;
  /** Told while it is waited. */
  stir: () => void;
}

/**
 * Takes the lease of a set, so that of several runs one makes the backup. It is no lock: a lost race costs a second backup,
 * and both are whole.
 *
 * @throws {DbackedError} `busy`, if another run holds it for longer than we wait; `store`, also where its clock and this
 * host's tell other times.
 */
export async function takeLease(asked: Asked, signal: AbortSignal): Promise<Lease> {
  const lease = await Lease.of(asked, signal);
  try {
    await waitFor(lease, asked, signal);
    return lease;
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
}

async function waitFor(lease: Lease, asked: Asked, signal: AbortSignal): Promise<void> {
  const { terms, stir } = asked;
  const deadline = performance.now() + terms.waitMs;
  let busy = await lease.take(signal);
  if (busy !== null && terms.waitMs > 0) terms.tellWaiting(busyError(asked, busy));
  while (busy !== null) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw busyError(asked, busy);
    await sleep(Math.min(leftMs, POLL_MS, asked.timeoutMs / SIGNS), undefined, { signal });
    stir();
    busy = await lease.take(signal);
  }
}

/** A lease that this run has, or tries to take. Disposing gives it back. */
export class Lease implements AsyncDisposable {
  readonly #asked: Asked;
  readonly #signal: AbortSignal;
  readonly #who: Pick<LeaseNote, "run" | "since" | "process">;
  #lease: string | null = null;
  #signs = 0;
  #timer: Timer | undefined;
  #showing: Promise<void> = Promise.resolve();

  private constructor(asked: Asked, who: Pick<LeaseNote, "run" | "since" | "process">, signal: AbortSignal) {
    this.#asked = asked;
    this.#who = who;
    this.#signal = signal;
  }

  /** The run's lease before it is taken. It shows that it lives until `signal` is aborted. */
  static async of(asked: Asked, signal: AbortSignal): Promise<Lease> {
    const process = await markProcess();
    return new Lease(asked, { run: crypto.randomUUID(), since: asked.now().toISOString(), process }, signal);
  }

  /** Tries to take it. Gives the lease of the other run, if that is first. */
  async take(signal: AbortSignal): Promise<HeldLease | null> {
    const { store, terms, now: ours } = this.#asked;
    let known: string | null = null;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const before = ours();
      const { held, last, now } = await lookForLeases(this.#asked, signal);
      requireSameTime(store.label, { stored: now, before, after: ours() });
      if (held[0] !== undefined) return held[0];
      // What exists and is not listed was made by somebody a moment ago.
      const lease = nextLease(known ?? last, now);
      known = lease;
      if (!(await this.#create(lease, 0, signal))) continue;
      this.#lease = lease;
      const first = await this.#findFirst(lease, signal);
      if (first !== null) {
        await this.#giveBack();
        return first;
      }
      if (store.createsOnce === false) terms.tellUnsure();
      this.#timer = setInterval(() => this.#show(), this.#asked.timeoutMs / SIGNS);
      return null;
    }
    throw new DbackedError("busy", `The lease of ${this.#asked.set} in ${store.label} cannot be taken`, {
      hint: "others take it again and again: what runs there?",
    });
  }

  /** Who was first after all: where nothing can be created once, or when the day changes, two may have taken one. */
  async #findFirst(lease: string, signal: AbortSignal): Promise<HeldLease | null> {
    const { held } = await lookForLeases(this.#asked, signal);
    const own = held.find((each) => each.lease === lease);
    if (own !== undefined && own.note.run !== this.#who.run) return own;
    const mine = own?.takenAt.getTime() ?? Infinity;
    const isFirst = (each: HeldLease) =>
      each.takenAt.getTime() < mine || (each.takenAt.getTime() === mine && each.lease < lease);
    return held.find((each) => each !== own && isFirst(each)) ?? null;
  }

  async #create(lease: string, sign: number, signal: AbortSignal): Promise<boolean> {
    const { set, store, signer } = this.#asked;
    const note = await signNote(LEASE_TYPE, encodeLease({ set, lease, sign, ...this.#who }), signer);
    return (await store.create(leaseKey(set, { lease, sign }), note, signal)) === "created";
  }

  #show(): void {
    const lease = this.#lease;
    if (lease === null || this.#signal.aborted) return clearInterval(this.#timer);
    this.#signs += 1;
    const sign = this.#signs;
    this.#showing = this.#showing
      .then(() => this.#create(lease, sign, this.#signal))
      .then(
        () => {},
        (error: unknown) => {
          if (!this.#signal.aborted) this.#asked.terms.tellUnseen(error);
        },
      );
  }

  async #giveBack(): Promise<void> {
    const { set, store, signer } = this.#asked;
    const lease = this.#lease;
    if (lease === null) return;
    this.#lease = null;
    const end = leaseKey(set, { lease, sign: "end" });
    const note = await signNote(
      LEASE_TYPE,
      encodeLease({ set, lease, sign: this.#signs, ...this.#who }),
      signer,
    );
    // Who cannot be told waits until it is over by itself.
    await store.create(end, note, AbortSignal.timeout(FAREWELL_MS)).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([this.#showing, Bun.sleep(FAREWELL_MS)]);
    await this.#giveBack();
  }
}

function busyError(
  { set, store, timeoutMs, now }: Asked,
  { note, signer, lastSignAt }: HeldLease,
): DbackedError {
  const run = `run ${note.run.slice(0, 8)} of the signer ${signer}`;
  const heard = `last heard of ${printDuration(Math.max(0, now().getTime() - lastSignAt.getTime()))} ago`;
  return new DbackedError(
    "busy",
    `Another run is backing up "${set}" to ${store.label}: ${run}, since ${note.since}, ${heard}`,
    {
      hint: `wait for it with --wait 1h; one that died holds it for ${printDuration(timeoutMs)} (leaseTimeout)`,
    },
  );
}
