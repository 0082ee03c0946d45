import { Database as Connection } from "bun:sqlite";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import type { Backup } from "../../src/catalog/list.ts";
import { databaseDrivers } from "../../src/database/registry.ts";
import { FolderStore } from "../../src/store/folder.ts";
import { backUp, type Plan, planFor } from "./plan.ts";

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
  plan: Plan;
  backUp(more?: Partial<Plan>): Promise<Backup>;
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
  const { sqlite } = databaseDrivers;
  const plan = planFor(sqlite.create(sqlite.options.parse({ path })), store);
  const site = { folder: root.path, path, store, storeFolder, plan };
  const make = (more: Partial<Plan> = {}) => backUp({ ...plan, ...more }, never);
  return { ...site, backUp: make, [Symbol.asyncDispose]: async () => root[Symbol.asyncDispose]() };
}
