import { S3Failure, type Place, type Purpose } from "./failure.ts";

const LONGEST_PAUSE_MS = 20_000;
const LONGEST_LIMIT_MS = 30 * 60_000;

/** How often a request is sent on which a backup of hours depends: the pauses add up to a minute, as long as a server restarts. */
export const PATIENT_ATTEMPTS = 10;

/** One request to S3, which may be sent several times. */
export interface Request<Output> extends Purpose {
  /** How often it is sent at most. @default 5: gives up after three seconds of refusals. */
  attempts?: number;
  /** @default that of the store's patience */
  limit?: TimeLimit;
  act: (signal: AbortSignal) => Promise<Output>;
}

/** How a store is asked, in general. */
export interface Patience {
  /** How long a small request may take. */
  limitMs: number;
  /** The first pause between two attempts; each is twice the one before. */
  pauseMs: number;
}

/**
 * How long one attempt may take, for all requests that share it: doubled when that was too short. A success lets it come
 * down to three times what that took, but not below where it began, so that one slow hour does not make later hung
 * connections cost half an hour each.
 */
export class TimeLimit {
  ms: number;
  readonly #least: number;

  constructor(ms: number) {
    this.ms = ms;
    this.#least = ms;
  }

  /** An attempt took longer than `ms`. */
  raise(ms: number): void {
    this.ms = Math.max(this.ms, Math.min(2 * ms, LONGEST_LIMIT_MS));
  }

  /** An attempt succeeded after `ms`. */
  lower(ms: number): void {
    this.ms = Math.max(this.#least, Math.min(this.ms, 3 * ms));
  }
}

/** Where requests go, and how. */
interface Way extends Place {
  tuning: Patience;
  /** Gets fresh credentials if those have expired; false if that is not it, or there are none to get. */
  mends(failure: S3Failure): Promise<boolean>;
}

/**
 * Sends a request again while what it meets may pass. This is the only level at which anything is repeated; the SDK's
 * own retry is off, since it resends neither what was damaged on its way nor what stalled.
 *
 * @throws {S3Failure}, or the signal's reason.
 */
export async function send<Output>(
  request: Request<Output>,
  place: Way,
  signal: AbortSignal,
): Promise<Output> {
  const { limitMs, pauseMs } = place.tuning;
  const limit = request.limit ?? new TimeLimit(limitMs);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withLimit(request.act, limit, signal);
    } catch (error) {
      signal.throwIfAborted();
      const failure = S3Failure.from(error, request, place);
      if (attempt >= (request.attempts ?? 5)) throw failure;
      if (!failure.isPassing && !(await place.mends(failure))) throw failure;
    }
    await pause(attempt, pauseMs, signal);
  }
}

async function withLimit<Output>(
  act: (signal: AbortSignal) => Promise<Output>,
  limit: TimeLimit,
  signal: AbortSignal,
): Promise<Output> {
  signal.throwIfAborted();
  const { ms } = limit;
  const stop = new AbortController();
  const forward = () => stop.abort(signal.reason);
  const timer = setTimeout(() => {
    limit.raise(ms);
    stop.abort(new DOMException(`no answer within ${ms} ms`, "TimeoutError"));
  }, ms);
  signal.addEventListener("abort", forward, { once: true });
  const startedAt = performance.now();
  try {
    const output = await act(stop.signal);
    limit.lower(performance.now() - startedAt);
    return output;
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", forward);
  }
}

/** Waits before the next attempt: longer each time, and never as long as the neighbours. */
export async function pause(attempt: number, firstMs: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(firstMs * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  const timer = setTimeout(stop, longest * (0.5 + Math.random() / 2));
  signal.addEventListener("abort", stop, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
}
