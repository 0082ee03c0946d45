import { PutObjectCommand } from "@aws-sdk/client-s3";

import { collect, type Bytes } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { NotFound } from "../store.ts";
import type { Bucket } from "./bucket.ts";
import { md5 } from "./digest.ts";
import { S3Failure } from "./failure.ts";
import { readObject } from "./reading.ts";
import { PATIENT_ATTEMPTS } from "./retry.ts";
import { encryptionOf } from "./settings.ts";

/**
 * Creates a small object once. It looks first, since some servers ignore `If-None-Match`; it looks again when an
 * answer was lost, and takes an object of equal bytes for its own.
 */
export async function createObject(
  bucket: Bucket,
  key: string,
  bytes: Bytes,
  signal: AbortSignal,
): Promise<"created" | "exists"> {
  const { dialect } = bucket;
  let isConditional = dialect.conditionalPut !== false;
  for (let attempt = 1; ; attempt += 1) {
    const there = await compare(bucket, key, bytes, signal);
    if (there !== null) return there;
    try {
      await put(bucket, key, { bytes, isConditional }, signal);
      dialect.conditionalPut = isConditional;
      return "created";
    } catch (error) {
      if (!(error instanceof S3Failure)) throw error;
      if (error.isRefusal && isConditional && dialect.conditionalPut === null) isConditional = false;
      else if (attempt === PATIENT_ATTEMPTS) throw isUnsettled(error) ? doubt(bucket, key, error) : error;
      else if (!isUnsettled(error) && !(await bucket.mends(error))) throw error;
    }
    await bucket.pause(attempt, signal);
  }
}

/** What to do about it depends on what is there now. */
function isUnsettled(failure: S3Failure): boolean {
  return failure.isTaken || failure.isConflict || failure.isPassing;
}

interface Content {
  bytes: Bytes;
  isConditional: boolean;
}

async function put(bucket: Bucket, key: string, content: Content, signal: AbortSignal): Promise<void> {
  const input = {
    ...bucket.object(key),
    ...encryptionOf(bucket.options),
    ...(content.isConditional ? { IfNoneMatch: "*" } : {}),
    Body: content.bytes,
    ContentMD5: md5(content.bytes).toString("base64"),
  };
  await bucket.send(
    {
      doing: `write ${key} to`,
      right: "s3:PutObject",
      attempts: 1,
      act: (abortSignal) => bucket.client.send(new PutObjectCommand(input), { abortSignal }),
    },
    signal,
  );
}

async function compare(
  bucket: Bucket,
  key: string,
  bytes: Bytes,
  signal: AbortSignal,
): Promise<"created" | "exists" | null> {
  const seen = await bucket.look(key, signal, PATIENT_ATTEMPTS);
  if (seen === null) return null;
  if (seen.size !== bytes.length) return "exists";
  try {
    const there = await collect(await readObject({ bucket, key }, null, signal), bytes.length);
    return Buffer.compare(there, bytes) === 0 ? "created" : "exists";
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}

function doubt(bucket: Bucket, key: string, cause: S3Failure): DbackedError {
  const message = `${cause.message}; it may have been stored as ${bucket.label}/${key}`;
  return new DbackedError("store", message, { hint: cause.hint, cause });
}
