import type { ReadableStreamDefaultReader } from "node:stream/web";
import type { Bytes } from "../base/bytes.ts";

/**
 * How long, in ms, we wait altogether for a pipe after the program has exited. What the program itself wrote is there
 * at once; more can come only from a program that it left behind.
 */
const GRACE_MS = 2000;

/** How many bytes may come after the exit: more than a pipe and our own buffer hold. */
const GRACE_BYTES = 16 * 1024 * 1024;

/** The reading end of a program's pipe, which a program left behind cannot keep open for ever. */
export class Pipe {
  /** True once the end of the pipe has come: nobody holds it any more. */
  hasEnded = false;
  /** True if the program has exited but the pipe did not end: somebody else still holds it. */
  isHeld = false;

  readonly #reader: ReadableStreamDefaultReader<Bytes> | null;
  #hasExited = false;
  #isReading = false;
  #msLeft = GRACE_MS;
  #bytesLeft = GRACE_BYTES;
  #timer: Timer | undefined;

  constructor(stream: ReadableStream<Bytes> | null | undefined, exited: Promise<unknown>) {
    this.#reader = stream?.getReader() ?? null;
    if (this.#reader === null) this.hasEnded = true;
    void exited.then(() => {
      this.#hasExited = true;
      if (this.#isReading) this.#startTimer();
    });
  }

  /** The next bytes, or null at the end of the pipe and when it is given up (`isHeld`). */
  async read(): Promise<Bytes | null> {
    if (this.#reader === null || this.hasEnded || this.isHeld) return null;
    this.#isReading = true;
    if (this.#hasExited) this.#startTimer();
    const startedAt = performance.now();
    const { done, value } = await this.#reader.read();
    this.#isReading = false;
    clearTimeout(this.#timer);
    if (this.isHeld) return null;
    if (done) {
      this.hasEnded = true;
      return null;
    }
    if (this.#hasExited) this.#spend(performance.now() - startedAt, value.length);
    return this.isHeld ? null : value;
  }

  #startTimer(): void {
    this.#timer = setTimeout(() => this.#giveUp(), this.#msLeft);
  }

  #spend(ms: number, bytes: number): void {
    this.#msLeft -= ms;
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) this.#giveUp();
  }

  #giveUp(): void {
    this.isHeld = true;
    // Ends a read that is under way.
    void this.#reader?.cancel().catch(() => {});
  }
}
