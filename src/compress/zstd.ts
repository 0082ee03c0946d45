import { release, type Bytes, type ByteTransform } from "../base/bytes.ts";

/**
 * Bytes of dump in one frame. Measured on 500 MB of text like that of a dump: 2 MiB costs 0.4 % of size against one
 * single frame, 4 MiB 0.2 % and twice the memory; the speed is the same.
 */
const FRAME_SIZE = 2 * 1024 * 1024;

/** Frames compressed at the same time: enough for two cores while the main thread does other work. */
const IN_FLIGHT = 3;

/**
 * Compresses into independent zstd frames, several at a time on Bun's thread pool, in order. Frames one after another
 * are one valid zstd stream. Nothing in gives nothing out.
 */
export function zstdFrames(level: number): ByteTransform {
  const frames = new FrameQueue(level);
  let buffer = frames.takeBuffer();
  let filled = 0;
  return new TransformStream<Bytes, Bytes>({
    async transform(chunk, controller) {
      let rest = chunk;
      while (rest.length > 0) {
        const piece = rest.subarray(0, FRAME_SIZE - filled);
        buffer.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
        if (filled < FRAME_SIZE) break;
        if (frames.isFull) controller.enqueue(await frames.next());
        frames.start(buffer, filled);
        buffer = frames.takeBuffer();
        filled = 0;
      }
      release(chunk);
    },
    async flush(controller) {
      if (filled > 0) frames.start(buffer, filled);
      while (!frames.isEmpty) controller.enqueue(await frames.next());
    },
  });
}

/**
 * Frames that are being compressed, oldest first, and the buffers that they were filled in. `Bun.zstdCompress` reads
 * its input after it has returned (measured), so a buffer is filled again only when its frame is done.
 */
class FrameQueue {
  readonly #level: number;
  readonly #running: Promise<Bytes>[] = [];
  readonly #buffers: Bytes[] = [];

  constructor(level: number) {
    this.#level = level;
  }

  get isEmpty(): boolean {
    return this.#running.length === 0;
  }

  get isFull(): boolean {
    return this.#running.length >= IN_FLIGHT;
  }

  takeBuffer(): Bytes {
    return this.#buffers.pop() ?? new Uint8Array(FRAME_SIZE);
  }

  start(buffer: Bytes, length: number): void {
    const frame = this.#compress(buffer, length);
    // Whoever takes the frame sees its error; if the stream is torn down before that, nobody needs to.
    frame.catch(() => undefined);
    this.#running.push(frame);
  }

  async next(): Promise<Bytes> {
    return (await this.#running.shift()) ?? new Uint8Array(0);
  }

  async #compress(buffer: Bytes, length: number): Promise<Bytes> {
    const frame = await Bun.zstdCompress(buffer.subarray(0, length), { level: this.#level });
    this.#buffers.push(buffer);
    return new Uint8Array(frame.buffer as ArrayBuffer, frame.byteOffset, frame.byteLength);
  }
}
