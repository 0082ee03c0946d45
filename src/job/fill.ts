import { type Bytes, collect, concat, utf8 } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { Backup } from "../catalog/list.ts";
import { MANIFEST_TYPE, parseManifest } from "../catalog/manifest.ts";
import { envelopeKey, manifestKey, parsePartKey } from "../catalog/name.ts";
import { summarizeProofs } from "../catalog/proof.ts";
import { MAX_HEADER_BYTES } from "../seal/header.ts";
import { MAX_NOTE_BYTES, signNote, verifyNote } from "../seal/note.ts";
import type { Signer } from "../seal/signer.ts";
import { passSource, readTrailer, scanSource, type Source } from "../seal/source.ts";
import { isTrusted, type TrustedSigner } from "../seal/unlock.ts";
import type { Store } from "../store/store.ts";
import { volumeSource } from "../store/volumes.ts";
import { meteredSource, type Reading } from "./measure.ts";
import { compareEnding } from "./open.ts";
import { Damage } from "./proof.ts";
import { requireHead, requireHeader, requireVolumes } from "./stored.ts";
import { Tee } from "./tee.ts";
import { forCompletion, forManifest, forReading, forRoom } from "./waits.ts";
import { guarded, type Watchdog } from "./watchdog.ts";

/** A copy of a backup that is read. */
interface Original {
  store: Store;
  backup: Backup;
}

/** A backup that a store lacks. */
export interface FillPlan {
  /** The copies to read, the best first. */
  originals: readonly Original[];
  target: Store;
  /** This host's signer, who may sign a manifest of his own again if the target cuts volumes in another way. */
  signer: Signer | null;
  trusted: readonly TrustedSigner[];
  /** How long, in ms, it may stand still. */
  stallMs: number;
  now: () => Date;
  progress: Reading;
  /** Told why a copy was not taken, where there are others. */
  tellSpoilt: (original: Original, failure: DbackedError) => void;
}

/** An original that is not right, or cannot be read: another may be. */
class Spoilt extends Error {
  readonly failure: DbackedError;

  constructor(failure: DbackedError) {
    super(failure.message, { cause: failure });
    this.failure = failure;
  }
}

/** What came of it. */
interface Filled {
  from: Original;
  /** As the target has it now, unproved. */
  copy: Backup;
}

/**
 * Brings a backup to a store that lacks it, without any private key: every byte is verified while it passes, and the copy is
 * there whole or not at all. An original that is not right is left, and the next one is taken.
 *
 * @throws {DbackedError} `damaged`, if no original is right; `store`, if the target or the last original fails; `key`, if
 * the copy would not count there, or nobody here may sign the manifest that it needs.
 */
export async function fill(plan: FillPlan, signal: AbortSignal): Promise<Filled> {
  const { now, stallMs: limitMs, progress, originals } = plan;
  const moved = () => progress.bytes;
  for (const [at, from] of originals.entries()) {
    try {
      return await guarded({ limitMs, moved, now }, signal, (watchdog, signal) =>
        bring({ ...plan, from, watchdog }, signal),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Spoilt)) throw error;
      if (at === originals.length - 1) throw error.failure;
      plan.tellSpoilt(from, error.failure);
    }
  }
  throw new Error("a backup without any copy cannot be copied");
}

type Bringing = FillPlan & { from: Original; watchdog: Watchdog };

async function bring(plan: Bringing, signal: AbortSignal): Promise<Filled> {
  const { from, target, watchdog } = plan;
  const { name } = from.backup;
  requireTrust(plan);
  watchdog.turnTo(forReading(from, name));
  const volumes = cut(from.backup.manifest.bytes, target);
  const manifest = { ...from.backup.manifest, volumes };
  const note = await makeNote(plan, volumes, signal);
  if (await isStored(target, { name, manifest }, signal)) await requireSame(plan, manifest, signal);
  else await transfer(plan, volumes, signal);
  watchdog.turnTo(forManifest({ store: target }, name));
  if ((await target.create(manifestKey(name), note, signal)) === "exists")
    throw new DbackedError("store", `${target.label} holds another manifest under ${manifestKey(name)}`, {
      hint: "who else writes there?",
    });
  await bringSidecars(plan, signal);
  return { from, copy: { ...from.backup, manifest, storedAt: plan.now(), proofs: summarizeProofs([]) } };
}

/** A signer that was retired is trusted for what was stored before: what is stored now would not count. */
function requireTrust({ from: { backup }, target, trusted, now }: Bringing): void {
  const key = Uint8Array.fromBase64(backup.manifest.signer);
  if (isTrusted(key, trusted, now())) return;
  throw new DbackedError(
    "key",
    `Backup ${backup.name.id} would not count in ${target.label}: its signer is trusted only for what was stored earlier`,
    { hint: "keep it where it is, or copy its objects there by the stores' own means" },
  );
}

/** The volumes in which a store keeps so many bytes. */
function cut(bytes: number, { volumeBytes = Infinity }: Store): number[] {
  const whole = Math.max(0, Math.ceil(bytes / volumeBytes) - 1);
  return [
    ...Array.from({ length: whole }, () => volumeBytes),
    bytes - (whole === 0 ? 0 : whole * volumeBytes),
  ];
}

/** The manifest as it was signed; where the target cuts the envelope in another way, signed anew by the same signer. */
async function makeNote(
  { from: { store, backup }, target, signer }: Bringing,
  volumes: readonly number[],
  signal: AbortSignal,
): Promise<Bytes> {
  const { name, manifest } = backup;
  const { note, payload } = await ofOriginal(signal, async () => {
    const note = await collect(await store.get(manifestKey(name), null, signal), MAX_NOTE_BYTES);
    const key = Uint8Array.fromBase64(manifest.signer);
    const { payload } = await verifyNote(note, MANIFEST_TYPE, [key]);
    if (parseManifest(payload, name).core === manifest.core) return { note, payload };
    throw new Damage({ code: "manifest" }, `${store.label} holds another manifest than a moment ago`);
  });
  if (volumes.join() === manifest.volumes.join()) return note;
  if (signer?.text !== backup.signer)
    throw new DbackedError(
      "key",
      `${target.label} keeps backup ${name.id} in other volumes than ${store.label}, which its signer must sign`,
      { hint: `copy it on the host of ${backup.signer}` },
    );
  const said: unknown = JSON.parse(new TextDecoder().decode(payload));
  return await signNote(MANIFEST_TYPE, utf8(JSON.stringify({ ...(said as object), volumes })), signer);
}

async function transfer(plan: Bringing, volumes: readonly number[], signal: AbortSignal): Promise<void> {
  const { from, target, watchdog } = plan;
  const { name } = from.backup;
  const envelope = await ofOriginal(signal, async () => {
    await requireVolumes(from.store, from.backup, signal);
    const source = sourceOf(plan, from);
    const { head, header } = await requireHead(source, from.backup.manifest, signal);
    const trailer = await readTrailer(source, header, signal);
    compareEnding(from.backup.manifest, { ...trailer, chain: trailer.chain.toHex() });
    return await passSource(source, { head, header, trailer }, signal);
  });
  const tee = new Tee(envelope, 1);
  const bytes = watchdog.watch(tee.take(signal), forReading(from, name), forRoom({ store: target }, name));
  const options = {
    id: name.id,
    tookPart: () => watchdog.stir(),
    completes: () => watchdog.turnTo(forCompletion({ store: target }, name)),
  };
  const sizes = await target.put(envelopeKey(name), bytes, options, signal).catch(async (error: unknown) => {
    const { failure } = tee;
    throw failure === null ? error : await ofOriginal(signal, () => Promise.reject(failure.error));
  });
  if (sizes.join() === volumes.join()) return;
  throw new DbackedError(
    "store",
    `${target.label} holds volumes of other sizes of ${name.stem} than were sent`,
  );
}

/** Whether an earlier attempt has left the whole envelope there, by its size. */
async function isStored(
  store: Store,
  backup: Pick<Backup, "name" | "manifest">,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await requireVolumes(store, backup, signal);
    return true;
  } catch (error) {
    if (error instanceof Damage) return false;
    throw error;
  }
}

async function requireSame(plan: Bringing, manifest: Backup["manifest"], signal: AbortSignal): Promise<void> {
  const { target, from } = plan;
  const source = sourceOf(plan, { store: target, backup: { ...from.backup, manifest } });
  compareEnding(manifest, await scanSource(source, await requireHeader(source, manifest, signal), signal));
}

function sourceOf({ progress }: Bringing, { store, backup: { name, manifest } }: Original): Source {
  return meteredSource(volumeSource(store, envelopeKey(name), manifest.volumes), progress);
}

/** Later keys of the same backup, if they say that they are: only who opens them can tell whether they are right. */
async function bringSidecars(
  { from: { store, backup }, target }: Bringing,
  signal: AbortSignal,
): Promise<void> {
  const { objects } = await store.list(`${backup.name.stem}.keys-`, signal);
  const start = concat(utf8("DBKEYS\u0002"), Uint8Array.fromHex(backup.manifest.core));
  for (const { key, size } of objects) {
    if (parsePartKey(key)?.part !== "sidecar" || size > MAX_HEADER_BYTES) continue;
    const bytes = await collect(await store.get(key, null, signal), MAX_HEADER_BYTES);
    if (Buffer.compare(bytes.subarray(0, start.length), start) === 0) await target.create(key, bytes, signal);
  }
}

/** Marks what fails as the original's failure. */
async function ofOriginal<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof DbackedError ? new Spoilt(error) : error;
  }
}
