import { Database as Connection } from "bun:sqlite";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { type Backup, listBackups } from "../../src/catalog/list.ts";
import { envelopeKey } from "../../src/catalog/name.ts";
import { type BackupOutcome, backUp as backUpToAll } from "../../src/job/backup.ts";
import type { Place } from "../../src/job/copy.ts";
import { databaseDrivers } from "../../src/database/registry.ts";
import { unsealSource } from "../../src/job/open.ts";
import { restoreInto } from "../../src/job/restore.ts";
import { noteVerifier } from "../../src/job/trust.ts";
import type { Store } from "../../src/store/store.ts";
import { volumeSource } from "../../src/store/volumes.ts";
import { PLAINEST } from "../database/plainest.ts";
import { backUp, OPENER, type Plan, planFor, trusting } from "../job/plan.ts";
import { signer } from "../seal/sample.ts";

const never = new AbortController().signal;

/** A small database, and the jobs that back it up and bring it back. */
export interface Site extends AsyncDisposable {
  backUp(store: Store, more?: Partial<Plan>): Promise<Backup>;
  /** Backs it up into several stores, by their names. */
  backUpToAll(stores: Readonly<Record<string, Store>>, more?: Partial<Plan>): Promise<BackupOutcome>;
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
    backUp: (store, more = {}) => backUp({ ...planFor(open(path), store), ...more }, never),
    backUpToAll: (stores, more = {}) => {
      const [store] = Object.values(stores);
      if (store === undefined) throw new Error("no store");
      const plan = { ...planFor(open(path), store), ...more };
      const { readBack, tellUnread, lease } = plan;
      const held = lease === undefined ? {} : { lease };
      const places = Object.entries(stores).map(([name, store]): Place =>
        Object.assign({ name, store, readBack, tellUnread }, held),
      );
      return backUpToAll({ ...plan, places }, never);
    },
    grow: (bytes) => change("INSERT INTO noise (data) VALUES (randomblob(?))", bytes),
    content: () => contentOf(path),
    contentOf: async (store, { name, manifest, storedAt }) => {
      const source = volumeSource(store, envelopeKey(name), manifest.volumes);
      const unsealed = await unsealSource({ source, manifest, storedAt }, OPENER, never);
      const file = join(root.path, `restored-${(restores += 1)}.db`);
      await restoreInto(
        open(file),
        unsealed,
        { plan: PLAINEST, singlePass: false, progress: { restored: 0 } },
        never,
      );
      return contentOf(file);
    },
    list: async (store) =>
      (await listBackups(store, "shop", noteVerifier(store, trusting(signer), never), never)).backups,
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}

function contentOf(path: string): string {
  using connection = new Connection(path, { readonly: true });
  const hash = new Bun.CryptoHasher("sha256");
  for (const { id, data } of connection.query<{ id: number; data: Uint8Array }, []>("SELECT * FROM noise"))
    hash.update(`${id} ${data.length} `).update(data);
  return hash.digest("hex");
}
