import type { Bytes, ByteStream } from "../base/bytes.ts";

/** Sees a stream pass. What it throws fails the stream. */
interface Watcher {
  see(piece: Bytes): void;
  /** Judges the whole once the source has ended well. */
  end(): void | Promise<void>;
  /** Puts the source's failure into words. */
  explain(error: unknown): unknown;
}

interface Watched {
  bytes: ByteStream;
  /** Settles as `bytes` does; rejects too if it is cancelled. */
  ended: Promise<void>;
}

/** Lets a watcher see a stream that passes unchanged, and have a say in whether it ended well. */
export function watchStream(source: ByteStream, watcher: Watcher): Watched {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  // Whoever needs it awaits it; a stream that fails says so itself.
  ended.catch(() => {});
  const reader = source.getReader();
  const fail = (error: unknown) => {
    reject(error);
    return error;
  };
  const bytes = new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          throw fail(watcher.explain(error));
        });
        try {
          if (done) await watcher.end();
          else watcher.see(value);
        } catch (error) {
          await reader.cancel(error).catch(() => {});
          throw fail(error);
        }
        if (!done) return controller.enqueue(value);
        resolve();
        controller.close();
      },
      async cancel(reason) {
        fail(reason ?? new Error("the dump was given up"));
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { bytes, ended };
}
