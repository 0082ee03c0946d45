import { z } from "zod";
import type { Bytes } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { BackupName } from "./name.ts";

/** The DSSE payload type of a proof. */
export const PROOF_TYPE = "application/vnd.dbacked.proof+json";

const proofSchema = z.object({
  backup: z.string(),
  core: z.string(),
  kind: z.enum(["read-back", "verify", "drill"]),
  at: z.iso.datetime({ precision: 3 }),
  ok: z.boolean(),
});

/** What was learnt of a backup after it was stored. */
export type Proof = z.infer<typeof proofSchema>;

/** When each sort of proof last succeeded, ISO 8601; null if never. */
export interface ProofTimes {
  readBackAt: string | null;
  verifiedAt: string | null;
  drilledAt: string | null;
}

/** Reads a proof whose signature was verified. Keys that this version does not know are ignored. */
export function parseProof(payload: Bytes, name: BackupName): Proof {
  const parsed = proofSchema.safeParse(parseJson(payload));
  if (!parsed.success || parsed.data.backup !== name.id) {
    throw new DbackedError("damaged", `A proof beside ${name.stem} is not one of that backup`);
  }
  return parsed.data;
}

/** The newest success of each kind. */
export function summarizeProofs(proofs: readonly Proof[]): ProofTimes {
  const newest = (kind: Proof["kind"]) =>
    proofs
      .filter((proof) => proof.kind === kind && proof.ok)
      .map((proof) => proof.at)
      .toSorted()
      .at(-1) ?? null;
  return { readBackAt: newest("read-back"), verifiedAt: newest("verify"), drilledAt: newest("drill") };
}

function parseJson(payload: Bytes): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return null;
  }
}
