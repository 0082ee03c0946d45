import { Database as Connection } from "bun:sqlite";
import { expect } from "bun:test";
import { join } from "node:path";
import { databaseDrivers } from "../../src/database/registry.ts";
import { readRecipient } from "../../src/seal/key.ts";
import { readSigner } from "../../src/seal/signer.ts";
import { FolderStore } from "../../src/store/folder.ts";
import type { Store } from "../../src/store/store.ts";
import { backUp, type Plan, planFor, trusting } from "../job/plan.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket, type TestBucket } from "../store/bucket.ts";
import type { Setting } from "./scene.ts";
import { folderStore, s3Store, sqliteDatabase, type Workspace, workspace } from "./workspace.ts";

const never = new AbortController().signal;
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2026, 9, 1, 2);

/** A host whose database was backed up on many days, and its store as it is seen from outside. */
export interface History extends AsyncDisposable {
  host: Workspace;
  /** The database file: an SQLite database of the set `app`. */
  file: string;
  store: Store;
  /** Null for a folder. */
  bucket: TestBucket | null;
  /** Keys of all objects. */
  look(): Promise<string[]>;
  /** Bytes of all objects. */
  weigh(): Promise<number>;
  configure(database: Record<string, unknown>): Promise<void>;
  /** Backs up on so many days, one after the other, each with a row more; gives their IDs, the oldest first. */
  make(days: number, more?: Partial<Plan>): Promise<string[]>;
  /** Runs `prune` with `--json`. */
  prune(...args: readonly string[]): Promise<Report>;
  /** Restores a backup, and compares it with what was there on its day, counted from 0. */
  expectRestorable(id: string, day: number): Promise<void>;
}

/** What `prune --json` prints, and how it ended. */
interface Report {
  exitCode: number;
  stderr: string;
  removedBytes: number;
  /** IDs by what became of them. */
  backups: Record<string, string[]>;
  reasons: string[];
  unfinished: { kind: string; key: string; fate: string }[];
  failures: { kind: string; message: string; hint: string | null }[];
}

/** Makes a host without any backups yet. */
export async function history(setting: Setting, options: { objectLock?: boolean } = {}): Promise<History> {
  const host = await workspace();
  const file = join(host.folder, "app.db");
  using connection = new Connection(file);
  connection.run("CREATE TABLE days (day INTEGER PRIMARY KEY)");
  const { table, store, bucket } = await placeOf(setting, host, options);
  const configure = async (database: Record<string, unknown>) =>
    host.configure({ stores: [table], databases: [sqliteDatabase(file, database)] });
  await configure({});
  await host.run(["signer", "new"]);
  const objects = async () => (await store.list("", never)).objects;
  let day = 0;
  return {
    host,
    file,
    store,
    bucket,
    configure,
    look: async () => (await objects()).map(({ key }) => key),
    weigh: async () => (await objects()).reduce((sum, { size }) => sum + size, 0),
    async make(days, more = {}) {
      // To read everything back takes most of the time on a real server.
      const usual = { readBack: bucket === null ? "full" : "off" } as const;
      const plan = { ...(await planOf(host, file, store)), ...usual };
      const ids: string[] = [];
      for (; days > 0; days -= 1, day += 1) {
        addDay(file, day);
        const now = () => new Date(FIRST_DAY + day * DAY_MS);
        ids.push((await backUp({ ...plan, now, ...more }, never)).name.id);
      }
      return ids;
    },
    prune: async (...args) => reportOf(await host.run(["prune", "--json", ...args])),
    async expectRestorable(id, wanted) {
      const target = join(host.folder, `${crypto.randomUUID()}.db`);
      const args = ["restore", id, "--private-key-path", host.privateKey, "--to", `sqlite://${target}`];
      const { exitCode, stderr } = await host.run(args);
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      using restored = new Connection(target);
      const days = restored.query("SELECT day FROM days ORDER BY day").values().flat();
      expect(days).toEqual(Array.from({ length: wanted + 1 }, (_, at) => at));
    },
    [Symbol.asyncDispose]: async () => host[Symbol.asyncDispose](),
  };
}

function addDay(file: string, day: number): void {
  using connection = new Connection(file);
  connection.run("INSERT INTO days VALUES (?)", [day]);
}

async function placeOf(
  setting: Setting,
  host: Workspace,
  options: { objectLock?: boolean },
): Promise<{ table: Record<string, unknown>; store: Store; bucket: TestBucket | null }> {
  if (setting === "a folder")
    return { table: folderStore(host.store), store: new FolderStore({ path: host.store }), bucket: null };
  const server = await (setting === "SeaweedFS" ? sharedSeaweed() : sharedRgw());
  const bucket = await makeBucket(server, options);
  return { table: s3Store(server, bucket), store: await bucket.open(), bucket };
}

async function planOf({ publicKey, signerFile }: Workspace, path: string, store: Store): Promise<Plan> {
  const { sqlite } = databaseDrivers;
  const signer = await readSigner(await Bun.file(signerFile).text());
  return {
    ...planFor(sqlite.create(sqlite.options.parse({ path })), store),
    set: "app",
    recipients: [await readRecipient(await Bun.file(publicKey).text(), { label: true })],
    signer,
    trusted: trusting(signer),
  };
}

function reportOf({
  exitCode,
  stdout,
  stderr,
}: {
  exitCode: number;
  stdout: string;
  stderr: string;
}): Report {
  const printed = JSON.parse(stdout) as {
    removedBytes: number;
    backups: { id: string; fate: string; reasons: string[] }[];
    unfinished: Report["unfinished"];
    failures: Report["failures"];
  };
  const fates = Map.groupBy(printed.backups ?? [], ({ fate }) => fate);
  return {
    exitCode,
    stderr,
    removedBytes: printed.removedBytes,
    // The oldest first.
    backups: Object.fromEntries(
      [...fates].map(([fate, all]) => [fate, all.map(({ id }) => id).toReversed()]),
    ),
    reasons: (printed.backups ?? []).flatMap(({ reasons }) => reasons),
    unfinished: printed.unfinished ?? [],
    failures: printed.failures ?? [],
  };
}
