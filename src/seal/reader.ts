import type { ReadableStreamDefaultReader } from "node:stream/web";
import { type Bytes, type ByteStream, concat, release } from "../base/bytes.ts";
import { refuseCut } from "./refusal.ts";

/** Reads a stream in pieces of the size that is asked for, whatever the pieces that it comes in. */
export class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  readonly #stop: () => void;
  readonly #signal: AbortSignal | undefined;
  /** The piece that was read last, and what is left of it. */
  #whole: Bytes = new Uint8Array(0);
  #piece: Bytes = new Uint8Array(0);
  #cancelled: { reason: unknown } | null = null;

  constructor(stream: ByteStream, signal?: AbortSignal) {
    this.#reader = stream.getReader();
    this.#signal = signal;
    this.#stop = () => this.cancel(signal?.reason);
    signal?.addEventListener("abort", this.#stop, { once: true });
  }

  /** The next bytes, at least one and at most `limit`, as a view; null at the end. */
  async some(limit: number): Promise<Bytes | null> {
    while (this.#piece.length === 0) {
      this.#check();
      const { done, value } = await this.#reader.read();
      // A stream that was cancelled looks as if it had ended.
      this.#check();
      if (done) {
        this.#signal?.removeEventListener("abort", this.#stop);
        return null;
      }
      this.#whole = value;
      this.#piece = value;
    }
    const taken = this.#piece.subarray(0, limit);
    this.#piece = this.#piece.subarray(taken.length);
    return taken;
  }

  /** Copies the next bytes, as many as one piece has and `target` takes, and gives their number; 0 at the end. */
  async fill(target: Bytes): Promise<number> {
    const bytes = await this.some(target.length);
    if (bytes === null) return 0;
    target.set(bytes);
    const { length } = bytes;
    if (this.#piece.length === 0) release(this.#whole);
    return length;
  }

  /** The next `length` bytes; fewer only at the end. */
  async take(length: number): Promise<Bytes> {
    const pieces: Bytes[] = [];
    for (let missing = length; missing > 0;) {
      const piece = await this.some(missing);
      if (piece === null) break;
      pieces.push(piece);
      missing -= piece.length;
    }
    return concat(...pieces);
  }

  /** The next `length` bytes. @throws {Refusal} `truncated`, if there are fewer. */
  async takeWhole(length: number): Promise<Bytes> {
    const bytes = await this.take(length);
    if (bytes.length < length) throw refuseCut();
    return bytes;
  }

  /** Puts bytes back that were taken last. */
  unread(bytes: Bytes): void {
    this.#whole = concat(bytes, this.#piece);
    this.#piece = this.#whole;
  }

  /** Everything that was not taken. */
  rest(): ByteStream {
    return new ReadableStream<Bytes>(
      {
        pull: async (controller) => {
          const piece = await this.some(Infinity);
          if (piece === null) controller.close();
          else controller.enqueue(piece);
        },
        cancel: (reason) => this.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** Gives the stream up; whoever reads on gets `reason` as an error. */
  cancel(reason: unknown): void {
    this.#cancelled ??= { reason };
    this.#signal?.removeEventListener("abort", this.#stop);
    // What the stream says to that is of no interest to anybody.
    this.#reader.cancel(reason).catch(() => {});
  }

  #check(): void {
    this.#signal?.throwIfAborted();
    if (this.#cancelled !== null) throw this.#cancelled.reason;
  }
}
