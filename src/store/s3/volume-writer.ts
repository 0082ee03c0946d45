import { release, type Bytes, type ByteStream } from "../../base/bytes.ts";
import { log } from "../../base/log.ts";
import { DbackedError, reasonOf } from "../../base/error.ts";
import { volumeKey } from "../key.ts";
import type { PutOptions } from "../store.ts";
import type { Bucket } from "./bucket.ts";
import { completeUpload, lookOrList, taken } from "./completion.ts";
import { Multipart, type Part } from "./multipart.ts";
import { abortStrays } from "./strays.ts";

/** How long clearing up after a failure may take, even if it was an interrupt. */
const CLEARING_MS = 20_000;

/** 5 TiB in volumes of 1,000 parts are 656 uploads: one after the other, they would take longer than that. */
const ABORTED_AT_ONCE = 16;

/** Fewer bytes are not worth the time. */
const COLLECTED_BYTES = 4 * 1024 * 1024;

/** What is to be stored, and who hears how far it is. */
interface Order extends PutOptions {
  key: string;
}

/**
 * Stores `body` under `order.key` and the volumes that follow it: all of them, or, if anything fails, none.
 *
 * @returns the sizes of the volumes.
 */
export async function putVolumes(
  bucket: Bucket,
  order: Order,
  body: ByteStream,
  signal: AbortSignal,
): Promise<readonly number[]> {
  await using writer = new VolumeWriter(bucket, order, signal);
  try {
    await writer.begin();
  } catch (error) {
    await body.cancel(error);
    throw error;
  }
  await body.pipeTo(new WritableStream({ write: (chunk) => writer.write(chunk) }), { signal: writer.signal });
  return await writer.finish();
}

/** Cuts a stream into parts and volumes, and sends several parts at once. Disposing of it aborts what is not complete. */
class VolumeWriter implements AsyncDisposable {
  readonly #bucket: Bucket;
  readonly #order: Order;
  readonly #stop = new AbortController();
  readonly #unlink: () => void;
  readonly #volumes: Promise<Multipart>[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #filling: Filling;
  #parts = 0;
  #uncollected = 0;
  #isLost = false;

  constructor(bucket: Bucket, order: Order, signal: AbortSignal) {
    this.#bucket = bucket;
    this.#order = order;
    this.#filling = new Filling(bucket.tuning.partSize);
    const stop = () => this.#stop.abort(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    this.#unlink = () => signal.removeEventListener("abort", stop);
  }

  /** Aborted with the first failure of any part, or by the caller. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Opens the first upload: what is wrong with rights or names is known before the dump has begun to flow. */
  async begin(): Promise<void> {
    this.signal.throwIfAborted();
    if ((await lookOrList(this.#bucket, this.#order.key, this.signal)) !== null)
      throw taken(this.#bucket, this.#order.key);
    await this.#volume(0);
  }

  async write(chunk: Bytes): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      rest = this.#filling.add(rest);
      if (this.#filling.isFull) await this.#dispatch();
    }
    release(chunk);
  }

  /** Sends the rest, and completes the volumes: the last first, so that the first never stands without the others. */
  async finish(): Promise<readonly number[]> {
    if (this.#filling.size > 0) await this.#dispatch();
    await Promise.all(this.#running);
    this.signal.throwIfAborted();
    const volumes = await Promise.all(this.#volumes);
    for (const volume of volumes.toReversed()) {
      this.#order.completes?.();
      await completeUpload(this.#bucket, volume, this.signal);
    }
    return volumes.map(({ size }) => size);
  }

  /** Stops what is on its way, and aborts what has not become an object. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the upload is over"));
    this.#unlink();
    await Promise.all(this.#running);
    const opened = await Promise.allSettled(this.#volumes);
    const uploads = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const signal = AbortSignal.timeout(CLEARING_MS);
    await this.#giveUp(
      uploads.filter(({ isClosed }) => !isClosed),
      signal,
    );
    // Unless one of ours is known to be open, it is no loss if we may not look.
    const tell = (error: unknown) => {
      if (this.#isLost) this.#warn(error);
    };
    await abortStrays(this.#bucket, this.#order.key, signal).catch(tell);
  }

  /** Aborts uploads, several at a time, and tells of the first one that stays. */
  async #giveUp(uploads: readonly Multipart[], signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    const abort = (upload: Multipart) => upload.abort(signal).catch((error) => failures.push(error));
    for (let at = 0; at < uploads.length; at += ABORTED_AT_ONCE)
      await Promise.all(uploads.slice(at, at + ABORTED_AT_ONCE).map(abort));
    if (failures.length > 0) this.#warn(failures[0]);
  }

  /** The failure before this one is what the user must hear of; this comes on top. */
  #warn(error: unknown): void {
    const why =
      error instanceof DbackedError
        ? error.message
        : `Cannot abort the upload of ${this.#order.key} to ${this.#bucket.label}: ${reasonOf(error).replace(/\.$/, "")}`;
    log.warn(
      `${why}. What was sent stays there, and costs, until a later backup or a lifecycle rule removes it`,
    );
  }

  /** Sends what was filled. Waiting for one of those on their way is the back-pressure. */
  async #dispatch(): Promise<void> {
    const digesting = this.#filling.digest();
    while (this.#running.size >= this.#bucket.tuning.inFlight) await Promise.race(this.#running);
    const digests = await digesting;
    // What arrived just now is held by fetch until the event loop has turned.
    await Bun.sleep(0);
    this.#collect(this.#filling.size);
    const task = this.#send({ bytes: this.#filling.take(), ...digests }, this.#parts)
      .catch((error: unknown) => this.#stop.abort(error))
      .finally(() => this.#running.delete(task));
    this.#parts += 1;
    this.#running.add(task);
  }

  /** Frees parts that have arrived, each one a Blob: 30 MiB less at the peak, for 4 ms (measured). */
  #collect(bytes: number): void {
    this.#uncollected += bytes;
    if (this.#uncollected < COLLECTED_BYTES) return;
    this.#uncollected = 0;
    Bun.gc(true);
  }

  async #send(part: Omit<Part, "number">, index: number): Promise<void> {
    const { maxParts } = this.#bucket.options;
    const volume = await this.#volume(Math.floor(index / maxParts));
    await volume.send({ number: (index % maxParts) + 1, ...part }, this.signal);
    this.#order.tookPart?.();
  }

  #volume(index: number): Promise<Multipart> {
    const known = this.#volumes[index];
    if (known !== undefined) return known;
    const { key, id } = this.#order;
    const name = {
      key: volumeKey(key, index),
      mark: volumeKey(id, index),
      onLost: () => {
        this.#isLost = true;
      },
    };
    const volume = Multipart.start(this.#bucket, name, this.signal);
    this.#volumes[index] = volume;
    return volume;
  }
}

/**
 * The part that is being filled, always in the same buffer. What is sent is a Blob of it, since fetch sends that as it is,
 * and copies anything else: 25 MiB less than a buffer for each part on its way (measured).
 */
class Filling {
  readonly #buffer: Bytes;
  #md5 = new Bun.CryptoHasher("md5");
  #filled = 0;

  constructor(size: number) {
    this.#buffer = new Uint8Array(size);
  }

  /** Bytes in it. */
  get size(): number {
    return this.#filled;
  }

  get isFull(): boolean {
    return this.#filled === this.#buffer.length;
  }

  /** Takes as much as there is room for, and gives back the rest. */
  add(bytes: Bytes): Bytes {
    const piece = bytes.subarray(0, this.#buffer.length - this.#filled);
    this.#buffer.set(piece, this.#filled);
    this.#md5.update(piece);
    this.#filled += piece.length;
    return bytes.subarray(piece.length);
  }

  /** Digests of what is in it. */
  async digest(): Promise<{ md5: Buffer; sha256: Buffer }> {
    const sha256 = await crypto.subtle.digest("SHA-256", this.#buffer.subarray(0, this.#filled));
    return { md5: this.#md5.digest(), sha256: Buffer.from(sha256) };
  }

  /** Empties it. */
  take(): Blob {
    const bytes = new Blob([this.#buffer.subarray(0, this.#filled)]);
    this.#md5 = new Bun.CryptoHasher("md5");
    this.#filled = 0;
    return bytes;
  }
}
