import type { Bytes, ByteStream } from "../base/bytes.ts";
import { DbackedError, type ErrorKind } from "../base/error.ts";
import { printDuration } from "../base/units.ts";
import { scoped } from "./scope.ts";

/** How many times per limit a job is looked at: it is stopped at most a twentieth late. */
const LOOKS = 20;

const GRACE_MS = 30_000;

/** What a job waits for. */
export interface Wait {
  kind: ErrorKind;
  /** What did not happen, as in `pg_dump has written nothing`. */
  lacks: string;
  hint: string;
  /** What is to be known besides, as a clause. */
  so?: string;
}

/** How long a job may stand still, and how one sees whether it does. */
interface Limit {
  limitMs: number;
  /** A number that changes whenever bytes have moved. */
  moved: () => number;
  now: () => Date;
  /** How long, in ms, the job may take to stop. @default 30,000: an upload takes at most 20,000 to clear up. */
  graceMs?: number;
}

/**
 * Runs a job under a signal, which is aborted when the job is over, and when no byte has moved for too long.
 *
 * @throws {DbackedError} of the kind of whatever it waited for, if it stood still.
 */
export async function guarded<T>(
  limit: Limit,
  signal: AbortSignal,
  work: (watchdog: Watchdog, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using watchdog = new Watchdog(limit);
  const both = AbortSignal.any([signal, watchdog.signal]);
  const working = scoped(both, (inner) => work(watchdog, inner)).catch((error: unknown) => {
    // Whatever the stop has led to, the standstill was first.
    throw watchdog.signal.aborted && !signal.aborted ? watchdog.signal.reason : error;
  });
  return await Promise.race([working, watchdog.givenUp]);
}

/** Looks now and then whether a job goes on. */
export class Watchdog implements Disposable {
  readonly #limit: Limit;
  readonly #stop = new AbortController();
  readonly #lost = Promise.withResolvers<never>();
  readonly #timer: Timer;
  #wait: Wait | null = null;
  #stirs = 0;
  #seen = "";
  #quietLooks = 0;
  #since: Date;
  #grace: Timer | undefined;

  constructor(limit: Limit) {
    this.#limit = limit;
    this.#since = limit.now();
    this.#lost.promise.catch(() => {});
    this.#timer = setInterval(() => this.#look(), limit.limitMs / LOOKS);
  }

  /** Aborted when the job has stood still for too long; the reason says where. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Rejects some time after that, with the same reason: what hangs in the system itself never stops. */
  get givenUp(): Promise<never> {
    return this.#lost.promise;
  }

  /** Says what the job waits for from now on, null for what others watch; that it got so far is a movement. */
  turnTo(wait: Wait | null): void {
    this.#wait = wait;
    this.stir();
  }

  /** Says that something moved, whatever the job waits for. */
  stir(): void {
    this.#stirs += 1;
  }

  /**
   * Lets a stream pass. While its reader wants a piece and gets none, `source` is what the job waits for, else `sink`; so it
   * is at its end, unless nobody watches what comes then.
   */
  watch(stream: ByteStream, source: Wait | null, sink: Wait | null): ByteStream {
    const reader = stream.getReader();
    return new ReadableStream<Bytes>(
      {
        pull: async (controller) => {
          this.turnTo(source);
          const { done, value } = await reader.read();
          this.turnTo(done ? (sink ?? source) : sink);
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    clearTimeout(this.#grace);
  }

  #look(): void {
    const seen = `${this.#stirs} ${this.#limit.moved()}`;
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#quietLooks = 0;
      this.#since = this.#limit.now();
      return;
    }
    this.#quietLooks += 1;
    if (this.#quietLooks < LOOKS || this.#wait === null) return;
    const failure = this.#failure(this.#wait);
    clearInterval(this.#timer);
    this.#grace = setTimeout(() => this.#lost.reject(failure), this.#limit.graceMs ?? GRACE_MS);
    this.#stop.abort(failure);
  }

  #failure({ kind, lacks, hint, so }: Wait): DbackedError {
    const since = this.#since.toISOString();
    const message = `${lacks} for ${printDuration(this.#limit.limitMs)}, since ${since}`;
    return new DbackedError(kind, so === undefined ? message : `${message}; ${so}`, {
      hint: `${hint}\nif it only needs longer: raise stallTimeout of this database`,
    });
  }
}
