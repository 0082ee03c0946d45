/** Bytes as Web Crypto takes them: never over shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The one type of stream in the whole program. "Ended" means "succeeded"; a failure is a stream error. A piece belongs to
 * whoever reads it: its writer never looks at it again, and its reader may `release()` it.
 */
export type ByteStream = ReadableStream<Bytes>;

/** A step between two streams. */
export type ByteTransform = TransformStream<Bytes, Bytes>;

const encoder = new TextEncoder();

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** Joins pieces into one new array. */
export function concat(...pieces: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** A stream of pieces that are at hand already. */
export function streamOf(...pieces: readonly Bytes[]): ByteStream {
  const rest = pieces.values();
  return new ReadableStream<Bytes>(
    {
      pull(controller) {
        const next = rest.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Everything that a stream holds, for small streams: `limit` bytes at most. */
export async function collect(stream: ByteStream, limit: number): Promise<Bytes> {
  const pieces: Bytes[] = [];
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > limit) throw new RangeError(`more than ${limit} bytes`);
    pieces.push(piece);
  }
  return concat(...pieces);
}

/** Smaller pieces are not worth it. */
const SMALLEST_RELEASED = 4 * 1024;

/**
 * Gives the memory of a piece back at once, when it has been copied or written. Left to the garbage collector, the
 * pieces of a fast stream pile up to 80 MB before it runs (measured). A piece that is a view of something larger is left
 * alone: others may look at the rest.
 */
export function release(piece: Bytes): void {
  const isWhole = piece.byteOffset === 0 && piece.byteLength === piece.buffer.byteLength;
  if (isWhole && piece.byteLength >= SMALLEST_RELEASED) piece.buffer.transfer(0);
}
