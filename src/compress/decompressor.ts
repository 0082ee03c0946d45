import type { ByteStream, ByteTransform, Bytes } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";

/**
 * Decompresses a stream of zstd frames or gzip members, one or many. Memory is bounded by back-pressure, whatever the
 * data swells to. Nothing in gives nothing out. The web stream is used because Node's decompressors end without an
 * error on a stream that is cut.
 */
export function decompressor(format: "zstd" | "gzip"): ByteTransform {
  const inner = new DecompressionStream(format);
  const source = new Source(inner.writable.getWriter(), format);
  return { writable: source.writable, readable: readDecompressed(inner.readable, source) };
}

/** The way in: it remembers an error that came from further up, which is not damage. */
class Source {
  readonly writable: WritableStream<Bytes>;
  readonly format: "zstd" | "gzip";
  /** What upstream failed with. */
  failure: { reason: unknown } | null = null;
  #controller: WritableStreamDefaultController | null = null;
  #isEmpty = true;

  constructor(writer: WritableStreamDefaultWriter, format: "zstd" | "gzip") {
    this.format = format;
    this.writable = new WritableStream<Bytes>({
      start: (controller) => {
        this.#controller = controller;
      },
      write: async (chunk) => {
        if (chunk.length === 0) return;
        this.#isEmpty = false;
        await writer.write(chunk);
      },
      close: async () => {
        // The decoder takes an empty stream for one that is cut.
        if (this.#isEmpty) await writer.write(emptyStream(format));
        await writer.close();
      },
      abort: async (reason) => {
        this.failure = { reason };
        await writer.abort(reason);
      },
    });
  }

  /** Tells upstream at once, even if it is idle, that nobody reads any more. */
  stop(reason: unknown): void {
    this.#controller?.error(reason);
  }
}

function readDecompressed(decompressed: ByteStream, source: Source): ByteStream {
  const reader = decompressed.getReader();
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          const { value, done } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          throw source.failure === null ? damaged(source.format, error) : source.failure.reason;
        }
      },
      async cancel(reason) {
        source.stop(reason);
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function damaged(format: string, cause: unknown): DbackedError {
  return new DbackedError(
    "damaged",
    `Cannot decompress: the ${format} data is damaged or cut short (${reasonOf(cause)})`,
    { cause },
  );
}

function emptyStream(format: "zstd" | "gzip"): Bytes {
  const nothing = new Uint8Array(0);
  return new Uint8Array(format === "zstd" ? Bun.zstdCompressSync(nothing) : Bun.gzipSync(nothing));
}
