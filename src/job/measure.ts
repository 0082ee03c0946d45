import type { Bytes, ByteTransform } from "../base/bytes.ts";
import type { Source } from "../seal/source.ts";

/** How much of one or more envelopes has been read, in bytes. */
export interface Reading {
  bytes: number;
}

/** A source that notes what is read of it. */
export function meteredSource(source: Source, reading: Reading): Source {
  return {
    size: source.size,
    read: async (start, end, signal) => (await source.read(start, end, signal)).pipeThrough(meter(reading)),
  };
}

/** Notes what passes. */
export function meter(reading: Reading): ByteTransform {
  return new TransformStream({
    transform(piece, controller) {
      reading.bytes += piece.length;
      controller.enqueue(piece);
    },
  });
}

/** Tells how many bytes have passed so far. */
export function count(tell: (bytes: number) => void): ByteTransform {
  let bytes = 0;
  return new TransformStream({
    transform(piece, controller) {
      bytes += piece.length;
      tell(bytes);
      controller.enqueue(piece);
    },
  });
}

/** Counts and digests the bytes that pass. */
export class Measure {
  readonly transform: ByteTransform;
  readonly #hasher = new Bun.CryptoHasher("sha256");
  #bytes = 0;

  constructor() {
    this.transform = new TransformStream({
      transform: (piece, controller) => {
        this.#bytes += piece.length;
        this.#hasher.update(piece);
        controller.enqueue(piece);
      },
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** SHA-256 of all that passed; to be asked once, at the end. */
  digest(): Bytes {
    return new Uint8Array(this.#hasher.digest());
  }
}
