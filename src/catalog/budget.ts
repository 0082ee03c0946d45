/** Bounds how many bytes are in hand at once: what would be too much waits, but for one thing alone. */
export class Budget {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #spent = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Does `work` on so many bytes as soon as there is room for them. */
  async spend<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    while (this.#spent > 0 && this.#spent + bytes > this.#limit) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
    this.#spent += bytes;
    try {
      return await work();
    } finally {
      this.#spent -= bytes;
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }
}
