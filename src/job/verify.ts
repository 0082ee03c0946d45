import { release } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { Backup } from "../catalog/list.ts";
import { envelopeKey } from "../catalog/name.ts";
import type { Extent, Finding, Proof } from "../catalog/proof.ts";
import { BrokenDump, type DumpReading, isReadable, readWhole } from "../database/whole.ts";
import type { Header } from "../seal/header.ts";
import type { Signer } from "../seal/signer.ts";
import { scanSource, type Source } from "../seal/source.ts";
import { trustHeader, type TrustedSigner } from "../seal/unlock.ts";
import type { Store } from "../store/store.ts";
import { volumeSource } from "../store/volumes.ts";
import { meteredSource, type Reading } from "./measure.ts";
import { compareEnding, isKnownCompression, type Opener, unsealSource } from "./open.ts";
import { Damage, findingOf, recordProof } from "./proof.ts";
import { scoped } from "./scope.ts";
import { requireHeader, requireVolumes } from "./stored.ts";

/** One backup that is verified, and what for. */
export interface VerifyPlan {
  store: Store;
  backup: Backup;
  trusted: readonly TrustedSigner[];
  /** Who opens it; null to look at no more than can be seen without a private key. */
  opener: Opener | null;
  /** Lets the dump's own engine read it; null to leave it at its length and digest. */
  engine: Omit<DumpReading, "tool"> | null;
  /** Who records what came of it; null if nobody does. */
  signer: Signer | null;
  now: () => Date;
  progress: Reading;
}

/** What came of it. */
export interface Verdict {
  /** How far all is right; null if something is not, or could not be looked at. */
  extent: Extent | null;
  /** By what the dump was read, for people; null if it was not. */
  readBy: string | null;
  /** What went wrong. */
  failure: DbackedError | null;
  durationMs: number;
  /** As what it is on record now; null if it is not. */
  recorded: Proof["kind"] | null;
  /** Why it could not be recorded. */
  unrecorded: DbackedError | null;
}

/** How far a look went well. */
interface Look {
  extent: Extent;
  readBy: string | null;
}

/**
 * Verifies one backup in its store: without a private key that each byte is what its signer signed, with one that it
 * opens and that the dump inside is whole. What comes of it is recorded beside the manifest: by the host that made the
 * backup as another read-back, by any other as a verification. Only an interruption and a bug are thrown.
 */
export async function verifyBackup(plan: VerifyPlan, signal: AbortSignal): Promise<Verdict> {
  const { signer, now } = plan;
  const beganAt = now();
  const { look, failure, finding } = await tryLook(plan, signal);
  const durationMs = Math.max(0, now().getTime() - beganAt.getTime());
  const verdict = { extent: look?.extent ?? null, readBy: look?.readBy ?? null, failure, durationMs };
  if (signer === null || (look === null && finding === null))
    return { ...verdict, recorded: null, unrecorded: null };
  const kind = signer.text === plan.backup.signer ? "read-back" : "verify";
  const testimony = {
    kind,
    ok: look !== null,
    extent: look?.extent,
    bytes: look === null ? plan.progress.bytes : plan.backup.manifest.bytes,
    findings: finding === null ? [] : [finding],
    beganAt,
  } as const;
  try {
    await recordProof({ ...plan, ...plan.backup, signer }, testimony, signal);
    return { ...verdict, recorded: kind, unrecorded: null };
  } catch (error) {
    return { ...verdict, recorded: null, unrecorded: requireKnown(error, signal) };
  }
}

/** Verifies several, `jobs` of them at a time, and tells of each when it is done. */
export async function verifyBackups<P extends VerifyPlan>(
  plans: readonly P[],
  jobs: number,
  tell: (plan: P, verdict: Verdict) => void,
  signal: AbortSignal,
): Promise<void> {
  await scoped(signal, async (signal) => {
    const queue = plans.values();
    const work = async (): Promise<void> => {
      for (const plan of queue) tell(plan, await verifyBackup(plan, signal));
    };
    await Promise.all(Array.from({ length: jobs }, work));
  });
}

interface Tried {
  look: Look | null;
  failure: DbackedError | null;
  /** What is wrong with the backup, if that is what failed. */
  finding: Finding | null;
}

async function tryLook(plan: VerifyPlan, signal: AbortSignal): Promise<Tried> {
  const { store, backup, progress, trusted } = plan;
  const { manifest, name, storedAt } = backup;
  let header: Header | null = null;
  try {
    await requireVolumes(store, backup, signal);
    const source = meteredSource(volumeSource(store, envelopeKey(name), manifest.volumes), progress);
    header = await requireHeader(source, manifest, signal);
    trustHeader(header, trusted, storedAt);
    const look = await (plan.opener === null
      ? lookSealed(plan, { source, header }, signal)
      : lookInside(plan, { source, opener: plan.opener }, signal));
    return { look, failure: null, finding: null };
  } catch (error) {
    const failure = requireKnown(error, signal);
    return { look: null, failure, finding: findingOf(failure, header) };
  }
}

async function lookSealed(
  { backup }: VerifyPlan,
  { source, header }: { source: Source; header: Header },
  signal: AbortSignal,
): Promise<Look> {
  compareEnding(backup.manifest, await scanSource(source, header, signal));
  return { extent: "sealed", readBy: null };
}

async function lookInside(
  { backup: { manifest, storedAt }, engine }: VerifyPlan,
  { source, opener }: { source: Source; opener: Opener },
  signal: AbortSignal,
): Promise<Look> {
  const unsealed = await unsealSource({ source, manifest, storedAt }, opener, signal);
  const { dump: kind, tool } = unsealed;
  const decompressed = isKnownCompression(manifest.compression);
  const dump = await unsealed.read({ verifyFirst: false, decompressed }, signal);
  if (engine === null || !decompressed || !isReadable(kind)) {
    for await (const piece of dump) release(piece);
    return { extent: "opened", readBy: null };
  }
  try {
    return { extent: "dump", readBy: await readWhole(dump, { ...engine, kind, tool }, signal) };
  } catch (error) {
    if (!(error instanceof BrokenDump)) throw error;
    throw new Damage({ code: "dump" }, error.message, { hint: error.hint, cause: error });
  }
}

/** What is no failure that a user can act on is not one of a backup either. */
function requireKnown(error: unknown, signal: AbortSignal): DbackedError {
  signal.throwIfAborted();
  if (error instanceof DbackedError) return error;
  throw error;
}
