import { fstatSync, ftruncateSync } from "node:fs";
import type { Bytes, ByteStream } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";
import { count, type Reading } from "../job/measure.ts";
import type { Unsealed } from "../job/open.ts";
import type { Globals } from "./command.ts";
import { progressForm, showProgress } from "./print/progress.ts";

/** How a dump is written to stdout. */
interface Writing {
  singlePass: boolean;
  decompressed: boolean;
  reading: Reading;
  globals: Globals;
}

const STDOUT = 1;

/**
 * Refuses what cannot take a dump, before anything is opened.
 *
 * @throws {DbackedError} `usage`
 */
export function checkOutput({ json }: Pick<Globals, "json">): void {
  if (json) throw new DbackedError("usage", "--json cannot be used here: stdout is for the dump");
  if (!process.stdout.isTTY) return;
  throw new DbackedError("usage", "stdout is a terminal, and a dump is no text", { hint: "add > FILE" });
}

/** Whether stdout is a file, which can be cut back if things go wrong. */
export function isFileOutput(): boolean {
  return fstatSync(STDOUT).isFile();
}

/**
 * Writes a dump to stdout. If it fails half-way, a file is cut back to what it held before, so that nobody takes it for
 * the whole.
 *
 * @throws {DbackedError} `target`, if stdout cannot be written; `damaged`, if the backup is.
 */
export async function writeDump(unsealed: Unsealed, writing: Writing, signal: AbortSignal): Promise<void> {
  const { singlePass, decompressed, reading, globals } = writing;
  const verifyFirst = unsealed.isSeekable && !singlePass && (unsealed.recipients > 1 || !isFileOutput());
  let written = 0;
  using _ = showProgress(
    unsealed.id.slice(0, 12),
    () => [
      ["read", reading.bytes],
      ["written", written],
    ],
    progressForm(globals),
  );
  const dump = await unsealed.read({ verifyFirst, decompressed }, signal);
  await writeAll(dump.pipeThrough(count((bytes) => (written = bytes))), signal);
}

async function writeAll(stream: ByteStream, signal: AbortSignal): Promise<void> {
  const writer = Bun.stdout.writer();
  const { size } = fstatSync(STDOUT);
  // A file takes what it is given, and must have taken it before it is cut; who reads a pipe may never go on.
  const isFile = isFileOutput();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  aborted.catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const piece of stream) {
      const left = write(writer, piece);
      await (isFile ? left : Promise.race([left, aborted]));
    }
    await writer.end();
  } catch (error) {
    if (isFile) ftruncateSync(STDOUT, size);
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
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
