import { findLack } from "./lack.ts";
import type { Manifest } from "./manifest.ts";
import type { BackupName } from "./name.ts";
import type { Proof } from "./proof.ts";

/** How far a backup's clock may be ahead of the store's before it is taken for planted. */
export const CLOCK_TOLERANCE_MS = 10 * 60 * 1000;

/** What a backup says of itself, as far as it is doubted. */
interface Doubted {
  doubt: string | null;
  signer: string;
}

/** Why a backup under a trusted signer does not count; null if it does. `sizes` are those of the objects that are there. */
export function doubtOf(
  manifest: Manifest,
  proofs: readonly Proof[],
  { name, sizes, now }: { name: BackupName; sizes: ReadonlyMap<string, number>; now: Date },
): string | null {
  const lack = findLack(manifest, name, sizes);
  if (lack !== null) return `not whole: ${lack.why}`;
  if (new Date(manifest.takenAt).getTime() > now.getTime() + CLOCK_TOLERANCE_MS) {
    return `taken at ${manifest.takenAt}, which is in the future`;
  }
  const failed = proofs.find(({ ok }) => ok === false);
  return failed === undefined ? null : `failed its ${failed.kind} at ${failed.at}`;
}

/** Why a backup does not count that somebody else has signed. */
export function doubtOfStranger(signer: string): string {
  return `signed by ${signer}, not a trusted signer`;
}

/** Says whether a backup does not count because nobody trusts its signer. */
export function isOfStranger({ doubt, signer }: Doubted): boolean {
  return doubt === doubtOfStranger(signer);
}

/** Says whether a backup does not count because it is damaged, or was when somebody looked at it. */
export function isDamaged({ doubt }: Doubted): boolean {
  return doubt !== null && /^(?:not whole:|failed its) /.test(doubt);
}
