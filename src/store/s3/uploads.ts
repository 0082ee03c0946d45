import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
} from "@aws-sdk/client-s3";

import { DbackedError } from "../../base/error.ts";
import type { Draft } from "../store.ts";
import type { Bucket } from "./bucket.ts";
import { S3Failure } from "./failure.ts";

/** Lists the open uploads of all keys that begin with `prefix`, each with what has arrived of it and when. */
export async function listUploads(
  bucket: Bucket,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly Draft[]> {
  const drafts: Draft[] = [];
  for (const begun of await listBegun(bucket, prefix, signal)) {
    try {
      drafts.push(await measure(bucket, begun, signal));
    } catch (error) {
      // Meanwhile it was completed, or given up.
      if (!(error instanceof S3Failure && error.status === 404)) throw error;
    }
  }
  return drafts;
}

/** Lists the same, page by page, and asks nothing more of them. */
export async function listBegun(
  bucket: Bucket,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly Begun[]> {
  const uploads: Begun[] = [];
  let after: Position = {};
  for (;;) {
    const page = await askForPage(bucket, prefix, after, signal);
    uploads.push(...begunOf(page, bucket));
    if (page.IsTruncated !== true) return uploads;
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    if (KeyMarker === undefined || UploadIdMarker === undefined)
      throw new DbackedError("store", `Cannot list the open uploads of ${bucket.label}: a page is missing`);
    after = { KeyMarker, UploadIdMarker };
  }
}

/** An upload as the listing has it. */
export interface Begun {
  key: string;
  id: string;
  begunAt: Date;
}

/** Where the next page begins. */
interface Position {
  KeyMarker?: string;
  UploadIdMarker?: string;
}

function askForPage(
  bucket: Bucket,
  prefix: string,
  after: Position,
  signal: AbortSignal,
): Promise<ListMultipartUploadsCommandOutput> {
  // Encoded keys are not asked for: SeaweedFS says that it encodes and does not, Ceph does and says nothing.
  const input = { Bucket: bucket.bucket, Prefix: bucket.prefixOf(prefix), ...after };
  return bucket.send(
    {
      doing: "look for open uploads in",
      right: "s3:ListBucketMultipartUploads",
      act: (abortSignal) => bucket.client.send(new ListMultipartUploadsCommand(input), { abortSignal }),
    },
    signal,
  );
}

function begunOf({ Uploads: uploads = [] }: ListMultipartUploadsCommandOutput, bucket: Bucket): Begun[] {
  const prefix = bucket.prefixOf("").length;
  return uploads.flatMap(({ Key: key, UploadId: id, Initiated: begunAt }) => {
    if (key === undefined || id === undefined || begunAt === undefined) return [];
    return [{ key: key.slice(prefix), id, begunAt }];
  });
}

/** Looks at the parts of an upload: a dump may be slow, so that an old one is not dead before its last part is old. */
export async function measure(
  bucket: Bucket,
  { key, id, begunAt }: Begun,
  signal: AbortSignal,
): Promise<Draft> {
  const draft = { key, id, size: 0, modifiedAt: begunAt };
  let after: { PartNumberMarker?: string } = {};
  for (;;) {
    const input = { Bucket: bucket.bucket, Key: bucket.prefixOf(key), UploadId: id, ...after };
    const page = await bucket.send(
      {
        doing: `look at the open upload of ${key} in`,
        right: "s3:ListMultipartUploadParts",
        act: (abortSignal) => bucket.client.send(new ListPartsCommand(input), { abortSignal }),
      },
      signal,
    );
    for (const { Size = 0, LastModified = begunAt } of page.Parts ?? []) {
      draft.size += Size;
      if (LastModified > draft.modifiedAt) draft.modifiedAt = LastModified;
    }
    if (page.IsTruncated !== true || page.NextPartNumberMarker === undefined) return draft;
    after = { PartNumberMarker: page.NextPartNumberMarker };
  }
}

/** Gives an open upload up, so that its parts cost nothing. One that is gone already is no error. */
export async function abortUpload(
  bucket: Bucket,
  { key, id }: Pick<Draft, "key" | "id">,
  signal: AbortSignal,
): Promise<void> {
  const input = { ...bucket.object(key), UploadId: id };
  try {
    await bucket.send(
      {
        doing: `abort the upload of ${key} to`,
        right: "s3:AbortMultipartUpload",
        act: (abortSignal) => bucket.client.send(new AbortMultipartUploadCommand(input), { abortSignal }),
      },
      signal,
    );
  } catch (error) {
    if (!(error instanceof S3Failure && error.status === 404)) throw error;
  }
}
