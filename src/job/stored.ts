import { type Bytes, collect } from "../base/bytes.ts";
import { findLack } from "../catalog/lack.ts";
import type { Backup } from "../catalog/list.ts";
import type { Manifest } from "../catalog/manifest.ts";
import { envelopeKey } from "../catalog/name.ts";
import { type Header, MAX_HEADER_BYTES, parseHeader } from "../seal/header.ts";
import type { Source } from "../seal/source.ts";
import { volumeKey } from "../store/key.ts";
import { NotFound, type Store } from "../store/store.ts";
import { compareHeader } from "./open.ts";
import { Damage } from "./proof.ts";

/**
 * Looks whether all volumes of a backup are there, with the sizes that its manifest names. One that is not in the listing
 * is asked for by itself: some stores list late.
 *
 * @throws {Damage} `missing` or `size`
 */
export async function requireVolumes(
  store: Store,
  { name, manifest }: Pick<Backup, "name" | "manifest">,
  signal: AbortSignal,
): Promise<void> {
  const { objects } = await store.list(envelopeKey(name), signal);
  const sizes = new Map(objects.map(({ key, size }) => [key, size]));
  for (const [number, expected] of manifest.volumes.entries()) {
    const key = volumeKey(envelopeKey(name), number);
    if (!sizes.has(key) && (await isThere(store, key, expected, signal))) sizes.set(key, expected);
  }
  const lack = findLack(manifest, name, sizes);
  if (lack === null) return;
  throw new Damage({ code: lack.code, offset: lack.offset }, `It is not whole: ${lack.why}`, {
    hint: "take another copy of this backup, or another backup",
  });
}

async function isThere(store: Store, key: string, size: number, signal: AbortSignal): Promise<boolean> {
  try {
    const last = await store.get(key, { start: Math.max(0, size - 1), end: size }, signal);
    await last.cancel();
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}

/**
 * Reads the header that a manifest is of. Its digest comes first: what this version does not understand of a header that
 * is the very one that was sealed is no damage.
 *
 * @throws {Damage} `header`; {Refusal} as `parseHeader()` does.
 */
export async function requireHeader(
  source: Source,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<Header> {
  return (await requireHead(source, manifest, signal)).header;
}

/** The same, with its bytes. */
export async function requireHead(
  source: Source,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<{ head: Bytes; header: Header }> {
  const { headerBytes } = manifest;
  if (headerBytes > Math.min(source.size, MAX_HEADER_BYTES)) throw otherHeader();
  const bytes = await collect(await source.read(0, headerBytes, signal), headerBytes);
  if (new Bun.CryptoHasher("sha256").update(bytes).digest("hex") !== manifest.header) throw otherHeader();
  const header = await parseHeader(bytes);
  compareHeader(manifest, header, source.size);
  return { head: bytes, header };
}

function otherHeader(): Damage {
  return new Damage({ code: "header" }, "its header is not the one that its manifest was signed for", {
    hint: "one of them was changed or replaced; take another copy of this backup",
  });
}
