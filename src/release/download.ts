import { type Bytes, type ByteStream, collect } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";
import { writeNew } from "./stage.ts";

/** A download that has not moved for so long is given up. */
const STALL_MS = 60_000;

/** What is wanted, and how much of it at most. */
export interface Wanted {
  url: string;
  /** Bytes. */
  limit: number;
  /** @default a minute */
  stallMs?: number;
}

/**
 * Reads a small file from a web server.
 *
 * @returns null if there is none.
 * @throws {DbackedError} `store`
 */
export async function download(wanted: Wanted, signal: AbortSignal): Promise<Bytes | null> {
  return await request(wanted, (body) => collect(body, wanted.limit), signal);
}

/**
 * Copies a file from a web server into a new one.
 *
 * @returns its SHA-256 in hex; null if there is none.
 * @throws {DbackedError} `store`; `target`, if the file cannot be written.
 */
export async function downloadTo(file: string, wanted: Wanted, signal: AbortSignal): Promise<string | null> {
  const copy = async (body: ByteStream): Promise<string> => {
    const hasher = new Bun.CryptoHasher("sha256");
    const hashed = new TransformStream<Bytes, Bytes>({
      transform(piece, controller) {
        hasher.update(piece);
        controller.enqueue(piece);
      },
    });
    await writeNew(file, body.pipeThrough(hashed), wanted.limit);
    return hasher.digest("hex");
  };
  return await request(wanted, copy, signal);
}

async function request<T>(
  { url, stallMs = STALL_MS }: Wanted,
  read: (body: ByteStream) => Promise<T>,
  signal: AbortSignal,
): Promise<T | null> {
  const stalled = new AbortController();
  const timer = setTimeout(
    () => stalled.abort(new Error(`nothing came for ${stallMs / 1000} seconds`)),
    stallMs,
  );
  try {
    // A server may call an archive a compressed page: it is wanted as it is.
    const options = { decompress: false, signal: AbortSignal.any([signal, stalled.signal]) };
    const response = await fetch(url, options);
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    if (url.startsWith("https:") && !response.url.startsWith("https:"))
      throw new Error(`it leads to ${response.url}, which is not https`);
    if (response.body === null) throw new Error("the answer is empty");
    const moved = new TransformStream<Bytes, Bytes>({
      transform(piece, controller) {
        timer.refresh();
        controller.enqueue(piece);
      },
    });
    return await read(response.body.pipeThrough(moved));
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof DbackedError) throw cause;
    throw new DbackedError("store", `Cannot download ${url}: ${reasonOf(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
