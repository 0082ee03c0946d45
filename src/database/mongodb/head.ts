import type { Bytes, ByteStream } from "../../base/bytes.ts";
import { replay } from "../replay.ts";
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
  return { namespaces: reading.namespaces, bytes: replay(read, reader) };
}
