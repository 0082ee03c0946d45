import { type Claim, IDENTITY_TYPE } from "../catalog/identity.ts";
import { signNote, verifyNote } from "../seal/note.ts";
import { keysAt } from "../seal/unlock.ts";
import type { BackupPlan } from "./backup.ts";

/** How a host claims its set: it believes itself, and whom it trusts. */
export function claimOf({ set, adopt, signer, trusted }: BackupPlan, source: string): Claim {
  return {
    set,
    source,
    adopt,
    sign: (payload) => signNote(IDENTITY_TYPE, payload, signer),
    verify: async (note, storedAt) => {
      const keys = [signer.publicKey, ...keysAt(trusted, storedAt)];
      return (await verifyNote(note, IDENTITY_TYPE, keys)).payload;
    },
  };
}
