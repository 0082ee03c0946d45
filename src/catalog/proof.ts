import { z } from "zod";
import { type Bytes, utf8 } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { BackupName } from "./name.ts";

/** The DSSE payload type of a proof. */
export const PROOF_TYPE = "application/vnd.dbacked.proof+json";

/**
 * How far a look went. `sample`: header, trailer and some segments; `sealed`: every byte, by digests and signatures;
 * `opened`: every segment, by its key; `dump`: the dump inside too, read to its end by its engine.
 */
const extent = z.enum(["sample", "sealed", "opened", "dump"]);

const finding = z.object({ code: z.string(), offset: z.int().nonnegative().optional() });

const proofSchema = z.object({
  backup: z.string(),
  core: z.string(),
  kind: z.enum(["read-back", "verify", "drill"]),
  at: z.iso.datetime({ precision: 3 }),
  /** Null if whoever looked was not allowed to read: then nothing is proved, for or against. */
  ok: z.boolean().nullable(),
  // A bad word of a trusted signer counts, however odd the rest of what he says.
  bytes: z.int().nonnegative().catch(0),
  durationMs: z.int().nonnegative().catch(0),
  extent: extent.optional().catch(undefined),
  findings: z.array(finding).catch([]),
});

/** What was learnt of a backup after it was stored. */
export type Proof = z.output<typeof proofSchema>;

/** How far a look at a backup went. */
export type Extent = z.infer<typeof extent>;

/** What is wrong: a code for programs, and where in the envelope, if that is known. */
export type Finding = z.infer<typeof finding>;

/** When each sort of look last succeeded, ISO 8601; null if never. */
export interface ProofTimes {
  /** All of it was read back by the host that made it. */
  readBackAt: string | null;
  /** Some of it was. */
  sampledAt: string | null;
  /** That host was not allowed to read it. */
  unreadableAt: string | null;
  /** Another host has verified all of it. */
  verifiedAt: string | null;
  /** The same, with a private key, and the dump inside too. */
  openedAt: string | null;
  drilledAt: string | null;
}

/** The bytes that are signed. */
export function encodeProof(proof: Proof): Bytes {
  return utf8(JSON.stringify(proof));
}

/** Reads a proof whose signature was verified. Keys that this version does not know are ignored. */
export function parseProof(payload: Bytes, name: BackupName): Proof {
  const parsed = proofSchema.safeParse(parseJson(payload));
  if (!parsed.success || parsed.data.backup !== name.id) {
    throw new DbackedError("damaged", `A proof beside ${name.stem} is not one of that backup`);
  }
  return parsed.data;
}

/** The newest of each sort. */
export function summarizeProofs(proofs: readonly Proof[]): ProofTimes {
  const newest = (kind: Proof["kind"], isWanted: (proof: Proof) => boolean) =>
    proofs
      .filter((proof) => proof.kind === kind && isWanted(proof))
      .map((proof) => proof.at)
      .toSorted()
      .at(-1) ?? null;
  return {
    readBackAt: newest("read-back", ({ ok, extent }) => ok === true && extent !== "sample"),
    sampledAt: newest("read-back", ({ ok, extent }) => ok === true && extent === "sample"),
    unreadableAt: newest("read-back", ({ ok }) => ok === null),
    verifiedAt: newest("verify", ({ ok }) => ok === true),
    openedAt: newest("verify", ({ ok, extent }) => ok === true && extent === "dump"),
    drilledAt: newest("drill", ({ ok }) => ok === true),
  };
}

function parseJson(payload: Bytes): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return null;
  }
}
