import type { ReadableStreamDefaultReader } from "node:stream/web";
import type { Bytes, ByteStream } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { Child } from "./child.ts";

/** Moves a stream into a program's stdin, which closes only after the stream ended well or the program is dead. */
export class Pump {
  readonly #child: Child;
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  readonly #done: Promise<void>;

  constructor(body: ByteStream, child: Child) {
    this.#child = child;
    this.#reader = body.getReader();
    this.#done = this.#run();
    // Whoever waits for done() learns of it; until then it is no unhandled rejection.
    this.#done.catch(() => {});
    void child.exited.then(() => (child.hasExitedWell ? undefined : this.cancel()));
  }

  /**
   * Waits until all of the stream was written, or until the program is dead, whose own failure says why.
   *
   * @throws the stream's error, after the program was killed; {DbackedError} `tool`, if the program exited with code 0 too early.
   */
  done(): Promise<void> {
    return this.#done;
  }

  /** Gives up the stream. The program must be dead already. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        if (value.length > 0) await this.#write(value);
      }
      await this.#close();
    } catch (error) {
      this.#child.kill();
      await this.#child.exited;
      await this.cancel();
      await this.#child.closeStdin().catch(() => {});
      throw error;
    }
  }

  async #write(bytes: Bytes): Promise<void> {
    if (this.#child.hasExitedWell) throw this.#unread();
    // EPIPE says less than how the program ended.
    await this.#child.write(bytes).catch(() => this.#judge());
  }

  async #close(): Promise<void> {
    await this.#child.closeStdin().catch(() => this.#judge());
  }

  async #judge(): Promise<void> {
    await this.#child.exited;
    if (this.#child.hasExitedWell) throw this.#unread();
  }

  #unread(): DbackedError {
    return new DbackedError("tool", `${this.#child.name} exited before it had read all its input`);
  }
}
