import { Database as Connection } from "bun:sqlite";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { type Backup, listBackups } from "../../src/catalog/list.ts";
import { envelopeKey } from "../../src/catalog/name.ts";
import { databaseDrivers } from "../../src/database/registry.ts";
import { backUp, type BackupPlan } from "../../src/job/backup.ts";
import { unsealSource } from "../../src/job/open.ts";
import { restoreInto } from "../../src/job/restore.ts";
import { noteVerifier } from "../../src/job/trust.ts";
import type { Store } from "../../src/store/store.ts";
import { volumeSource } from "../../src/store/volumes.ts";
import { trusting } from "../job/site.ts";
import { identity, recipient, signer } from "../seal/sample.ts";

const never = new AbortController().signal;

/** A small database, and the jobs that back it up and bring it back. */
export interface Site extends AsyncDisposable {
  backUp(store: Store, more?: Partial<BackupPlan>): Promise<Backup>;
  /** Adds rows that cannot be compressed. */
  grow(bytes: number): void;
  /** What the database holds. */
  content(): string;
  /** What a restore of this backup brings back. */
  contentOf(store: Store, backup: Backup): Promise<string>;
  /** All backups, newest first; those that do not count have a doubt. */
  list(store: Store): Promise<readonly Backup[]>;
}

/** Makes one; it is removed on dispose. */
export async function makeSite(): Promise<Site> {
  const root = await temporaryFolder("fault");
  const path = join(root.path, "shop.db");
  const { sqlite } = databaseDrivers;
  const open = (file: string) => sqlite.create(sqlite.options.parse({ path: file }));
  const change = (sql: string, ...values: number[]) => {
    using connection = new Connection(path);
    connection.run(sql, values);
  };
  change("CREATE TABLE noise (id INTEGER PRIMARY KEY, data BLOB)");
  let restores = 0;
  return {
    backUp: (store, more = {}) => backUp({ ...planOf(store), database: open(path), ...more }, never),
    grow: (bytes) => change("INSERT INTO noise (data) VALUES (randomblob(?))", bytes),
    content: () => contentOf(path),
    contentOf: async (store, { name, manifest, storedAt }) => {
      const source = volumeSource(store, envelopeKey(name), manifest.volumes);
      const unsealed = await unsealSource({ source, manifest, storedAt }, OPENER, never);
      const file = join(root.path, `restored-${(restores += 1)}.db`);
      await restoreInto(
        open(file),
        unsealed,
        { plan: PLAN, singlePass: false, progress: { restored: 0 } },
        never,
      );
      return contentOf(file);
    },
    list: async (store) =>
      (await listBackups(store, "shop", noteVerifier(store, trusting(signer), never), never)).backups,
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}

const OPENER = {
  identities: [identity],
  trusted: trusting(signer),
  approve: async () => {},
  expectCore: null,
  expectSet: null,
};

const PLAN = {
  force: false,
  noOwner: false,
  singleTransaction: true,
  jobs: 1,
  spoolDirectory: "/nowhere",
};

function planOf(store: Store): Omit<BackupPlan, "database"> {
  return {
    set: "shop",
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

function contentOf(path: string): string {
  using connection = new Connection(path, { readonly: true });
  const hash = new Bun.CryptoHasher("sha256");
  for (const { id, data } of connection.query<{ id: number; data: Uint8Array }, []>("SELECT * FROM noise"))
    hash.update(`${id} ${data.length} `).update(data);
  return hash.digest("hex");
}
