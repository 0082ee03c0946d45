import type { Bytes, ByteStream } from "../../base/bytes.ts";
import { ArchiveReader, type Namespace } from "./archive-reader.ts";

/** What an archive says of itself before its documents. */
export interface Head {
  namespaces: readonly Namespace[];
  /** The whole archive again, from its first byte. */
  bytes: ByteStream;
}

/**
 * Reads the list of collections at the beginning of an archive, and gives the archive back as if it had not been touched.
 *
 * @throws {DbackedError} `damaged`, if it is no archive, or ends too early; the stream's error, if that fails.
 */
export async function readHead(archive: ByteStream): Promise<Head> {
  const reading = new ArchiveReader();
  const reader = archive.getReader();
  const read: Bytes[] = [];
  try {
    while (!reading.hasPrelude) {
      const { done, value } = await reader.read();
      if (done) {
        reading.end();
        break;
      }
      read.push(value);
      reading.push(value);
    }
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  }
  const bytes = new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const piece = read.shift();
        if (piece !== undefined) return controller.enqueue(piece);
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { namespaces: reading.namespaces, bytes };
}
