import type { Candidate } from "../../../src/catalog/retention/judge.ts";

const UNPROVED = {
  readBackAt: null,
  sampledAt: null,
  unreadableAt: null,
  verifiedAt: null,
  openedAt: null,
  drilledAt: null,
};

/** A backup as far as retention looks at it. */
export function candidate(
  takenAt: Date | string,
  more: {
    storedAt?: Date;
    proofs?: Partial<Candidate["proofs"]>;
    doubt?: string;
    dumpBytes?: number;
    rows?: number | null;
    id?: number;
  } = {},
): Candidate {
  const { storedAt, proofs = {}, doubt = null, dumpBytes = 1000, rows = 100, id = 0 } = more;
  const moment = new Date(takenAt);
  return {
    name: { stem: `shop/${moment.toISOString()}-${id}` },
    manifest: { takenAt: moment.toISOString(), dumpBytes, rows },
    storedAt: storedAt ?? moment,
    proofs: { ...UNPROVED, ...proofs },
    doubt,
  };
}
