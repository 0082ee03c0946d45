import { GetObjectCommand } from "@aws-sdk/client-s3";

import { streamOf, type Bytes, type ByteStream } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { checkRange } from "../range.ts";
import { NotFound, Unreadable, type ByteRange } from "../store.ts";
import type { Bucket } from "./bucket.ts";
import { S3Failure } from "./failure.ts";

/** Interruptions in a row, without a byte between them, before a download fails. */
const MOST_INTERRUPTIONS = 8;

/** Where an object is read, and as what it is known. */
interface Source {
  bucket: Bucket;
  key: string;
}

/** Reads an object, or a part of it. An interrupted download goes on from where it was, without its reader knowing. */
export async function readObject(
  source: Source,
  range: ByteRange | null,
  signal: AbortSignal,
): Promise<ByteStream> {
  const { bucket, key } = source;
  if (range !== null && range.start === range.end) return readNothing(source, range, signal);
  const first = await open(source, range?.start ?? 0, range?.end ?? null, signal);
  const wanted = range ?? { start: 0, end: first.size };
  try {
    checkRange(`${bucket.label}/${key}`, wanted, first.size);
  } catch (error) {
    await first.body.cancel();
    throw error;
  }
  const download = new Download(source, first.body, wanted, signal);
  return new ReadableStream<Bytes>(
    { pull: (controller) => download.pull(controller), cancel: () => download.cancel() },
    { highWaterMark: 0 },
  );
}

/** No bytes of an object: HTTP cannot ask for them. */
async function readNothing(
  { bucket, key }: Source,
  range: ByteRange,
  signal: AbortSignal,
): Promise<ByteStream> {
  const seen = await bucket.look(key, signal);
  if (seen === null) throw new NotFound(bucket.label, key);
  checkRange(`${bucket.label}/${key}`, range, seen.size);
  return streamOf();
}

class Download {
  readonly #source: Source;
  readonly #end: number;
  readonly #signal: AbortSignal;
  #body: Body;
  #at: number;
  #interruptions = 0;

  constructor(source: Source, body: Body, range: ByteRange, signal: AbortSignal) {
    this.#source = source;
    this.#body = body;
    this.#at = range.start;
    this.#end = range.end;
    this.#signal = signal;
  }

  async pull(controller: ReadableStreamDefaultController<Bytes>): Promise<void> {
    if (this.#at < this.#end) controller.enqueue(await this.#next());
    if (this.#at < this.#end) return;
    await this.cancel();
    controller.close();
  }

  async cancel(): Promise<void> {
    await this.#body.cancel();
  }

  async #next(): Promise<Bytes> {
    for (;;) {
      try {
        const { value, done } = await this.#read();
        if (done || value === undefined) throw new Error("the answer ended early");
        if (value.length === 0) continue;
        this.#interruptions = 0;
        const piece = value.subarray(0, this.#end - this.#at);
        this.#at += piece.length;
        return piece;
      } catch (error) {
        await this.#goOn(error);
      }
    }
  }

  async #goOn(interruption: unknown): Promise<void> {
    const { bucket, key } = this.#source;
    // A body that failed has nothing left to cancel.
    await this.#body.cancel().catch(() => undefined);
    this.#signal.throwIfAborted();
    this.#interruptions += 1;
    if (this.#interruptions > MOST_INTERRUPTIONS)
      throw bucket.failure({ doing: `read ${key} in`, right: "s3:GetObject" }, interruption);
    await bucket.pause(this.#interruptions, this.#signal);
    this.#body = (await open(this.#source, this.#at, this.#end, this.#signal)).body;
  }

  /** The next piece, if it comes in time. A reader that is slow itself is no stall: then nothing is asked for. */
  async #read(): ReturnType<Body["read"]> {
    this.#signal.throwIfAborted();
    const { promise: trouble, reject } = Promise.withResolvers<never>();
    const stop = () => reject(this.#signal.reason);
    const timer = setTimeout(
      () => reject(new DOMException("the download stalled", "TimeoutError")),
      this.#source.bucket.tuning.stallMs,
    );
    this.#signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([this.#body.read(), trouble]);
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", stop);
    }
  }
}

interface Opened {
  body: Body;
  /** Of the whole object. */
  size: number;
}

/** The reader of an answer's body. */
interface Body {
  read(): Promise<{ done: boolean; value?: Bytes | undefined }>;
  cancel(): Promise<void>;
}

async function open(
  { bucket, key }: Source,
  start: number,
  end: number | null,
  signal: AbortSignal,
): Promise<Opened> {
  const isWhole = start === 0 && end === null;
  const range = isWhole ? {} : { Range: `bytes=${start}-${end === null ? "" : end - 1}` };
  const input = { ...bucket.object(key), ...range };
  try {
    const answer = await bucket.send(
      {
        doing: `read ${key} in`,
        right: "s3:GetObject",
        act: (abortSignal) => bucket.client.send(new GetObjectCommand(input), { abortSignal }),
      },
      signal,
    );
    const size = isWhole
      ? (answer.ContentLength ?? (await bucket.look(key, signal))?.size)
      : Number(/\/(\d+)$/.exec(answer.ContentRange ?? "")?.[1]);
    const stream = answer.Body?.transformToWebStream() as ByteStream | undefined;
    if (stream === undefined || size === undefined || Number.isNaN(size))
      throw new DbackedError("store", `${bucket.label} does not give parts of objects: ${key}`);
    return { body: stream.getReader(), size };
  } catch (error) {
    if (!(error instanceof S3Failure)) throw error;
    if (error.isAbsence) throw new NotFound(bucket.label, key);
    if (error.status === 416)
      throw new DbackedError("damaged", `${bucket.label}/${key} is shorter than ${end ?? start} bytes`);
    throw error.isOfOneObject ? new Unreadable(error) : error;
  }
}
