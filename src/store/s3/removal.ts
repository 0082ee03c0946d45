import { DeleteObjectCommand } from "@aws-sdk/client-s3";

import { DbackedError } from "../../base/error.ts";
import { Retained } from "../store.ts";
import type { Bucket, Sight } from "./bucket.ts";
import { S3Failure } from "./failure.ts";

/**
 * Removes objects for good, in this order. Where a bucket keeps versions, a plain DELETE would only hide an object, even one
 * that is locked: so each is asked for its lock first, and then every version goes by its own name.
 *
 * @throws {Retained} before anything is removed, if one of them is locked.
 */
export async function removeObjects(
  bucket: Bucket,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const seen: (readonly [string, Sight])[] = [];
  for (const key of keys) {
    const sight = await bucket.look(key, signal);
    if (sight !== null) seen.push([key, requireFree(bucket, key, sight)]);
  }
  for (const [key, sight] of seen) await removeVersions(bucket, key, sight, signal);
}

function requireFree(bucket: Bucket, key: string, sight: Sight): Sight {
  if (sight.lock !== null) throw new Retained(bucket.label, key, sight.lock.until);
  return sight;
}

/**
 * Removes an object with all versions of it. When the newest version is gone, the one before it would be seen again:
 * somebody has overwritten it.
 */
export async function removeVersions(
  bucket: Bucket,
  key: string,
  first: Sight,
  signal: AbortSignal,
): Promise<void> {
  let sight: Sight | null = first;
  while (sight !== null) {
    const { version } = requireFree(bucket, key, sight);
    await removeVersion(bucket, key, version, signal);
    if (version === undefined) return;
    sight = await bucket.look(key, signal);
    if (sight?.version === version)
      throw new DbackedError("store", `${bucket.label} still has ${key}, which it says it has removed`);
  }
}

/** Removes one version; without its name what the bucket does with a plain DELETE, which hides an object if it keeps versions. */
export async function removeVersion(
  bucket: Bucket,
  key: string,
  version: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const input = { ...bucket.object(key), ...(version === undefined ? {} : { VersionId: version }) };
  try {
    await bucket.send(
      {
        doing: `remove ${key} from`,
        right: version === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion",
        act: (abortSignal) => bucket.client.send(new DeleteObjectCommand(input), { abortSignal }),
      },
      signal,
    );
  } catch (error) {
    if (!(error instanceof S3Failure && error.isAbsence)) throw error;
  }
}
