import type { ByteTransform } from "../base/bytes.ts";
import type { Opened } from "./open.ts";
import { Refusal } from "./refusal.ts";

/**
 * Lets a decompressed dump pass, and fails at its end if length or digest are not those in the envelope's trailer.
 * A dump that grows longer than the trailer of a source says fails at once.
 *
 * The stream fails with {@link Refusal} `dump`.
 */
export function verifyDump(opened: Opened): ByteTransform {
  const hasher = new Bun.CryptoHasher("sha256");
  const limit = opened.summary?.sourceBytes ?? Infinity;
  let bytes = 0;
  return new TransformStream({
    transform(piece, controller) {
      bytes += piece.length;
      if (bytes > limit) throw refuse(`it is longer than ${limit} bytes`);
      hasher.update(piece);
      controller.enqueue(piece);
    },
    async flush() {
      const { sourceBytes, sourceDigest } = await opened.ended;
      if (bytes !== sourceBytes) throw refuse(`it has ${bytes} bytes instead of ${sourceBytes}`);
      if (sourceDigest !== null && Buffer.compare(hasher.digest(), sourceDigest) !== 0) {
        throw refuse("its digest is another");
      }
    },
  });
}

function refuse(why: string): Refusal {
  return new Refusal("dump", `The decompressed dump is not the one that was sealed: ${why}`, {
    hint: "was it decompressed by the codec that the envelope names?",
  });
}
