import { DbackedError } from "../../src/base/error.ts";
import type { Database } from "../../src/database/database.ts";
import type { BackupPlan } from "../../src/job/backup.ts";
import type { Opener } from "../../src/job/open.ts";
import type { Signer } from "../../src/seal/signer.ts";
import type { TrustedSigner } from "../../src/seal/unlock.ts";
import type { Store } from "../../src/store/store.ts";
import { identity, recipient, signer } from "../seal/sample.ts";

/** How a database, as the set `shop`, is backed up into a store. */
export function planFor(database: Database, store: Store): BackupPlan {
  return {
    set: "shop",
    database,
    store,
    codec: { name: "zstd", level: 1 },
    recipients: [recipient],
    signer,
    trusted: trusting(signer),
    host: "backup.internal",
    version: "0.0.0",
    acceptIncomplete: false,
    adopt: false,
    now: () => new Date(),
    readBack: "full",
    stallMs: 60_000,
    progress: { dumped: 0, stored: 0, readBack: { bytes: 0 } },
    tellGaps: () => {},
    tellUnread: () => {},
  };
}

/** Trusts these signers for ever. */
export function trusting(...signers: readonly Signer[]): TrustedSigner[] {
  return signers.map(({ publicKey }) => ({ key: publicKey, storedBefore: null }));
}

/** Opens what a plan made, and believes nobody else. */
export const OPENER: Opener = {
  identities: [identity],
  trusted: trusting(signer),
  approve: () => Promise.reject(new DbackedError("key", "nobody was asked")),
  expectCore: null,
  expectSet: null,
};
