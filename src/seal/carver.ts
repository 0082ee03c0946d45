import type { Bytes, ByteStream } from "../base/bytes.ts";
import { ByteReader } from "./reader.ts";

/** How many segments are worked on at the same time. Two cores are busy with four; more only takes memory. */
const IN_FLIGHT = 4;

/** Cuts a stream into pieces of one size, and holds its last bytes back. */
export class Carver {
  readonly #reader: ByteReader;
  readonly #size: number;
  readonly #buffer: Bytes;
  #length = 0;
  #ended = false;

  /** `hold` is how many bytes must have come behind a piece before it is given out. */
  constructor(stream: ByteStream, size: number, hold: number, signal?: AbortSignal) {
    this.#reader = new ByteReader(stream, signal);
    this.#size = size;
    this.#buffer = new Uint8Array(size + hold);
  }

  /** The next piece: a view that is good until the next call; null if what is left is `tail`. */
  async next(): Promise<Bytes | null> {
    if (this.#length === this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#size);
      this.#length -= this.#size;
    }
    while (!this.#ended && this.#length < this.#buffer.length) {
      const filled = await this.#reader.fill(this.#buffer.subarray(this.#length));
      this.#length += filled;
      this.#ended = filled === 0;
    }
    return this.#ended ? null : this.#buffer.subarray(0, this.#size);
  }

  /** What is left after the last piece: at most `size` + `hold` - 1 bytes. */
  get tail(): Bytes {
    return this.#buffer.subarray(0, this.#length);
  }

  cancel(reason: unknown): void {
    this.#reader.cancel(reason);
  }
}

/**
 * Starts `work` on piece after piece, several at a time, and gives the results in order. `work` must be done with its
 * piece when it returns, as Web Crypto is: it copies its input before anything else.
 */
export async function* workOn<T>(
  carver: Carver,
  work: (piece: Bytes) => Promise<T>,
): AsyncGenerator<T, void, undefined> {
  const started: Promise<T>[] = [];
  for (;;) {
    while (started.length < IN_FLIGHT) {
      const piece = await carver.next();
      if (piece === null) break;
      const result = work(piece);
      // It is awaited in its turn, if ever; until then a failure is no unhandled one.
      result.catch(() => {});
      started.push(result);
    }
    const first = started.shift();
    if (first === undefined) return;
    yield await first;
  }
}

/** A stream of what `pieces` yields. If it fails or is cancelled, `giveUp` is called with the reason. */
export function streamPieces(
  pieces: AsyncGenerator<Bytes, void, undefined>,
  giveUp: (reason: unknown) => void,
): ByteStream {
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          const next = await pieces.next();
          if (next.done) controller.close();
          else controller.enqueue(next.value);
        } catch (error) {
          giveUp(error);
          throw error;
        }
      },
      cancel: giveUp,
    },
    { highWaterMark: 0 },
  );
}
