import { collect, release } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";
import type { Backup } from "../catalog/list.ts";
import { encodeManifest, MANIFEST_TYPE } from "../catalog/manifest.ts";
import { envelopeKey, manifestKey } from "../catalog/name.ts";
import { type Finding, summarizeProofs } from "../catalog/proof.ts";
import { MAX_NOTE_BYTES, verifyNote } from "../seal/note.ts";
import { openSource } from "../seal/open.ts";
import { openSample } from "../seal/sample.ts";
import type { Source } from "../seal/source.ts";
import { Unreadable } from "../store/store.ts";
import { volumeSource } from "../store/volumes.ts";
import type { Undertaking } from "./backup.ts";
import type { Copy } from "./copy.ts";
import { meteredSource } from "./measure.ts";
import { compareEnding } from "./open.ts";
import { Damage, findingOf, recordProof, type Testimony } from "./proof.ts";
import { requireHeader, requireVolumes } from "./stored.ts";

/** How much of a new backup is read again: all of it, some of it, or nothing. */
export const READ_BACK = ["full", "sample", "off"] as const;

export type ReadBack = (typeof READ_BACK)[number];

/** Segments of 1 MiB that a sample opens. What has no more is read as a whole, by fewer requests. */
const SAMPLED_SEGMENTS = 16;

/** A backup that was just stored, while its keys are at hand. */
interface Stored extends Undertaking {
  copy: Copy;
  backup: Backup;
  beganAt: Date;
}

/**
 * Reads a backup again that was just stored, and records what came of it. One that may not be read is told, and counts
 * without being proved.
 *
 * @throws {DbackedError} `damaged`, if it is not what was sealed: then its proof keeps it from counting; `store`, if it
 * could not be read, or its proof could not be written: then it counts, and is not proved.
 */
export async function readBack(
  undertaking: Undertaking,
  copy: Copy,
  backup: Backup,
  signal: AbortSignal,
): Promise<Backup> {
  const { plan, sealing } = undertaking;
  if (copy.place.readBack === "off") return backup;
  const stored: Stored = { ...undertaking, copy, backup, beganAt: plan.now() };
  try {
    const { extent, bytes } = await look(stored, signal);
    return await testify(stored, { ok: true, extent, bytes, findings: [] }, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Unreadable) return await standUnread(stored, error, signal);
    const finding = findingOf(error, sealing.unlocked.header);
    throw finding === null ? unproved(stored, error) : await condemn(stored, { finding, error }, signal);
  }
}

/** Reads what is to be read; ends well only if all of that is what was sealed. */
async function look(
  stored: Stored,
  signal: AbortSignal,
): Promise<Required<Pick<Testimony, "extent" | "bytes">>> {
  const { plan, copy, sealing, backup } = stored;
  const { store, readBack } = copy.place;
  await requireManifest(stored, signal);
  await requireVolumes(store, backup, signal);
  const { volumes, bytes, segments } = backup.manifest;
  const own = meteredSource(volumeSource(store, envelopeKey(backup.name), volumes), copy.reading);
  const source = meteredSource(own, plan.progress.readBack);
  await requireHeader(source, backup.manifest, signal);
  if (readBack === "sample" && segments > SAMPLED_SEGMENTS) {
    const sampled = await openSample(source, sealing.unlocked, SAMPLED_SEGMENTS, signal);
    return { extent: "sample", bytes: sealing.headerBytes + sampled };
  }
  await openAll(stored, source, signal);
  return { extent: "opened", bytes };
}

async function openAll({ sealing, backup }: Stored, source: Source, signal: AbortSignal): Promise<void> {
  const opened = await openSource(source, sealing.unlocked, { twoPass: false }, signal);
  for await (const plaintext of opened.bytes) release(plaintext);
  compareEnding(backup.manifest, await opened.ended);
}

async function requireManifest({ plan, copy, backup }: Stored, signal: AbortSignal): Promise<void> {
  const key = manifestKey(backup.name);
  const note = await collect(await copy.place.store.get(key, null, signal), MAX_NOTE_BYTES);
  const { payload } = await verifyNote(note, MANIFEST_TYPE, [plan.signer.publicKey]);
  if (Buffer.compare(payload, encodeManifest(backup.manifest)) === 0) return;
  throw new Damage({ code: "manifest" }, `${key} is not what was stored`);
}

async function testify(
  { plan, copy, backup, beganAt }: Stored,
  said: Omit<Testimony, "kind" | "beganAt">,
  signal: AbortSignal,
): Promise<Backup> {
  const { name, manifest } = backup;
  const testimony = { ...said, kind: "read-back", beganAt } as const;
  const proof = await recordProof({ ...plan, ...copy.place, name, manifest }, testimony, signal);
  return { ...backup, proofs: summarizeProofs([proof]) };
}

/** What nobody lets us read is not proved, and that is on record. */
async function standUnread(stored: Stored, refusal: Unreadable, signal: AbortSignal): Promise<Backup> {
  const findings = [{ code: "unreadable" }];
  const backup = await testify(stored, { ok: null, bytes: 0, findings }, signal);
  stored.copy.place.tellUnread(refusal);
  return backup;
}

/** Records that the backup must not count, and says why. */
async function condemn(
  stored: Stored,
  { finding, error }: { finding: Finding; error: unknown },
  signal: AbortSignal,
): Promise<DbackedError> {
  const { place, reading } = stored.copy;
  const { bytes } = reading;
  const unrecorded = await testify(stored, { ok: false, bytes, findings: [finding] }, signal).then(
    () => null,
    (cause: unknown) => reasonOf(cause),
  );
  signal.throwIfAborted();
  const { id } = stored.name;
  const counts =
    unrecorded === null
      ? "it does not count"
      : `it still counts, since this cannot be recorded (${unrecorded})`;
  return new DbackedError(
    "damaged",
    `Backup ${id} does not read back from ${place.store.label} as it was sealed: ${reasonOf(error)}`,
    {
      hint: `${counts}, and older backups are as they were; look at that store's disk and memory, and run again`,
      cause: error,
    },
  );
}

function unproved({ copy, name }: Stored, error: unknown): unknown {
  if (!(error instanceof DbackedError)) return error;
  const what = `Backup ${name.id} is stored in ${copy.place.store.label}, and is not proved`;
  return new DbackedError(error.kind, `${what}: ${error.message}`, {
    hint: [error.hint ?? [], `once the store works, prove it by: dbacked verify ${name.id.slice(0, 12)}`]
      .flat()
      .join("\n"),
    cause: error,
  });
}
