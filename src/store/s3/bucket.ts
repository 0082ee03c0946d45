import { HeadObjectCommand, type HeadObjectCommandOutput, type S3Client } from "@aws-sdk/client-s3";

import type { S3Options } from "../s3.ts";
import { checkKey } from "../key.ts";
import { openClient, type Asides, type OpenedClient } from "./client.ts";
import { S3Failure, type Place, type Purpose } from "./failure.ts";
import { pause, send, TimeLimit, type Patience, type Request } from "./retry.ts";

/** Numbers that tests make small. */
export interface Tuning extends Patience {
  /** Bytes in a part. S3 wants 5 MiB at least, except of the last. */
  partSize: number;
  /** Parts on their way at once. */
  inFlight: number;
  /** How long one part may take at first: 8 MiB in two minutes is 70 kB/s. It grows where that is not enough. */
  partLimitMs: number;
  /** How long a download may bring nothing before it is asked for again. */
  stallMs: number;
}

export const TUNING: Tuning = {
  partSize: 8 * 1024 * 1024,
  inFlight: 3,
  limitMs: 30_000,
  partLimitMs: 120_000,
  stallMs: 60_000,
  pauseMs: 200,
};

/** What this server turned out to understand; null until it was asked. */
export interface Dialect {
  /** SHA-256 of parts; else `Content-MD5` alone. */
  sha256: boolean | null;
  /** `If-None-Match: *` on PutObject. False only if it is refused: who ignores it does not say so. */
  conditionalPut: boolean | null;
  /** The same on CompleteMultipartUpload. */
  conditionalComplete: boolean | null;
  /** What ETags of parts are: their MD5, or something else. */
  etag: "md5" | "other" | null;
}

/** An object as HEAD shows it. */
export interface Sight {
  size: number;
  /** Our own mark: which backup's which volume. */
  mark: string | undefined;
  etag: string | undefined;
  /** Of the bucket's versions of it, if it keeps any, the one that is seen. */
  version: string | undefined;
  /** Null unless the store keeps it, whoever asks: until when; for a legal hold nobody knows. */
  lock: { until: Date | null } | null;
}

/** A bucket, or the part of it under a prefix: how it is asked, and what is known of it. */
export class Bucket implements Place {
  readonly client: S3Client;
  readonly options: S3Options;
  readonly tuning: Tuning;
  readonly label: string;
  readonly dialect: Dialect = {
    sha256: null,
    conditionalPut: null,
    conditionalComplete: null,
    etag: null,
  };
  readonly partLimit: TimeLimit;
  readonly #prefix: string;
  readonly #asides: Asides;
  readonly #signedRegion: string;

  private constructor(options: S3Options, tuning: Tuning, opened: OpenedClient) {
    const prefix = options.prefix.replaceAll(/^\/+|\/+$/g, "");
    this.client = opened.client;
    this.#asides = opened.asides;
    this.#signedRegion = opened.region;
    this.options = options;
    this.tuning = tuning;
    this.partLimit = new TimeLimit(tuning.partLimitMs);
    this.#prefix = prefix === "" ? "" : `${prefix}/`;
    this.label = `s3://${options.bucket}${prefix === "" ? "" : `/${prefix}`}`;
  }

  static async open(options: S3Options, tuning: Tuning): Promise<Bucket> {
    return new Bucket(options, tuning, await openClient(options));
  }

  get bucket(): string {
    return this.options.bucket;
  }

  get endpoint(): string | undefined {
    return this.options.endpoint;
  }

  get otherRegion(): string | null {
    const { region } = this.#asides;
    return region === this.#signedRegion ? null : region;
  }

  /** The store's time as it last told it. */
  get now(): Date {
    return this.#asides.now ?? new Date();
  }

  /** Bucket and key of an object, as every request names them. */
  object(key: string): { Bucket: string; Key: string } {
    checkKey(key);
    return { Bucket: this.bucket, Key: this.#prefix + key };
  }

  /** The bucket's name for a prefix of keys, which need not be a key itself. */
  prefixOf(keys: string): string {
    return this.#prefix + keys;
  }

  send<Output>(request: Request<Output>, signal: AbortSignal): Promise<Output> {
    return send(request, this, signal);
  }

  /** Waits before attempt number `attempt` + 1 of what no single request is. */
  pause(attempt: number, signal: AbortSignal): Promise<void> {
    return pause(attempt, this.tuning.pauseMs, signal);
  }

  /**
   * Asks for fresh credentials if that is what a request lacked, and they come from AWS's chain: those of the config are what
   * they are. Says whether there are any.
   */
  async mends({ isExpiry }: S3Failure): Promise<boolean> {
    if (!isExpiry || this.options.accessKeyId !== undefined) return false;
    return await this.client.config.credentials({ forceRefresh: true }).then(
      () => true,
      () => false,
    );
  }

  /** A failure of this bucket that no single answer tells. */
  failure(purpose: Purpose, cause: unknown): S3Failure {
    return S3Failure.from(cause, purpose, this);
  }

  /** Looks at an object; null if there is none. @param attempts as `Request.attempts` */
  async look(key: string, signal: AbortSignal, attempts?: number): Promise<Sight | null> {
    const input = this.object(key);
    try {
      const found = await this.send(
        {
          doing: `look for ${key} in`,
          right: "s3:GetObject and s3:ListBucket",
          ...(attempts === undefined ? {} : { attempts }),
          act: (abortSignal) => this.client.send(new HeadObjectCommand(input), { abortSignal }),
        },
        signal,
      );
      return {
        size: found.ContentLength ?? 0,
        mark: found.Metadata?.["dbacked-id"],
        etag: found.ETag,
        version: found.VersionId,
        lock: lockOf(found, this.now),
      };
    } catch (error) {
      if (error instanceof S3Failure && error.isAbsence) return null;
      throw error;
    }
  }
}

/** Which sort of retention it is makes no difference: nobody here overrides one. */
function lockOf(
  {
    ObjectLockMode: mode,
    ObjectLockRetainUntilDate: until,
    ObjectLockLegalHoldStatus: hold,
  }: HeadObjectCommandOutput,
  now: Date,
): Sight["lock"] {
  if (hold === "ON") return { until: null };
  return mode !== undefined && until !== undefined && until > now ? { until } : null;
}
