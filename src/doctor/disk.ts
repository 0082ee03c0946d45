import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";

import { DbackedError } from "../base/error.ts";
import { printBytes } from "../base/units.ts";
import type { DatabaseConfig, StoreConfig } from "../config/config.ts";
import { pathOf, sqliteOptions } from "../database/sqlite/options.ts";
import { bad, type Check, doubtful, good } from "./check.ts";
import { folderOf } from "./patient.ts";

/** Looks at the disks that a backup needs, and at what would be lost together. */
export async function checkDisk(
  databases: readonly DatabaseConfig[],
  stores: readonly StoreConfig[],
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const entry of databases) {
    const { success, data } = sqliteOptions.safeParse(entry.type === "sqlite" ? entry.options : null);
    if (!success) continue;
    const file = pathOf(data);
    checks.push(...(await checkRoom(entry.name, file, data.snapshotDirectory)));
    for (const store of stores)
      if (entry.stores.includes(store.name)) checks.push(...(await checkFate(entry.name, file, store)));
  }
  return checks;
}

/** The snapshot of an SQLite file is as large as the file. What cannot be looked at is told of the database itself. */
async function checkRoom(
  name: string,
  file: string,
  snapshotDirectory: string | undefined,
): Promise<readonly Check[]> {
  const found = await stat(file).catch(() => null);
  const folder = snapshotDirectory ?? dirname(file);
  const disk = await statfs(folder).catch(() => null);
  if (found === null || disk === null) return [];
  const [needed, free] = [found.size, disk.bavail * disk.bsize];
  const what = `a snapshot of ${name} needs ${printBytes(needed)} in ${folder}, and ${printBytes(free)} are free`;
  if (free >= needed) return [good("disk", what)];
  const hint = "make room, or set snapshotDirectory to a folder on another disk";
  return [bad("disk", new DbackedError("database", what, { hint }))];
}

async function checkFate(name: string, file: string, store: StoreConfig): Promise<readonly Check[]> {
  const folder = folderOf(store);
  if (folder === null) return [];
  const [one, other] = [await stat(file).catch(() => null), await stat(folder).catch(() => null)];
  if (one === null || one.dev !== other?.dev) return [];
  const what = `${name} and its backups lie on the same disk: ${file} and ${folder} would be lost together`;
  return [doubtful("disk", what, "add a store on another disk, or better on another host")];
}
