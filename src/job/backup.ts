import type { ByteStream } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { Claim } from "../catalog/identity.ts";
import type { Backup } from "../catalog/list.ts";
import { type BackupName, envelopeKey, nameBackup } from "../catalog/name.ts";
import { type Codec, compress } from "../compress/codec.ts";
import type { Database, Dump, Gap } from "../database/database.ts";
import type { Recipient } from "../seal/key.ts";
import { seal, type Sealing } from "../seal/seal.ts";
import type { Signer } from "../seal/signer.ts";
import type { Summary } from "../seal/trailer.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { PutOptions } from "../store/store.ts";
import { claimOf } from "./claim.ts";
import { type Copy, Copies, type FailedCopy, type Place } from "./copy.ts";
import { count, Measure, type Reading } from "./measure.ts";
import { readBack } from "./read-back.ts";
import { draftManifest, storeManifest } from "./record.ts";
import { Tee } from "./tee.ts";
import { forAnswer, forCompletion, forDump, forManifest, forReading, forRoom } from "./waits.ts";
import { guarded, type Watchdog } from "./watchdog.ts";

/** Everything that one backup needs to know. */
export interface BackupPlan {
  /** The database's name in the config. */
  set: string;
  database: Database;
  /** Where it goes: at least one store. */
  places: readonly Place[];
  codec: Codec;
  recipients: readonly Recipient[];
  signer: Signer;
  trusted: readonly TrustedSigner[];
  /** Which host makes the backup; it travels sealed. */
  host: string;
  /** Version of dbacked. */
  version: string;
  /** Makes a backup although something is missing from it; it is marked as incomplete. */
  acceptIncomplete: boolean;
  /** Takes the set over from another source. */
  adopt: boolean;
  /** How long, in ms, the job may stand still at any stage before it is stopped. */
  stallMs: number;
  /** Looks at the newest backup that counts when the set is held, and throws what stands against another one. */
  admit?: (previous: Backup | undefined) => void;
  now: () => Date;
  progress: Progress;
  /** Told what the backup lacks, by consent; nothing, as a rule. */
  tellGaps: (gaps: readonly Gap[]) => void;
}

/** How far a job is, in bytes. The job writes it, whoever shows it reads it. */
export interface Progress {
  dumped: number;
  /** By every store. */
  stored: number;
  /** From all stores together. */
  readBack: Reading;
}

/** What came of a backup that is in one store at least: its copies, and the stores that have none or none that is proved. */
export interface BackupOutcome {
  copies: readonly { place: Place; backup: Backup }[];
  failed: readonly FailedCopy[];
}

/** One backup while it is being made. */
export interface Undertaking {
  plan: BackupPlan;
  takenAt: Date;
  /** The newest backup of the set, if there is one. */
  previous: Backup | undefined;
  dump: Dump;
  sealing: Sealing;
  name: BackupName;
  watchdog: Watchdog;
  /** The dump before compression. */
  source: Measure;
}

/**
 * Makes one backup, from one dump for all its stores: in each of them whole, or not at all; and reads it back. A store that
 * fails has no copy, and the others go on.
 *
 * @throws {DbackedError} of any kind, if none has one; then no backup appears, unless the message says that it may, or that
 * it did not read back.
 */
export async function backUp(plan: BackupPlan, signal: AbortSignal): Promise<BackupOutcome> {
  const { now, progress, stallMs: limitMs } = plan;
  const moved = () => progress.dumped + progress.stored + progress.readBack.bytes;
  return await guarded({ limitMs, moved, now }, signal, async (watchdog, signal) => {
    const claim = await check(plan, watchdog, signal);
    await using copies = new Copies(plan, signal);
    await copies.claim(claim);
    await copies.hold();
    const previous = await copies.findNewest();
    plan.admit?.(previous);
    const takenAt = plan.now();
    watchdog.turnTo(forDump(plan));
    const dump = await plan.database.dump(signal);
    watchdog.turnTo(null);
    await using sealing = await beginSeal(plan, { dump, takenAt, previous });
    const source = new Measure();
    const name = nameBackup(plan.set, takenAt, sealing.id);
    const undertaking = { plan, takenAt, previous, dump, sealing, name, source, watchdog };

    const payload = watchdog
      .watch(dump.bytes, forDump(plan), null)
      .pipeThrough(source.transform)
      .pipeThrough(count((bytes) => (progress.dumped = bytes)))
      .pipeThrough(compress(plan.codec));
    const envelope = sealing
      .envelope(payload, () => summarize(undertaking))
      .pipeThrough(count((bytes) => (progress.stored = bytes)));
    return await distribute(undertaking, copies, envelope);
  });
}

/** Gives every store its copy: the envelope, the manifest, the proof that it can be read. */
async function distribute(
  undertaking: Undertaking,
  copies: Copies,
  envelope: ByteStream,
): Promise<BackupOutcome> {
  const { plan, name, dump } = undertaking;
  const tee = new Tee(envelope, copies.standing.length);
  const draft = draftManifest(undertaking);
  // Whoever needs it sees that it failed; if nobody gets so far, there is a reason to tell already.
  draft.catch(() => {});
  const made = await copies.each(async (copy, signal) => {
    const { place, watchdog } = copy;
    watchdog.turnTo(forRoom(place, name));
    const bytes = watchdog.watch(tee.take(signal), null, forRoom(place, name));
    const volumes = await place.store.put(envelopeKey(name), bytes, putting(undertaking, copy), signal);
    watchdog.turnTo(forManifest(place, name));
    const backup = await storeManifest({ ...undertaking, place, draft: await draft }, volumes, signal);
    copy.isStored = true;
    watchdog.turnTo(forReading(place, name));
    return { place, backup: await readBack(undertaking, copy, backup, signal) };
  });
  if (tee.failure !== null) throw tee.failure.error;
  copies.requireOne();
  plan.tellGaps((await dump.report).gaps);
  return { copies: made, failed: copies.failed };
}

function putting({ sealing, name }: Undertaking, { place, watchdog }: Copy): PutOptions {
  return {
    id: sealing.id,
    tookPart: () => watchdog.stir(),
    completes: () => watchdog.turnTo(forCompletion(place, name)),
  };
}

/** Refuses what can be refused before any store is asked. */
async function check(plan: BackupPlan, watchdog: Watchdog, signal: AbortSignal): Promise<Claim> {
  watchdog.turnTo(forAnswer(plan));
  const { gaps, source } = await plan.database.check(signal);
  refuseGaps(plan, gaps);
  watchdog.turnTo(null);
  return claimOf(plan, source);
}

/**
 * The one place where gaps are judged: those that are known before the dump, and then those that the dump itself told of,
 * before its trailer is written.
 */
function refuseGaps({ acceptIncomplete, database }: BackupPlan, gaps: readonly Gap[]): void {
  const judged = gaps.filter(({ isMinor }) => isMinor !== true);
  if (acceptIncomplete || judged.length === 0) return;
  const missing = judged.map(({ object, why }) => `${object} (${why})`).join(", ");
  const mends = new Set(judged.flatMap(({ mend }) => mend ?? []));
  throw new DbackedError("incomplete", `A dump of ${database.label} would lack ${missing}`, {
    hint: [...mends, "or set acceptIncomplete = true for this database"].join("\n"),
  });
}

async function beginSeal(
  plan: BackupPlan,
  { dump, takenAt, previous }: Pick<Undertaking, "dump" | "takenAt" | "previous">,
): Promise<Sealing> {
  const { kind, tool, details } = dump;
  return await seal({
    metadata: {
      takenAt,
      set: plan.set,
      engine: plan.database.engine,
      dump: kind,
      compression: plan.codec.name,
      tool,
      seq: (previous?.manifest.seq ?? 0) + 1,
      prev: previous?.manifest.core ?? null,
    },
    sealedMetadata: { ...details, host: plan.host, server: `${details.server} on ${details.host}` },
    recipients: plan.recipients,
    signer: plan.signer,
  });
}

/** What the trailer says; it waits for the report, which fails if the dump was not whole. */
async function summarize({ plan, dump, source, watchdog }: Undertaking): Promise<Summary> {
  const { gaps, stderrTail } = await dump.report;
  watchdog.turnTo(null);
  refuseGaps(plan, gaps);
  return {
    sourceBytes: source.bytes,
    sourceDigest: source.digest(),
    finishedAt: plan.now(),
    warned: stderrTail !== "",
  };
}
