import type { Bytes } from "../../base/bytes.ts";

/**
 * The buffers of one upload, a fixed number of them, filled again and again: fresh ones would cost three times the
 * memory (measured). Waiting for one is the back-pressure.
 */
export class PartBuffers {
  readonly #size: number;
  readonly #free: Bytes[] = [];
  readonly #waiting: PromiseWithResolvers<Bytes>[] = [];
  #unmade: number;

  constructor(size: number, count: number) {
    this.#size = size;
    this.#unmade = count;
  }

  async take(): Promise<Bytes> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#unmade > 0) {
      this.#unmade -= 1;
      return new Uint8Array(this.#size);
    }
    const next = Promise.withResolvers<Bytes>();
    this.#waiting.push(next);
    return next.promise;
  }

  give(buffer: Bytes): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(buffer);
    else next.resolve(buffer);
  }
}
