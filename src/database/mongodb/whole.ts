import type { ByteStream } from "../../base/bytes.ts";
import { reasonOf } from "../../base/error.ts";
import { BrokenDump } from "../whole.ts";
import { ArchiveReader } from "./archive-reader.ts";

/** Reads an archive to its end as it was read while it was dumped. mongorestore has no way to read one without a server. */
export async function readArchive(body: ByteStream): Promise<string> {
  const archive = new ArchiveReader();
  for await (const piece of body) judging(() => archive.push(piece));
  judging(() => archive.end());
  return "the end and the CRC of each collection";
}

function judging(judge: () => void): void {
  try {
    judge();
  } catch (error) {
    throw new BrokenDump(reasonOf(error), error);
  }
}
