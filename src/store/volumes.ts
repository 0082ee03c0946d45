import type { Bytes, ByteStream } from "../base/bytes.ts";
import { volumeKey } from "./key.ts";
import { checkRange } from "./range.ts";
import { NotFound, type ByteRange, type Store } from "./store.ts";

/** An object and its volumes, read as if they were one. */
export interface VolumeSource {
  /** Bytes of all volumes together. */
  readonly size: number;
  /** The bytes [start, end), from as many volumes as they lie in. */
  read(start: number, end: number, signal: AbortSignal): Promise<ByteStream>;
}

/** Reads across the volumes of an object, whose sizes are known. */
export function volumeSource(store: Store, key: string, sizes: readonly number[]): VolumeSource {
  const size = sizes.reduce((sum, each) => sum + each, 0);
  return {
    size,
    async read(start, end, signal) {
      checkRange(`${store.label}/${key}`, { start, end }, size);
      return join(cut(key, sizes, { start, end }), (piece) => store.get(piece.key, piece.range, signal));
    },
  };
}

/**
 * Sizes of an object and of the volumes that follow it without a gap: for when there is no manifest to tell them.
 *
 * @throws {NotFound} if there is no object `key`.
 */
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
    if (size === undefined) break;
    found.push(size);
  }
  if (found.length === 0) throw new NotFound(store.label, key);
  return found;
}

interface Piece {
  key: string;
  range: ByteRange;
}

/** The parts of volumes that a range lies in, in order. */
function cut(key: string, sizes: readonly number[], wanted: ByteRange): Piece[] {
  let begin = 0;
  return sizes.flatMap((size, number) => {
    const start = Math.max(wanted.start - begin, 0);
    const end = Math.min(wanted.end - begin, size);
    begin += size;
    return start < end ? [{ key: volumeKey(key, number), range: { start, end } }] : [];
  });
}

/** One stream of several, each opened only when the one before has ended; the first at once. */
async function join(
  pieces: readonly Piece[],
  open: (piece: Piece) => Promise<ByteStream>,
): Promise<ByteStream> {
  const rest = pieces.values();
  const next = async () => {
    const { value: piece } = rest.next();
    return piece === undefined ? null : (await open(piece)).getReader();
  };
  let opened = next();
  await opened;
  let isCancelled = false;
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        for (let reader = await opened; reader !== null; reader = await opened) {
          const { value, done } = await reader.read();
          // What is cancelled ends too: no other volume may be opened then, since nobody would close it.
          if (isCancelled) return;
          if (!done) return controller.enqueue(value);
          opened = next();
        }
        controller.close();
      },
      async cancel(reason) {
        isCancelled = true;
        await (await opened.catch(() => null))?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
