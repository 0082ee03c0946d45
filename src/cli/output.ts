import { fstatSync, ftruncateSync } from "node:fs";
import type { Bytes, ByteStream } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";

const STDOUT = 1;

/** Whether stdout is a file, which can be emptied if things go wrong. */
export function isFileOutput(): boolean {
  return fstatSync(STDOUT).isFile();
}

/**
 * Writes a stream to stdout. If it fails half-way, a file is emptied, so that nobody takes it for the whole.
 *
 * @throws {DbackedError} `target`, if stdout cannot be written; the error of `stream`.
 */
export async function writeOutput(stream: ByteStream): Promise<void> {
  const writer = Bun.stdout.writer();
  try {
    for await (const piece of stream) await write(writer, piece);
    await writer.end();
  } catch (error) {
    if (isFileOutput()) ftruncateSync(STDOUT, 0);
    throw error;
  }
}

/** Waits until the bytes have left us, so that a slow reader slows everything down. */
async function write(writer: Bun.FileSink, piece: Bytes): Promise<void> {
  try {
    await writer.write(piece);
    await writer.flush();
  } catch (cause) {
    throw new DbackedError("target", `Cannot write to stdout: ${reasonOf(cause)}`, { cause });
  }
}
