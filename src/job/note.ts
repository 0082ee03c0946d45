import type { Backup } from "../catalog/list.ts";
import { MANIFEST_TYPE, parseSealedPart, type SealedPart } from "../catalog/manifest.ts";
import type { Header } from "../seal/header.ts";
import { unlock } from "../seal/unlock.ts";
import { compareHeader, judge, type Opener } from "./open.ts";

/**
 * Opens what a backup's manifest says in secret.
 *
 * @param header that of its envelope, as the store has it.
 * @throws {DbackedError} `key`, if the signer is not accepted or no key opens it; `damaged`.
 */
export async function openSealedPart(
  { manifest, name, storedAt }: Backup,
  header: Header,
  opener: Opener,
  signal: AbortSignal,
): Promise<SealedPart> {
  compareHeader(manifest, header, manifest.bytes);
  using unlocked = await unlock(await judge(header, opener, storedAt), opener.identities, signal);
  return parseSealedPart(await unlocked.openNote(MANIFEST_TYPE, manifest.sealed), name);
}
