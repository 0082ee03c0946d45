import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type MultipartUpload,
} from "@aws-sdk/client-s3";

import type { Bucket } from "./bucket.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Nothing was sent for so long: who began it was killed. */
const STALE_MS = 7 * DAY_MS;

/** An open upload, as a listing names it. */
interface Open {
  Key: string;
  UploadId: string;
  begunAt: Date;
}

/**
 * Aborts uploads that nobody completes any more: those of `key` and its volumes, whose name holds the id of a backup that is
 * over, and those beside it of runs that were killed, once a whole backup of them has been untouched for a week.
 */
export async function abortStrays(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  const own = bucket.object(key).Key;
  const uploads = await listOpen(bucket, own.slice(0, own.lastIndexOf("/") + 1), signal);
  const backups = Map.groupBy(uploads, (upload) => upload.Key.replace(/\.dbk(?:\.\d+)?$/, ".dbk"));
  for (const [name, volumes] of backups)
    if (name === own || (await areStale(bucket, volumes, signal)))
      for (const upload of volumes) await abort(bucket, upload, signal);
}

async function listOpen(bucket: Bucket, prefix: string, signal: AbortSignal): Promise<Open[]> {
  const found: MultipartUpload[] = [];
  for (let markers = {}; ;) {
    const input = { Bucket: bucket.bucket, Prefix: prefix, ...markers };
    const page = await bucket.send(
      {
        doing: `look for open uploads in`,
        right: "s3:ListBucketMultipartUploads",
        act: (abortSignal) => bucket.client.send(new ListMultipartUploadsCommand(input), { abortSignal }),
      },
      signal,
    );
    found.push(...(page.Uploads ?? []));
    if (page.IsTruncated !== true || page.NextKeyMarker === undefined) break;
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
  return found.flatMap(({ Key, UploadId, Initiated }) =>
    Key === undefined || UploadId === undefined ? [] : [{ Key, UploadId, begunAt: Initiated ?? bucket.now }],
  );
}

/** A volume of a long dump may lie finished for days, so all volumes of a backup are judged together. */
async function areStale(bucket: Bucket, volumes: readonly Open[], signal: AbortSignal): Promise<boolean> {
  const isOld = (time: Date) => bucket.now.getTime() - time.getTime() > STALE_MS;
  if (!volumes.every(({ begunAt }) => isOld(begunAt))) return false;
  for (const volume of volumes) if (!isOld(await lastPartAt(bucket, volume, signal))) return false;
  return true;
}

/** When the newest part of an upload came; when it was begun, if it has none. */
async function lastPartAt(
  bucket: Bucket,
  { Key, UploadId, begunAt }: Open,
  signal: AbortSignal,
): Promise<Date> {
  let newest = begunAt;
  for (let PartNumberMarker: string | undefined; ;) {
    const input = { Bucket: bucket.bucket, Key, UploadId, PartNumberMarker };
    const page = await bucket.send(
      {
        doing: `look at an old upload of ${Key} in`,
        right: "s3:ListMultipartUploadParts",
        act: (abortSignal) => bucket.client.send(new ListPartsCommand(input), { abortSignal }),
      },
      signal,
    );
    for (const { LastModified } of page.Parts ?? [])
      if (LastModified !== undefined && LastModified > newest) newest = LastModified;
    if (page.IsTruncated !== true || page.NextPartNumberMarker === undefined) return newest;
    PartNumberMarker = page.NextPartNumberMarker;
  }
}

async function abort(bucket: Bucket, { Key, UploadId }: Open, signal: AbortSignal): Promise<void> {
  const input = { Bucket: bucket.bucket, Key, UploadId };
  await bucket.send(
    {
      doing: `abort an upload of ${Key} to`,
      right: "s3:AbortMultipartUpload",
      act: (abortSignal) => bucket.client.send(new AbortMultipartUploadCommand(input), { abortSignal }),
    },
    signal,
  );
}
