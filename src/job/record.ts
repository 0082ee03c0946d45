import { utf8 } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { Backup } from "../catalog/list.ts";
import { encodeManifest, MANIFEST_TYPE, type Manifest, type SealedPart } from "../catalog/manifest.ts";
import { type BackupName, envelopeKey, manifestKey } from "../catalog/name.ts";
import { summarizeProofs } from "../catalog/proof.ts";
import type { DumpReport } from "../database/database.ts";
import { signNote } from "../seal/note.ts";
import type { Store } from "../store/store.ts";
import type { Undertaking } from "./backup.ts";
import type { Place } from "./copy.ts";

/** A manifest but for what each store makes of the envelope. */
type Draft = Omit<Manifest, "volumes">;

/** Stores the manifest, which makes a stored envelope a backup. */
export async function storeManifest(
  {
    plan,
    name,
    place: { store },
    draft,
  }: Pick<Undertaking, "plan" | "name"> & { place: Place; draft: Draft },
  volumes: readonly number[],
  signal: AbortSignal,
): Promise<Backup> {
  const { signer } = plan;
  requireWhole(store, { name, bytes: draft.bytes }, volumes);
  const manifest = { ...draft, volumes: [...volumes] };
  const note = await signNote(MANIFEST_TYPE, encodeManifest(manifest), signer);
  if ((await store.create(manifestKey(name), note, signal)) === "exists") {
    throw new DbackedError("store", `${store.label} holds another manifest under ${manifestKey(name)}`, {
      hint: `who else writes there? ${envelopeKey(name)} is stored, and is no backup without its manifest`,
    });
  }
  return {
    name,
    manifest,
    signer: signer.text,
    proofs: summarizeProofs([]),
    storedAt: plan.now(),
    doubt: null,
  };
}

/** Writes what the manifest says in every store, as soon as the envelope has ended. */
export async function draftManifest(undertaking: Undertaking): Promise<Draft> {
  const { plan, dump, sealing, source, takenAt, previous } = undertaking;
  const { segments, chain, bytes } = await sealing.ended;
  const report = await dump.report;
  const { metadata, recipients } = sealing.unlocked.header;
  return {
    schema: 1,
    backup: sealing.id,
    core: sealing.core,
    signer: plan.signer.publicKey.toBase64(),
    headerBytes: sealing.headerBytes,
    header: sealing.header,
    set: plan.set,
    engine: plan.database.engine,
    takenAt: takenAt.toISOString(),
    finishedAt: plan.now().toISOString(),
    dump: dump.kind,
    compression: plan.codec.name,
    tool: { name: dump.tool.name, version: dump.tool.version },
    bytes,
    segments,
    chain,
    dumpBytes: source.bytes,
    tables: report.tables,
    rows: report.rows,
    complete: report.complete,
    // Their values name tables, which only those who can open the backup may read.
    narrowed: report.narrowed.map((option) => option.split("=", 1)[0] ?? ""),
    gaps: {
      count: report.gaps.length,
      kinds: [...new Set(report.gaps.map(({ kind }) => kind ?? "object"))].toSorted(),
    },
    consistent: report.consistent,
    seq: metadata.seq,
    prev: previous?.manifest.core ?? null,
    recipients: recipients.map(({ fingerprint }) => fingerprint),
    version: plan.version,
    sealed: await sealing.sealNote(MANIFEST_TYPE, sealedPart(report)),
  };
}

/** A store that counts otherwise than we do has stored something else. */
function requireWhole(
  { label }: Store,
  { name, bytes }: { name: BackupName; bytes: number },
  volumes: readonly number[],
): void {
  const stored = volumes.reduce((sum, size) => sum + size, 0);
  if (stored === bytes) return;
  throw new DbackedError("store", `${label} holds ${stored} bytes of ${name.stem}, not ${bytes}`, {
    hint: "what was stored is no backup; run again",
  });
}

/**
 * Bytes of each list in the sealed part. A manifest of more than 16 MiB is never read, and twice in base64 every byte
 * here becomes 16 ninths of one.
 */
const LONGEST_LIST = 4 * 1024 * 1024;

/** Characters of what the dump program warned of. */
const LONGEST_TAIL = 64 * 1024;

/** What only those who can open the backup may read. */
function sealedPart({ tableRows, narrowed, logPosition, gaps, stderrTail }: DumpReport): SealedPart {
  const [tables, kept] = [upTo(LONGEST_LIST, tableRows), upTo(LONGEST_LIST, gaps)];
  return {
    tables,
    ...(tables.length < tableRows.length ? { tablesCut: true } : {}),
    narrowed: [...narrowed],
    logPosition,
    gaps: kept,
    ...(kept.length < gaps.length ? { gapsCut: true } : {}),
    stderrTail: stderrTail.slice(-LONGEST_TAIL),
  };
}

/** The first of `items`, as many as fit into so many bytes. */
function upTo<T>(limit: number, items: readonly T[]): T[] {
  let size = 0;
  const end = items.findIndex((item) => (size += utf8(JSON.stringify(item)).length) > limit);
  return items.slice(0, end === -1 ? items.length : end);
}
