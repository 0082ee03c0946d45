import type { Bytes, ByteStream } from "../../base/bytes.ts";
import type { S3Options } from "../s3.ts";
import type { ByteRange, Drafts, Listing, PutOptions, Store } from "../store.ts";
import type { Trials } from "../trial.ts";
import { Bucket, TUNING, type Dialect, type Tuning } from "./bucket.ts";
import { createObject } from "./creation.ts";
import { listObjects } from "./listing.ts";
import { readObject } from "./reading.ts";
import { removeObjects } from "./removal.ts";
import { tryBucket } from "./trials.ts";
import { abortUpload, listUploads } from "./uploads.ts";
import { putVolumes } from "./volume-writer.ts";

/** Backups in an S3 bucket, or under a prefix of it. */
export class S3Store implements Store {
  readonly #bucket: Bucket;

  private constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Makes the client, without a request. */
  static async open(options: S3Options, tuning: Partial<Tuning> = {}): Promise<S3Store> {
    return new S3Store(await Bucket.open(options, { ...TUNING, ...tuning }));
  }

  get label(): string {
    return this.#bucket.label;
  }

  /** What this server turned out to understand, once something was stored. */
  get dialect(): Readonly<Dialect> {
    return this.#bucket.dialect;
  }

  get createsOnce(): boolean | null {
    return this.#bucket.dialect.conditionalPut;
  }

  get volumeBytes(): number {
    const { options, tuning } = this.#bucket;
    return options.maxParts * tuning.partSize;
  }

  get drafts(): Drafts {
    const bucket = this.#bucket;
    return {
      list: (prefix, signal) => listUploads(bucket, prefix, signal),
      discard: (draft, signal) => abortUpload(bucket, draft, signal),
    };
  }

  get trials(): Trials {
    return { run: (probe, signal) => tryBucket(this.#bucket, probe, signal) };
  }

  put(key: string, body: ByteStream, options: PutOptions, signal: AbortSignal): Promise<readonly number[]> {
    return putVolumes(this.#bucket, { ...options, key }, body, signal);
  }

  create(key: string, bytes: Bytes, signal: AbortSignal): Promise<"created" | "exists"> {
    return createObject(this.#bucket, key, bytes, signal);
  }

  get(key: string, range: ByteRange | null, signal: AbortSignal): Promise<ByteStream> {
    return readObject({ bucket: this.#bucket, key }, range, signal);
  }

  list(prefix: string, signal: AbortSignal): Promise<Listing> {
    return listObjects(this.#bucket, prefix, signal);
  }

  remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    return removeObjects(this.#bucket, keys, signal);
  }
}
