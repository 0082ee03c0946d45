import { CreateMultipartUploadCommand, UploadPartCommand, type StorageClass } from "@aws-sdk/client-s3";

import type { Bucket, Dialect } from "./bucket.ts";
import { signedFor } from "./client.ts";
import { S3Failure, StrangeAnswer, WrongDigest } from "./failure.ts";
import { isMd5, PartDigests } from "./part-digests.ts";
import { PATIENT_ATTEMPTS } from "./retry.ts";
import { encryptionOf } from "./settings.ts";
import { abortUpload } from "./uploads.ts";

/** A part of an object, and its digests. */
export interface Part {
  /** From 1. */
  number: number;
  bytes: Blob;
  md5: Buffer;
  sha256: Buffer;
}

/** One multipart upload: a volume that nobody sees before it is completed. */
export class Multipart {
  readonly key: string;
  /** Metadata that tells our own object from another's: the backup's id and the number of the volume. */
  readonly mark: string;
  readonly uploadId: string;
  readonly digests = new PartDigests();
  readonly #bucket: Bucket;
  size = 0;
  /** Completed or aborted. */
  isClosed = false;

  private constructor(bucket: Bucket, name: Name, uploadId: string) {
    this.#bucket = bucket;
    this.key = name.key;
    this.mark = name.mark;
    this.uploadId = uploadId;
  }

  /** Opens an upload, and learns whether this store checks parts by their SHA-256. */
  static async start(bucket: Bucket, name: Name, signal: AbortSignal): Promise<Multipart> {
    const { dialect } = bucket;
    try {
      const started = await create(bucket, name, dialect.sha256 !== false, signal);
      dialect.sha256 = started.sha256;
      return new Multipart(bucket, name, started.uploadId);
    } catch (error) {
      if (!(error instanceof S3Failure && error.isRefusal && dialect.sha256 === null)) throw error;
      const started = await create(bucket, name, false, signal);
      dialect.sha256 = false;
      return new Multipart(bucket, name, started.uploadId);
    }
  }

  /** Sends one part, the same bytes each time until they arrived whole. */
  async send({ number, bytes, md5, sha256 }: Part, signal: AbortSignal): Promise<void> {
    const bucket = this.#bucket;
    const input = {
      ...bucket.object(this.key),
      UploadId: this.uploadId,
      PartNumber: number,
      Body: bytes,
      ContentMD5: md5.toString("base64"),
      ...(bucket.dialect.sha256 === true ? { ChecksumSHA256: sha256.toString("base64") } : {}),
    };
    const command = () => signedFor(new UploadPartCommand(input), sha256);
    const etag = await bucket.send(
      {
        doing: `write part ${number} of ${this.key} to`,
        right: "s3:PutObject",
        attempts: PATIENT_ATTEMPTS,
        limit: bucket.partLimit,
        hint: "does the provider take fewer parts in one upload? Set maxParts of this store",
        act: async (abortSignal) => {
          const { ETag, $metadata } = await bucket.client.send(command(), { abortSignal });
          if (ETag === undefined && $metadata.requestId === undefined)
            throw new StrangeAnswer("the answer names no part");
          requireArrived(bucket.dialect, md5, ETag);
          return ETag;
        },
      },
      signal,
    );
    this.digests.record({ number, md5, sha256, etag });
    this.size += bytes.size;
  }

  /** Gives the upload up, so that its parts cost nothing. One that is gone already is no error. */
  async abort(signal: AbortSignal): Promise<void> {
    await abortUpload(this.#bucket, { key: this.key, id: this.uploadId }, signal);
    this.isClosed = true;
  }
}

/**
 * Compares the ETag of a part, on a store that was seen to make them from MD5s: it tells of bytes that a store spoilt which
 * does not look at checksums.
 */
function requireArrived(dialect: Dialect, md5: Buffer, etag: string | undefined): void {
  if (etag === undefined) return;
  if (isMd5(etag, md5)) dialect.etag = "md5";
  else if (dialect.etag === "md5") throw new WrongDigest("the store holds other bytes than were sent");
  else dialect.etag = "other";
}

/** What an upload is to be. */
interface Name {
  key: string;
  mark: string;
  /** Called if the answer to a request that opens an upload was lost: one may be open that nobody knows. */
  onLost: () => void;
}

interface Started {
  uploadId: string;
  /** The store said that it will check parts by SHA-256. */
  sha256: boolean;
}

async function create(
  bucket: Bucket,
  name: Name,
  wantsSha256: boolean,
  signal: AbortSignal,
): Promise<Started> {
  const { storageClass } = bucket.options;
  const input = {
    ...bucket.object(name.key),
    ...encryptionOf(bucket.options),
    Metadata: { "dbacked-id": name.mark },
    ...(wantsSha256 ? { ChecksumAlgorithm: "SHA256" as const } : {}),
    ...(storageClass === undefined ? {} : { StorageClass: storageClass as StorageClass }),
  };
  return await bucket.send(
    {
      doing: `begin the upload of ${name.key} to`,
      right: "s3:PutObject",
      attempts: PATIENT_ATTEMPTS,
      act: async (abortSignal) => {
        try {
          const { UploadId, ChecksumAlgorithm } = await bucket.client.send(
            new CreateMultipartUploadCommand(input),
            { abortSignal },
          );
          if (UploadId === undefined) throw new StrangeAnswer("the answer names no upload");
          return { uploadId: UploadId, sha256: ChecksumAlgorithm === "SHA256" };
        } catch (error) {
          name.onLost();
          throw error;
        }
      },
    },
    signal,
  );
}
