import type { Bucket } from "./bucket.ts";
import { abortUpload, type Begun, listBegun, measure } from "./uploads.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Nothing was sent for so long: who began it was killed. */
const STALE_MS = 7 * DAY_MS;

/**
 * Aborts uploads that nobody completes any more: those of `key` and its volumes, whose name holds the id of a backup that is
 * over, and those beside it of runs that were killed, once a whole backup of them has been untouched for a week.
 */
export async function abortStrays(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  const uploads = await listBegun(bucket, key.slice(0, key.lastIndexOf("/") + 1), signal);
  const backups = Map.groupBy(uploads, (upload) => upload.key.replace(/\.dbk(?:\.\d+)?$/, ".dbk"));
  for (const [name, volumes] of backups)
    if (name === key || (await areStale(bucket, volumes, signal)))
      for (const upload of volumes) await abortUpload(bucket, upload, signal);
}

/** A volume of a long dump may lie finished for days, so all volumes of a backup are judged together. */
async function areStale(bucket: Bucket, volumes: readonly Begun[], signal: AbortSignal): Promise<boolean> {
  const isOld = (time: Date) => bucket.now.getTime() - time.getTime() > STALE_MS;
  if (!volumes.every(({ begunAt }) => isOld(begunAt))) return false;
  for (const volume of volumes) if (!isOld((await measure(bucket, volume, signal)).modifiedAt)) return false;
  return true;
}
