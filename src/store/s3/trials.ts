import { PutObjectCommand, UploadPartCommand } from "@aws-sdk/client-s3";

import { utf8, type Bytes } from "../../base/bytes.ts";
import { Retained } from "../store.ts";
import type { Probe, Trial } from "../trial.ts";
import type { Bucket, Sight } from "./bucket.ts";
import { signedFor } from "./client.ts";
import { md5 } from "./digest.ts";
import { S3Failure } from "./failure.ts";
import { Multipart } from "./multipart.ts";
import { removeVersion, removeVersions } from "./removal.ts";
import type { Request } from "./retry.ts";
import { judgeRights, judgeUploads, type Answer, type Rights, type Uploads } from "./rights.ts";
import { encryptionOf } from "./settings.ts";
import { listBegun, measure } from "./uploads.ts";

/** How long, in ms, clearing up after a failure may take. */
const CLEARING_MS = 10_000;

/** Tries out a bucket on an object that is there. Uploads come first, since deleting ends it. */
export async function tryBucket(bucket: Bucket, probe: Probe, signal: AbortSignal): Promise<Trial[]> {
  const uploads = await tryUploads(bucket, probe.key, signal);
  const rights = await tryRights(bucket, probe, signal);
  return [...judgeRights(rights), ...judgeUploads(uploads)];
}

async function tryRights(bucket: Bucket, probe: Probe, signal: AbortSignal): Promise<Rights> {
  const { key } = probe;
  const knowsCondition = bucket.dialect.conditionalPut !== false;
  const createOnce = knowsCondition ? await putAgain(bucket, probe, "*", signal) : "unknown";
  // Who ignores the condition has overwritten it already.
  const overwrite = createOnce === "done" ? createOnce : await putAgain(bucket, probe, null, signal);
  const sight = await bucket.look(key, signal);
  const version = sight?.version === "null" ? undefined : sight?.version;
  const versions =
    version === undefined ? null : await answerTo(removeVersion(bucket, key, version, signal), signal);
  const removal =
    versions === "done" ? versions : await answerTo(removeVersion(bucket, key, undefined, signal), signal);
  const rest = versions === "done" ? await bucket.look(key, signal) : null;
  if (rest !== null) await removeRest(bucket, key, rest, signal);
  return { createOnce, overwrite, removal, versions, lock: sight?.lock ?? null };
}

/** What was there before may be locked although what went over it was not. */
async function removeRest(bucket: Bucket, key: string, rest: Sight, signal: AbortSignal): Promise<void> {
  try {
    await removeVersions(bucket, key, rest, signal);
  } catch (error) {
    if (!(error instanceof Retained)) throw error;
  }
}

async function putAgain(
  bucket: Bucket,
  { key, size }: Probe,
  condition: "*" | null,
  signal: AbortSignal,
): Promise<Answer> {
  const bytes = utf8("!".repeat(size));
  const input = {
    ...bucket.object(key),
    ...encryptionOf(bucket.options),
    ...(condition === null ? {} : { IfNoneMatch: condition }),
    Body: bytes,
    ContentMD5: md5(bytes).toString("base64"),
  };
  const request: Request<unknown> = {
    doing: `write ${key} again to`,
    right: "s3:PutObject",
    act: (abortSignal) => bucket.client.send(new PutObjectCommand(input), { abortSignal }),
  };
  return await answerTo(bucket.send(request, signal), signal);
}

/** What a refusal says; a store that fails is told as such. */
async function answerTo(request: Promise<unknown>, signal: AbortSignal): Promise<Answer> {
  try {
    await request;
    return "done";
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof S3Failure) || error.isPassing || error.status === 0) throw error;
    return error.isTaken ? "taken" : "denied";
  }
}

async function tryUploads(bucket: Bucket, key: string, signal: AbortSignal): Promise<Uploads> {
  let upload: Multipart;
  try {
    upload = await Multipart.start(bucket, { key, mark: "probe", onLost: () => {} }, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof S3Failure) return { failure: error };
    throw error;
  }
  try {
    return await tryUpload(bucket, upload, signal);
  } catch (error) {
    // What fails in between must not leave an upload that is paid for.
    await upload.abort(AbortSignal.timeout(CLEARING_MS)).catch(() => {});
    throw error;
  }
}

async function tryUpload(bucket: Bucket, upload: Multipart, signal: AbortSignal): Promise<Uploads> {
  const { key } = upload;
  const begun = { key, id: upload.uploadId, begunAt: bucket.now };
  const checks = {
    md5: (await sendSpoilt(bucket, upload, "md5", signal)) === "denied",
    sha256:
      bucket.dialect.sha256 === true && (await sendSpoilt(bucket, upload, "sha256", signal)) === "denied",
  };
  const listing = await answerTo(listBegun(bucket, key, signal), signal);
  const looking = await answerTo(measure(bucket, begun, signal), signal);
  const aborting = await answerTo(upload.abort(signal), signal);
  return { checks, listing, looking, aborting };
}

/** Sends a part with a digest of other bytes: who checks it refuses. */
async function sendSpoilt(
  bucket: Bucket,
  upload: Multipart,
  digest: "md5" | "sha256",
  signal: AbortSignal,
): Promise<Answer> {
  const [bytes, other] = [utf8("as it was sent"), utf8("as it arrived")];
  const said = (of: typeof digest): Bytes => (of === digest ? other : bytes);
  const input = {
    ...bucket.object(upload.key),
    UploadId: upload.uploadId,
    PartNumber: 1,
    Body: bytes,
    ContentMD5: md5(said("md5")).toString("base64"),
    ...(digest === "sha256" ? { ChecksumSHA256: sha256(said("sha256")).toString("base64") } : {}),
  };
  try {
    await bucket.send(
      {
        doing: `write a part of ${upload.key} to`,
        right: "s3:PutObject",
        attempts: 1,
        act: (abortSignal) =>
          bucket.client.send(signedFor(new UploadPartCommand(input), sha256(bytes)), { abortSignal }),
      },
      signal,
    );
    return "done";
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof S3Failure && error.status === 400) return "denied";
    throw error;
  }
}

function sha256(bytes: Bytes): Buffer {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}
