import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from "@aws-sdk/client-s3";

import { DbackedError } from "../../base/error.ts";
import type { Draft } from "../store.ts";
import type { Bucket } from "./bucket.ts";
import { S3Failure } from "./failure.ts";

/** Lists the open uploads of all keys that begin with `prefix`, page by page. Their sizes would cost a request each. */
export async function listUploads(
  bucket: Bucket,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly Draft[]> {
  const drafts: Draft[] = [];
  let after: Position = {};
  for (;;) {
    const page = await askForPage(bucket, prefix, after, signal);
    drafts.push(...draftsOf(page, bucket));
    if (page.IsTruncated !== true) return drafts;
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    if (KeyMarker === undefined || UploadIdMarker === undefined)
      throw new DbackedError("store", `Cannot list the open uploads of ${bucket.label}: a page is missing`);
    after = { KeyMarker, UploadIdMarker };
  }
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
      doing: `look for open uploads of ${prefix} in`,
      right: "s3:ListBucketMultipartUploads",
      act: (abortSignal) => bucket.client.send(new ListMultipartUploadsCommand(input), { abortSignal }),
    },
    signal,
  );
}

function draftsOf({ Uploads: uploads = [] }: ListMultipartUploadsCommandOutput, bucket: Bucket): Draft[] {
  const prefix = bucket.prefixOf("").length;
  return uploads.flatMap(({ Key: key, UploadId: id, Initiated: modifiedAt }) => {
    if (key === undefined || id === undefined || modifiedAt === undefined) return [];
    return [{ key: key.slice(prefix), id, size: null, modifiedAt }];
  });
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
