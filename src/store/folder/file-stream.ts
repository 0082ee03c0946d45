import type { FileHandle } from "node:fs/promises";

import type { Bytes, ByteStream } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import type { ByteRange } from "../store.ts";

/** Bytes read at once. */
const READ_SIZE = 1024 * 1024;

/** Reads a part of an open file as it is asked for, and closes the file at the end, on an error and on cancel. */
export function fileStream(handle: FileHandle, range: ByteRange, signal: AbortSignal): ByteStream {
  let at = range.start;
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          signal.throwIfAborted();
          if (at < range.end) {
            const piece = await readAt(handle, at, Math.min(READ_SIZE, range.end - at));
            at += piece.length;
            controller.enqueue(piece);
          }
          if (at < range.end) return;
          await handle.close();
          controller.close();
        } catch (error) {
          await handle.close();
          throw error;
        }
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  );
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Bytes> {
  const { bytesRead, buffer } = await handle.read(new Uint8Array(length), 0, length, position);
  if (bytesRead === 0)
    throw new DbackedError("damaged", `the file ended at byte ${position}, while it was read`);
  return buffer.subarray(0, bytesRead);
}
