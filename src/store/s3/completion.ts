import { CompleteMultipartUploadCommand } from "@aws-sdk/client-s3";

import { DbackedError } from "../../base/error.ts";
import type { Bucket, Sight } from "./bucket.ts";
import { withBody } from "./client.ts";
import { S3Failure, StrangeAnswer } from "./failure.ts";
import { listObjects } from "./listing.ts";
import type { Multipart } from "./multipart.ts";
import { PATIENT_ATTEMPTS, TimeLimit } from "./retry.ts";

/** Putting ten thousand parts together takes Amazon minutes. */
const LIMIT_MS = 10 * 60_000;

/**
 * Makes an object of an upload, unless its key is taken, and sees that it is whole. It always looks first, since some
 * servers ignore `If-None-Match`. A lost answer is settled by another look: our own mark and the right size mean that
 * it had worked.
 */
export async function completeUpload(bucket: Bucket, upload: Multipart, signal: AbortSignal): Promise<void> {
  const { dialect } = bucket;
  if (dialect.etag === "md5" && upload.digests.wholeEtag() === null)
    throw spoilt(`${bucket.label} holds other parts of ${upload.key} than were sent`);
  let isConditional = dialect.conditionalComplete !== false;
  let doubt: S3Failure | null = null;
  for (let attempt = 1; !(await isThere(bucket, upload, doubt, signal)); attempt += 1) {
    if (attempt > PATIENT_ATTEMPTS) throw mayBeStored(bucket, upload, doubt);
    try {
      await complete(bucket, upload, isConditional, signal);
      dialect.conditionalComplete = isConditional;
      break;
    } catch (error) {
      if (!(error instanceof S3Failure)) throw error;
      if (error.isRefusal && isConditional && dialect.conditionalComplete === null) isConditional = false;
      else if (isUnsettled(error)) doubt = error;
      else if (attempt === PATIENT_ATTEMPTS || !(await bucket.mends(error)))
        throw doubt === null ? error : mayBeStored(bucket, upload, error);
    }
    await bucket.pause(attempt, signal);
  }
  await confirm(bucket, upload, signal);
  upload.isClosed = true;
}

/** Only a look tells whether it worked. An upload that is gone may have become the object. */
function isUnsettled(failure: S3Failure): boolean {
  return failure.isTaken || failure.isPassing || failure.status === 404;
}

async function complete(
  bucket: Bucket,
  upload: Multipart,
  isConditional: boolean,
  signal: AbortSignal,
): Promise<void> {
  const input = {
    ...bucket.object(upload.key),
    ...(isConditional ? { IfNoneMatch: "*" } : {}),
    UploadId: upload.uploadId,
  };
  const parts = upload.digests.toXml(bucket.dialect.sha256 === true);
  await bucket.send(
    {
      doing: `complete ${upload.key} in`,
      right: "s3:PutObject",
      attempts: 1,
      limit: new TimeLimit(LIMIT_MS),
      act: async (abortSignal) => {
        const command = withBody(new CompleteMultipartUploadCommand(input), parts);
        const { Bucket, Key, ETag } = await bucket.client.send(command, { abortSignal });
        if (Bucket === undefined && Key === undefined && ETag === undefined)
          throw new StrangeAnswer("the answer names no object");
      },
    },
    signal,
  );
}

/** Whether the object is there and ours. */
async function isThere(
  bucket: Bucket,
  upload: Multipart,
  doubt: S3Failure | null,
  signal: AbortSignal,
): Promise<boolean> {
  const seen = await lookOrList(bucket, upload.key, signal).catch((error: unknown) => {
    throw doubt === null || !(error instanceof S3Failure) ? error : mayBeStored(bucket, upload, error);
  });
  if (seen === null) return false;
  if (seen.mark === upload.mark && seen.size === upload.size) return true;
  // A store that keeps no metadata cannot tell whose object this is.
  if (doubt !== null && seen.mark === undefined) throw mayBeStored(bucket, upload, doubt);
  throw taken(bucket, upload.key);
}

/** Looks at a new object. Some stores take a moment to show it. */
async function confirm(bucket: Bucket, upload: Multipart, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const seen = await lookOrList(bucket, upload.key, signal);
    if (seen !== null) {
      judge(bucket, upload, seen);
      return;
    }
    if (attempt === PATIENT_ATTEMPTS) throw mayBeStored(bucket, upload, null);
    await bucket.pause(attempt, signal);
  }
}

/** Whoever may not read an object may not look at it either: the listing shows its size, and nothing of whose it is. */
export async function lookOrList(bucket: Bucket, key: string, signal: AbortSignal): Promise<Sight | null> {
  try {
    return await bucket.look(key, signal, PATIENT_ATTEMPTS);
  } catch (error) {
    if (!(error instanceof S3Failure && error.status === 403)) throw error;
    const { objects } = await listObjects(bucket, key, signal);
    const found = objects.find((each) => each.key === key);
    return found === undefined
      ? null
      : { size: found.size, mark: undefined, etag: undefined, version: undefined, lock: null };
  }
}

function judge(bucket: Bucket, upload: Multipart, seen: Sight): void {
  const name = `${bucket.label}/${upload.key}`;
  if (seen.mark !== undefined && seen.mark !== upload.mark) throw taken(bucket, upload.key);
  if (seen.size !== upload.size)
    throw spoilt(`${name} was stored with ${seen.size} bytes instead of ${upload.size}`);
  const etag = upload.digests.wholeEtag();
  const isComparable =
    etag !== null && seen.etag?.length === etag.length && /^"[0-9a-f]{32}-/.test(seen.etag);
  if (isComparable && seen.etag !== etag)
    throw spoilt(`${name} was stored with other bytes: its ETag is ${seen.etag}, not ${etag}`);
}

function spoilt(message: string): DbackedError {
  return new DbackedError("store", message, { hint: "look at that store's disk and memory, and run again" });
}

/** @throws when told to: a key that is taken stays as it is. */
export function taken(bucket: Bucket, key: string): DbackedError {
  return new DbackedError("store", `${bucket.label} holds ${key} already, and nothing is ever replaced`);
}

function mayBeStored(bucket: Bucket, upload: Multipart, cause: S3Failure | null): DbackedError {
  const why =
    cause === null ? `Cannot see ${upload.key} in ${bucket.label} after it was completed` : cause.message;
  const message = `${why}; it may have been stored as ${bucket.label}/${upload.key}`;
  return new DbackedError("store", message, { hint: cause?.hint, cause });
}
