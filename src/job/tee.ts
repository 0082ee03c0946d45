import type { ReadableStreamDefaultReader } from "node:stream/web";
import type { Bytes, ByteStream } from "../base/bytes.ts";

/**
 * Gives the bytes of one stream to so many readers. The next piece is read when all of them want one, so that the slowest
 * sets the pace and nothing piles up. Each gets a piece of its own. One that leaves does not concern the others; when the
 * last one leaves, the stream is cancelled.
 */
export class Tee {
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  readonly #live: Set<Branch>;
  readonly #free: Branch[];
  #isReading = false;
  #failure: { error: unknown } | null = null;

  constructor(source: ByteStream, count: number) {
    this.#reader = source.getReader();
    const told = {
      wants: () => void this.#turn(),
      leaves: (branch: Branch, reason: unknown) => this.#leave(branch, reason),
    };
    this.#live = new Set(Array.from({ length: count }, () => new Branch(told)));
    this.#free = [...this.#live];
  }

  /** The bytes for one of the readers. When `signal` is aborted the others go on without it, whatever it does. */
  take(signal: AbortSignal): ByteStream {
    const branch = this.#free.pop();
    if (branch === undefined) throw new Error("more readers than were told of");
    const drop = () => branch.drop(signal.reason);
    if (signal.aborted) drop();
    else signal.addEventListener("abort", drop, { once: true });
    return branch.bytes;
  }

  /** How the stream itself failed, and with it all who read it; null if it did not. */
  get failure(): { error: unknown } | null {
    return this.#failure;
  }

  async #turn(): Promise<void> {
    if (this.#isReading || this.#live.size === 0) return;
    for (const { isWaiting } of this.#live) if (!isWaiting) return;
    this.#isReading = true;
    try {
      const { done, value } = await this.#reader.read();
      this.#isReading = false;
      if (done) this.#end();
      else this.#give(value);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Whoever gets a piece may detach it: all but the last one get a copy. */
  #give(piece: Bytes): void {
    let left = this.#live.size;
    for (const branch of this.#live) {
      left -= 1;
      branch.give(left === 0 ? piece : piece.slice());
    }
  }

  #end(): void {
    for (const branch of this.#live) branch.end();
    this.#live.clear();
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    for (const branch of this.#live) branch.fail(error);
    this.#live.clear();
  }

  /** Whether the others go on is no matter of whoever leaves. */
  async #leave(branch: Branch, reason: unknown): Promise<void> {
    if (!this.#live.delete(branch)) return;
    if (this.#live.size === 0) await this.#reader.cancel(reason);
    else void this.#turn();
  }
}

interface Told {
  wants: () => void;
  leaves: (branch: Branch, reason: unknown) => Promise<void>;
}

class Branch {
  readonly bytes: ByteStream;
  readonly #told: Told;
  #controller: ReadableStreamDefaultController<Bytes> | null = null;
  #wanted: PromiseWithResolvers<void> | null = null;

  constructor(told: Told) {
    this.#told = told;
    this.bytes = new ReadableStream<Bytes>(
      {
        start: (controller) => void (this.#controller = controller),
        pull: () => {
          this.#wanted = Promise.withResolvers();
          told.wants();
          return this.#wanted.promise;
        },
        cancel: (reason) => {
          this.#settle();
          return told.leaves(this, reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Its reader wants a piece and has none. */
  get isWaiting(): boolean {
    return this.#wanted !== null;
  }

  give(piece: Bytes): void {
    this.#controller?.enqueue(piece);
    this.#settle();
  }

  end(): void {
    this.#controller?.close();
    this.#settle();
  }

  fail(error: unknown): void {
    this.#controller?.error(error);
    this.#settle();
  }

  drop(reason: unknown): void {
    this.fail(reason);
    // How the stream takes its end is told to those who feed it.
    this.#told.leaves(this, reason).catch(() => {});
  }

  #settle(): void {
    this.#wanted?.resolve();
    this.#wanted = null;
  }
}
