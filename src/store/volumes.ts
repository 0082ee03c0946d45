import { type Bytes, type ByteStream, streamOf } from "../base/bytes.ts";
import { volumeKey } from "./key.ts";
import type { Store } from "./store.ts";

/** One file that is kept in several objects. */
interface VolumeSource {
  /** Bytes of all volumes together. */
  readonly size: number;
  /** The bytes [start, end), across volumes. */
  read(start: number, end: number, signal: AbortSignal): Promise<ByteStream>;
}

/** Reads an object and its further volumes as one file; `sizes` are theirs, in order. */
export function volumeSource(store: Store, key: string, sizes: readonly number[]): VolumeSource {
  return {
    size: sizes.reduce((sum, size) => sum + size, 0),
    async read(start, end, signal) {
      const pieces = piecesOf(sizes, start, end);
      // The first is opened at once, so that an object that is missing is told before anything is read.
      const [first, ...others] = pieces;
      if (first === undefined) return streamOf();
      const open = ({ number, from, to }: Piece) =>
        store.get(volumeKey(key, number), { start: from, end: to }, signal);
      return chain(
        await open(first),
        others.map((piece) => () => open(piece)),
      );
    },
  };
}

/** The sizes of an object's volumes, where no manifest says them: as many consecutive numbers as there are. */
export async function findVolumes(
  store: Store,
  key: string,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const { objects } = await store.list(key, signal);
  const sizes = new Map(objects.map((object) => [object.key, object.size]));
  const found: number[] = [];
  for (;;) {
    const size = sizes.get(volumeKey(key, found.length));
    if (size === undefined) return found;
    found.push(size);
  }
}

/** What is read of one volume. */
interface Piece {
  number: number;
  from: number;
  to: number;
}

function piecesOf(sizes: readonly number[], start: number, end: number): Piece[] {
  const pieces: Piece[] = [];
  let begin = 0;
  for (const [number, size] of sizes.entries()) {
    const from = Math.max(start, begin) - begin;
    const to = Math.min(end, begin + size) - begin;
    if (from < to) pieces.push({ number, from, to });
    begin += size;
  }
  return pieces;
}

/** One stream after the other; each is opened when the one before it has ended. */
function chain(first: ByteStream, others: readonly (() => Promise<ByteStream>)[]): ByteStream {
  const rest = others.values();
  let reader = first.getReader();
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          const next = rest.next();
          if (next.done) return controller.close();
          reader = (await next.value()).getReader();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
