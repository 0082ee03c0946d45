import type { ByteStream } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { BrokenDump } from "../whole.ts";
import { ArchiveReader } from "./archive-reader.ts";

/** Reads an archive of mongodump to its end: each block, and the CRC of each collection. */
export async function readArchive(body: ByteStream): Promise<string> {
  const reader = new ArchiveReader();
  for await (const piece of body) judge(() => reader.push(piece));
  judge(() => reader.end());
  return "the reader of mongodump's archives";
}

function judge(look: () => void): void {
  try {
    look();
  } catch (error) {
    throw error instanceof DbackedError ? new BrokenDump(error.message, error) : error;
  }
}
