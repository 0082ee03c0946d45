import type { ReadableStreamDefaultReader } from "node:stream/web";
import type { Bytes, ByteStream } from "../base/bytes.ts";

/** A stream of which the beginning was looked at, from its first byte: `read`, then what is left in `rest`. */
export function replay(read: Bytes[], rest: ReadableStreamDefaultReader<Bytes>): ByteStream {
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const piece = read.shift();
        if (piece !== undefined) return controller.enqueue(piece);
        const { done, value } = await rest.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => rest.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
