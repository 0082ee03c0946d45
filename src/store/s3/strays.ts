import type { Bucket } from "./bucket.ts";
import { abortUpload, listUploads } from "./uploads.ts";

/**
 * Aborts whatever uploads of an object and its volumes are open: for when the answer to the request that opened one was
 * lost. The object's name holds the backup's id, so they are ours.
 */
export async function abortStrays(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  for (const upload of await listUploads(bucket, key, signal)) await abortUpload(bucket, upload, signal);
}
