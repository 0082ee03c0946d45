import { type Agenda, replan, type Result } from "../schedule/agenda.ts";
import { later, type Schedule } from "../schedule/schedule.ts";

/** Something that is backed up by its schedule. */
export interface Charge {
  name: string;
  schedule: Schedule;
}

/** Makes what is due of a charge, if anything is. */
export type Tend = (charge: Charge, signal: AbortSignal) => Promise<Result>;

/** Backups that are made at the same time. */
const AT_ONCE = 2;

/** How long a loop sleeps at most, in ms, unless it is told otherwise. */
export const NAP_MS = 15_000;

/** How far a clock may go back before everything is looked at again, in ms. */
const STEP_MS = 1000;

/** How a loop knows the time, and who hears of it. */
export interface Clockwork {
  now?: () => Date;
  /** Longest sleep, in ms: that a clock was set, or that the host slept, is noticed so late. @default 15,000 */
  napMs?: number;
  /** Told each time the loop comes round, also after every nap: nobody hears of a loop that hangs. */
  beat?: (view: View) => void;
}

/** What a loop is at. */
export interface View {
  /** Names of what is looked after now. */
  running: readonly string[];
  /** What is looked at next, and when; null if nothing waits. */
  next: { name: string; at: Date } | null;
}

interface State {
  charge: Charge;
  agenda: Agenda;
}

/** Looks after its charges, each by its schedule. */
export class Loop {
  readonly #tend: Tend;
  readonly #now: () => Date;
  readonly #napMs: number;
  readonly #beat: (view: View) => void;
  readonly #running = new Map<string, Promise<void>>();
  #states: State[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(tend: Tend, { now = () => new Date(), napMs = NAP_MS, beat = () => {} }: Clockwork = {}) {
    this.#tend = tend;
    this.#now = now;
    this.#napMs = napMs;
    this.#beat = beat;
  }

  /** Takes other charges. Each is looked at once, at once: the store knows what is due. */
  follow(charges: readonly Charge[]): void {
    const lookAt = this.#now();
    this.#states = charges.map((charge) => ({ charge, agenda: { lookAt, trouble: null } }));
    this.#wake.resolve();
  }

  /** Goes on until `signal` is aborted and whatever ran has ended. */
  async run(signal: AbortSignal): Promise<void> {
    let seen = this.#now();
    while (!signal.aborted) {
      const now = this.#now();
      if (later(now, STEP_MS) < seen) for (const state of this.#states) state.agenda.lookAt = now;
      seen = now;
      this.#startDue(now, signal);
      this.#beat(this.#view());
      await this.#nap(signal);
    }
    await Promise.all(this.#running.values());
  }

  #view(): View {
    const waiting = this.#states.filter(({ charge }) => !this.#running.has(charge.name));
    const [first] = waiting.toSorted(
      (one, other) => one.agenda.lookAt.getTime() - other.agenda.lookAt.getTime(),
    );
    const next = first === undefined ? null : { name: first.charge.name, at: first.agenda.lookAt };
    return { running: [...this.#running.keys()], next };
  }

  #startDue(now: Date, signal: AbortSignal): void {
    const waiting = this.#states
      .filter(({ charge, agenda }) => agenda.lookAt <= now && !this.#running.has(charge.name))
      .toSorted((one, other) => one.agenda.lookAt.getTime() - other.agenda.lookAt.getTime());
    for (const state of waiting.slice(0, Math.max(0, AT_ONCE - this.#running.size))) {
      const { name } = state.charge;
      const running = this.#look(state, signal).finally(() => {
        this.#running.delete(name);
        this.#wake.resolve();
      });
      this.#running.set(name, running);
    }
  }

  async #look(state: State, signal: AbortSignal): Promise<void> {
    const { charge } = state;
    const result = await this.#tend(charge, signal);
    state.agenda = replan(charge.schedule, state.agenda, result, this.#now());
  }

  async #nap(signal: AbortSignal): Promise<void> {
    const now = this.#now().getTime();
    const isFull = this.#running.size >= AT_ONCE;
    const looks = this.#states
      .filter(({ charge }) => !isFull && !this.#running.has(charge.name))
      .map(({ agenda }) => agenda.lookAt.getTime() - now);
    const ms = Math.max(0, Math.min(this.#napMs, ...looks));
    const stop = () => this.#wake.resolve();
    const timer = setTimeout(stop, ms);
    signal.addEventListener("abort", stop, { once: true });
    await this.#wake.promise;
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    this.#wake = Promise.withResolvers<void>();
  }
}
