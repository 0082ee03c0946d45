import { DbackedError } from "../../src/base/error.ts";
import type { Database } from "../../src/database/database.ts";
import type { Backup } from "../../src/catalog/list.ts";
import { type BackupPlan, backUp as backUpToAll } from "../../src/job/backup.ts";
import type { Place } from "../../src/job/copy.ts";
import type { FillPlan } from "../../src/job/fill.ts";
import type { Opener } from "../../src/job/open.ts";
import type { Signer } from "../../src/seal/signer.ts";
import type { TrustedSigner } from "../../src/seal/unlock.ts";
import type { Store } from "../../src/store/store.ts";
import { identity, recipient, signer } from "../seal/sample.ts";

/** How a database is backed up into one store. */
export type Plan = Omit<BackupPlan, "places"> & Omit<Place, "name">;

/** Makes a backup in one store, or fails as its copy does. */
export async function backUp(plan: Plan, signal: AbortSignal): Promise<Backup> {
  const { store, readBack, lease, tellUnread } = plan;
  const place = { name: "one", store, readBack, tellUnread, ...(lease === undefined ? {} : { lease }) };
  const { copies } = await backUpToAll({ ...plan, places: [place] }, signal);
  const [copy] = copies;
  if (copy === undefined) throw new Error("no copy, and no failure");
  return copy.backup;
}

/** How a database, as the set `shop`, is backed up into a store. */
export function planFor(database: Database, store: Store): Plan {
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

/** How one of these is copied into a store that has no copy of it. */
export function fillPlanFor(originals: FillPlan["originals"], target: Store): FillPlan {
  return {
    originals,
    target,
    signer,
    trusted: trusting(signer),
    stallMs: 60_000,
    now: () => new Date(),
    progress: { bytes: 0 },
    tellSpoilt: () => {},
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
