import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3";

import type { Bucket } from "./bucket.ts";

/**
 * Aborts whatever uploads of an object and its volumes are open: for when the answer to the request that opened one was
 * lost. The object's name holds the backup's id, so they are ours.
 */
export async function abortStrays(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  const purpose = { doing: `look for open uploads of ${key} in`, right: "s3:ListBucketMultipartUploads" };
  const { Bucket, Key } = bucket.object(key);
  const { Uploads } = await bucket.send(
    {
      ...purpose,
      act: (abortSignal) =>
        bucket.client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }), { abortSignal }),
    },
    signal,
  );
  for (const { Key: found, UploadId } of Uploads ?? []) {
    if (found === undefined || UploadId === undefined) continue;
    await bucket.send(
      {
        doing: `abort an upload of ${key} to`,
        right: "s3:AbortMultipartUpload",
        act: (abortSignal) =>
          bucket.client.send(new AbortMultipartUploadCommand({ Bucket, Key: found, UploadId }), {
            abortSignal,
          }),
      },
      signal,
    );
  }
}
