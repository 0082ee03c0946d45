import { volumeKey } from "../store/key.ts";
import type { Manifest } from "./manifest.ts";
import { type BackupName, envelopeKey } from "./name.ts";

/** A volume that is not there as it was stored. */
export interface Lack {
  /** `missing`, or of another `size`. */
  code: "missing" | "size";
  why: string;
  /** Where in the envelope the volume begins. */
  offset: number;
}

/**
 * Says what a listing shows to be missing, although the manifest, written last, says that it was stored. `sizes` are the
 * bytes of each object that is there. More volumes than the manifest names are nobody's: whoever may write can put them there.
 */
export function findLack(
  manifest: Manifest,
  name: BackupName,
  sizes: ReadonlyMap<string, number>,
): Lack | null {
  let offset = 0;
  for (const [number, expected] of manifest.volumes.entries()) {
    const key = volumeKey(envelopeKey(name), number);
    const size = sizes.get(key);
    if (size === undefined) return { code: "missing", why: `${key} is missing`, offset };
    if (size !== expected) return { code: "size", why: `${key} has ${size} bytes, not ${expected}`, offset };
    offset += expected;
  }
  return null;
}
