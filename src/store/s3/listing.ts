import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";

import { DbackedError } from "../../base/error.ts";
import { byKey } from "../key.ts";
import type { Listing, StoredObject } from "../store.ts";
import type { Bucket } from "./bucket.ts";
import { StrangeAnswer } from "./failure.ts";

/** Lists all objects whose key begins with `prefix`, page by page. */
export async function listObjects(bucket: Bucket, prefix: string, signal: AbortSignal): Promise<Listing> {
  const objects: StoredObject[] = [];
  let after: Position = {};
  for (;;) {
    const page = await askForPage(bucket, prefix, after, signal);
    const found = objectsOf(page, bucket);
    objects.push(...found);
    if (page.IsTruncated !== true) return { objects: objects.toSorted(byKey), now: bucket.now };
    after = positionAfter(page, bucket, found.at(-1)?.key);
  }
}

/** Where the next page begins: some stores give no token. */
interface Position {
  ContinuationToken?: string;
  StartAfter?: string;
}

function askForPage(
  bucket: Bucket,
  prefix: string,
  after: Position,
  signal: AbortSignal,
): Promise<ListObjectsV2CommandOutput> {
  // Without this encoding, XML cannot hold every key.
  const input = {
    Bucket: bucket.bucket,
    Prefix: bucket.prefixOf(prefix),
    EncodingType: "url",
    ...after,
  } as const;
  return bucket.send(
    {
      doing: "list",
      right: "s3:ListBucket",
      act: async (abortSignal) => {
        const page = await bucket.client.send(new ListObjectsV2Command(input), { abortSignal });
        // An empty bucket says so; what is no listing has nothing of one.
        if (page.Name === undefined && page.IsTruncated === undefined)
          throw new StrangeAnswer("the answer is no listing");
        return page;
      },
    },
    signal,
  );
}

function objectsOf(page: ListObjectsV2CommandOutput, bucket: Bucket): StoredObject[] {
  const isEncoded = page.EncodingType === "url";
  const prefix = bucket.prefixOf("").length;
  return (page.Contents ?? []).map(({ Key, Size, LastModified }) => {
    if (Key === undefined || Size === undefined || LastModified === undefined)
      throw new DbackedError(
        "store",
        `Cannot list ${bucket.label}: the server leaves out name, size or time of an object`,
      );
    const key = isEncoded ? decodeURIComponent(Key.replaceAll("+", " ")) : Key;
    return { key: key.slice(prefix), size: Size, modifiedAt: LastModified };
  });
}

function positionAfter(page: ListObjectsV2CommandOutput, bucket: Bucket, last: string | undefined): Position {
  if (page.NextContinuationToken !== undefined) return { ContinuationToken: page.NextContinuationToken };
  if (last !== undefined) return { StartAfter: bucket.prefixOf(last) };
  throw new DbackedError(
    "store",
    `Cannot list ${bucket.label}: the server says that there is more, but not where`,
  );
}
