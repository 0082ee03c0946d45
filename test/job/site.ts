import { Database as Connection } from "bun:sqlite";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import type { Backup } from "../../src/catalog/list.ts";
import { databaseDrivers } from "../../src/database/registry.ts";
import { backUp, type BackupPlan } from "../../src/job/backup.ts";
import type { Signer } from "../../src/seal/signer.ts";
import type { TrustedSigner } from "../../src/seal/unlock.ts";
import { FolderStore } from "../../src/store/folder.ts";
import { recipient, signer } from "../seal/sample.ts";

export const never = new AbortController().signal;

/** A folder with a small database and a store. */
export interface Site extends AsyncDisposable {
  folder: string;
  /** The database file. */
  path: string;
  store: FolderStore;
  /** The folder of the store. */
  storeFolder: string;
  /** How its database, as the set `shop`, is backed up. */
  plan: BackupPlan;
  backUp(more?: Partial<BackupPlan>): Promise<Backup>;
}

/** Makes a site; it is removed on dispose. */
export async function makeSite(): Promise<Site> {
  const root = await temporaryFolder("site");
  const [path, storeFolder] = [join(root.path, "shop.db"), join(root.path, "store")];
  await mkdir(storeFolder);
  using connection = new Connection(path);
  connection.run("CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT)");
  connection.run("INSERT INTO orders VALUES (1, 'tea'), (2, 'jam')");
  const store = new FolderStore({ path: storeFolder });
  const plan = planOf(path, store);
  const site = { folder: root.path, path, store, storeFolder, plan };
  const make = (more: Partial<BackupPlan> = {}) => backUp({ ...plan, ...more }, never);
  return { ...site, backUp: make, [Symbol.asyncDispose]: async () => root[Symbol.asyncDispose]() };
}

function planOf(path: string, store: FolderStore): BackupPlan {
  const { sqlite } = databaseDrivers;
  return {
    set: "shop",
    database: sqlite.create(sqlite.options.parse({ path })),
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
