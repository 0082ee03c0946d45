import { DbackedError } from "../base/error.ts";
import { claimSet } from "../catalog/identity.ts";
import { type Backup, findNewest } from "../catalog/list.ts";
import { type BackupName, envelopeKey, nameBackup } from "../catalog/name.ts";
import { type Codec, compress } from "../compress/codec.ts";
import type { Database, Dump, Gap } from "../database/database.ts";
import type { Recipient } from "../seal/key.ts";
import { seal, type Sealing } from "../seal/seal.ts";
import type { Signer } from "../seal/signer.ts";
import type { Summary } from "../seal/trailer.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { PutOptions, Store } from "../store/store.ts";
import { claimOf } from "./claim.ts";
import { type Lease, type LeaseTerms, takeLease } from "./lease.ts";
import { count, Measure, type Reading } from "./measure.ts";
import { type ReadBack, readBack } from "./read-back.ts";
import { storeManifest } from "./record.ts";
import { noteVerifier } from "./trust.ts";
import { forAnswer, forCompletion, forDump, forListing, forManifest, forReading, forRoom } from "./waits.ts";
import { guarded, type Watchdog } from "./watchdog.ts";

/** Everything that one backup needs to know. */
export interface BackupPlan {
  /** The database's name in the config. */
  set: string;
  database: Database;
  store: Store;
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
  /** How much of the backup is read again when it is stored. */
  readBack: ReadBack;
  /** How long, in ms, the job may stand still at any stage before it is stopped. */
  stallMs: number;
  /** How the set is held meanwhile. @default it is not: others may back it up at the same time */
  lease?: LeaseTerms;
  /** Looks at the newest backup that counts when the set is held, and throws what stands against another one. */
  admit?: (previous: Backup | undefined) => void;
  now: () => Date;
  progress: Progress;
  /** Told what the backup lacks, by consent; nothing, as a rule. */
  tellGaps: (gaps: readonly Gap[]) => void;
  /** Told why the store does not let us read what was stored. */
  tellUnread: (refusal: DbackedError) => void;
}

/** How far a job is, in bytes. The job writes it, whoever shows it reads it. */
export interface Progress {
  dumped: number;
  stored: number;
  readBack: Reading;
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
 * Makes one backup: whole, or none at all; and reads it back.
 *
 * @throws {DbackedError} of any kind; then no backup appears in the store, unless the message says that it may, or that it
 * did not read back.
 */
export async function backUp(plan: BackupPlan, signal: AbortSignal): Promise<Backup> {
  const { now, progress, stallMs: limitMs } = plan;
  const moved = () => progress.dumped + progress.stored + progress.readBack.bytes;
  return await guarded({ limitMs, moved, now }, signal, async (watchdog, signal) => {
    await claim(plan, watchdog, signal);
    await using _ = await hold(plan, watchdog, signal);
    const previous = await findNewest(
      plan.store,
      plan.set,
      noteVerifier(plan.store, plan.trusted, signal),
      signal,
    );
    plan.admit?.(previous);
    const takenAt = plan.now();
    watchdog.turnTo(forDump(plan));
    const dump = await plan.database.dump(signal);
    await using sealing = await beginSeal(plan, { dump, takenAt, previous });
    const source = new Measure();
    const name = nameBackup(plan.set, takenAt, sealing.id);
    const undertaking = { plan, takenAt, previous, dump, sealing, name, source, watchdog };

    const payload = watchdog
      .watch(dump.bytes, forDump(plan), forRoom(plan, name))
      .pipeThrough(source.transform)
      .pipeThrough(count((bytes) => (progress.dumped = bytes)))
      .pipeThrough(compress(plan.codec));
    const envelope = sealing
      .envelope(payload, () => summarize(undertaking))
      .pipeThrough(count((bytes) => (progress.stored = bytes)));
    const volumes = await plan.store.put(envelopeKey(name), envelope, putting(undertaking), signal);
    watchdog.turnTo(forManifest(plan, name));
    const backup = await storeManifest(undertaking, volumes, signal);
    watchdog.turnTo(forReading(plan, name));
    return await readBack(undertaking, backup, signal);
  });
}

function putting({ plan, name, sealing, watchdog }: Undertaking): PutOptions {
  return {
    id: sealing.id,
    tookPart: () => watchdog.stir(),
    completes: () => watchdog.turnTo(forCompletion(plan, name)),
  };
}

/** Refuses whatever can be refused before the dump starts. */
async function claim(plan: BackupPlan, watchdog: Watchdog, signal: AbortSignal): Promise<void> {
  watchdog.turnTo(forAnswer(plan));
  const check = await plan.database.check(signal);
  refuseGaps(plan, check.gaps);
  watchdog.turnTo(forListing(plan));
  await claimSet(plan.store, claimOf(plan, check.source), signal);
}

/** What runs on with this signal is over when the lease is given back. */
async function hold(plan: BackupPlan, watchdog: Watchdog, signal: AbortSignal): Promise<Lease | null> {
  if (plan.lease === undefined) return null;
  const { timeoutMs } = plan.lease;
  const lease = await takeLease(
    { ...plan, timeoutMs, terms: plan.lease, stir: () => watchdog.stir() },
    signal,
  );
  watchdog.stir();
  return lease;
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
async function summarize({ plan, dump, source, name, watchdog }: Undertaking): Promise<Summary> {
  const { gaps, stderrTail } = await dump.report;
  watchdog.turnTo(forRoom(plan, name));
  refuseGaps(plan, gaps);
  return {
    sourceBytes: source.bytes,
    sourceDigest: source.digest(),
    finishedAt: plan.now(),
    warned: stderrTail !== "",
  };
}
