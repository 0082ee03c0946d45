import { DbackedError } from "../base/error.ts";
import type { Manifest } from "../catalog/manifest.ts";
import { type BackupName, proofKey } from "../catalog/name.ts";
import { encodeProof, type Finding, type Proof, PROOF_TYPE } from "../catalog/proof.ts";
import type { Header } from "../seal/header.ts";
import { keyIdOf, signNote } from "../seal/note.ts";
import { Refusal } from "../seal/refusal.ts";
import type { Signer } from "../seal/signer.ts";
import { segmentRange } from "../seal/source.ts";
import { NotFound, type Store } from "../store/store.ts";

/** What was stored is not what its manifest says. */
export class Damage extends DbackedError {
  readonly finding: Finding;

  constructor(
    finding: Finding,
    message: string,
    detail: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super("damaged", message, detail);
    this.finding = finding;
  }
}

/** Whose proof it is, and where it goes. */
interface Witness {
  store: Store;
  name: BackupName;
  manifest: Manifest;
  signer: Signer;
  now: () => Date;
}

/** What a proof says besides whose it is. */
export type Testimony = Pick<Proof, "kind" | "ok" | "bytes" | "extent" | "findings"> & { beganAt: Date };

/**
 * Signs what was learnt of a backup, and stores it beside the manifest.
 *
 * @throws {DbackedError} `store`
 */
export async function recordProof(
  { store, name, manifest, signer, now }: Witness,
  { beganAt, ...testimony }: Testimony,
  signal: AbortSignal,
): Promise<Proof> {
  const at = now();
  const proof: Proof = {
    backup: manifest.backup,
    core: manifest.core,
    ...testimony,
    at: at.toISOString(),
    durationMs: Math.max(0, at.getTime() - beganAt.getTime()),
  };
  const key = proofKey(name, at, keyIdOf(signer.publicKey));
  const note = await signNote(PROOF_TYPE, encodeProof(proof), signer);
  if ((await store.create(key, note, signal)) === "created") return proof;
  throw new DbackedError("store", `${store.label} holds another proof under ${key}`, {
    hint: "who else writes there?",
  });
}

/** What a newer version may have meant well. */
const NEWER: ReadonlySet<string> = new Set(["version", "suite", "flags"]);

/** Says what is wrong with a backup whose reading failed with `error`; null if the failure is not the backup's. */
export function findingOf(error: unknown, header: Header | null): Finding | null {
  if (error instanceof Damage) return error.finding;
  if (error instanceof NotFound) return { code: "missing" };
  if (!(error instanceof DbackedError) || error.kind !== "damaged") return null;
  if (!(error instanceof Refusal)) return { code: "mismatch" };
  const { code, segment } = error;
  if (NEWER.has(code)) return null;
  if (segment === null || header === null) return { code };
  return { code, offset: segmentRange(Infinity, header, segment).start };
}
