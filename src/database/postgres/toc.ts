import type { Bytes, ByteStream } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { replay } from "../replay.ts";
import type { ArchiveHeader, TocEntry } from "./archive.ts";
import { TocReader } from "./toc-reader.ts";

export interface Toc {
  header: ArchiveHeader;
  entries: readonly TocEntry[];
  /** The whole archive again, from its first byte. */
  bytes: ByteStream;
}

/**
 * Reads the table of contents at the beginning of an archive, and gives the archive back as if it had not been touched.
 * All of it is kept: 10,000 tables with their indexes need about 30 MiB. Only its entries have a limit, the same as in a
 * dump: what could be dumped can be restored.
 *
 * @throws {DbackedError} `damaged`, if it is no archive, or ends too early; the stream's error, if that fails.
 */
export async function readToc(archive: ByteStream): Promise<Toc> {
  const entries: TocEntry[] = [];
  const toc = new TocReader((entry) => entries.push(entry));
  const reader = archive.getReader();
  const read: Bytes[] = [];
  try {
    while (!toc.isDone) {
      const { done, value } = await reader.read();
      if (done) {
        toc.flush();
        break;
      }
      read.push(value);
      toc.push(value);
    }
    if (toc.header === null || !toc.isDone)
      throw new DbackedError("damaged", "the dump ends inside its table of contents");
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  }
  return { header: toc.header, entries, bytes: replay(read, reader) };
}
