import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../../scripts/services/service.ts";
import type { Bytes, ByteStream } from "../../../src/base/bytes.ts";
import type { Backup } from "../../../src/catalog/list.ts";
import { envelopeKey } from "../../../src/catalog/name.ts";
import type { Database, RestoreReport } from "../../../src/database/database.ts";
import { databaseDrivers } from "../../../src/database/registry.ts";
import { unsealSource } from "../../../src/job/open.ts";
import { restoreInto, type RestoreOptions } from "../../../src/job/restore.ts";
import { FolderStore } from "../../../src/store/folder.ts";
import type { PutOptions } from "../../../src/store/store.ts";
import { volumeSource } from "../../../src/store/volumes.ts";
import { PLAINEST } from "../../database/plainest.ts";
import { backUp, OPENER, planFor } from "../../job/plan.ts";
import type { Engine, Options } from "./engine.ts";

const never = new AbortController().signal;

/** A folder that backups are stored in, and the jobs that fill and read it. */
export interface Vault extends AsyncDisposable {
  /** @param during runs while the dump is held up in its middle. */
  backUp(database: Database, during?: During): Promise<Backup>;
  restore(backup: Backup, target: Database, plan?: Partial<RestoreOptions["plan"]>): Promise<RestoreReport>;
  /** What is stored that could be taken for a backup. */
  backups(): Promise<readonly string[]>;
}

type During = () => Promise<unknown>;

/** Makes an empty one; it is removed on dispose. */
export async function openVault(): Promise<Vault> {
  const root = await temporaryFolder("vault");
  const [path, spoolDirectory] = [join(root.path, "store"), join(root.path, "spool")];
  await Promise.all([mkdir(path), mkdir(spoolDirectory)]);
  const store = new FolderStore({ path });
  return {
    backUp: (database, during) =>
      during === undefined ? backUp(planFor(database, store), never) : backUpHeld(path, database, during),
    restore: async ({ name, manifest, storedAt }, target, plan = {}) => {
      const source = volumeSource(store, envelopeKey(name), manifest.volumes);
      const unsealed = await unsealSource({ source, manifest, storedAt }, OPENER, never);
      const progress = { restored: 0 };
      const options = { plan: { ...PLAINEST, spoolDirectory, ...plan }, singlePass: false, progress };
      return await restoreInto(target, unsealed, options, never);
    },
    backups: async () => {
      const { objects } = await store.list("", never);
      return objects.map(({ key }) => key).filter((key) => /\.(?:dbk|json)/.test(key));
    },
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}

/** What the config makes of these options. */
export function openDatabase({ type }: Pick<Engine, "type">, options: Options): Database {
  const driver = databaseDrivers[type];
  // Each driver takes what its own schema gives.
  return driver.create(driver.options.parse(options) as never);
}

/** A store that takes an object on only after `during` has ended; by then its dump has begun, and waits. */
class HeldStore extends FolderStore {
  readonly #hold: () => Promise<void>;

  constructor(path: string, hold: () => Promise<void>) {
    super({ path });
    this.#hold = hold;
  }

  override put(key: string, body: ByteStream, options: PutOptions, signal: AbortSignal) {
    const transform = async (piece: Bytes, controller: TransformStreamDefaultController<Bytes>) => {
      await this.#hold();
      controller.enqueue(piece);
    };
    return super.put(key, body.pipeThrough(new TransformStream({ transform })), options, signal);
  }
}

/** Makes a backup that is held up in the middle of its dump until `during` has ended. */
async function backUpHeld(path: string, database: Database, during: During): Promise<Backup> {
  const progress = { dumped: 0, stored: 0, readBack: { bytes: 0 } };
  let dumped = 0;
  const store = new HeldStore(path, async () => {
    if (progress.dumped === 0 || dumped > 0) return;
    await during();
    dumped = progress.dumped;
  });
  const backup = await backUp({ ...planFor(database, store), progress }, never);
  if (dumped === 0 || dumped >= backup.manifest.dumpBytes) throw new Error("the dump was not held up");
  return backup;
}
