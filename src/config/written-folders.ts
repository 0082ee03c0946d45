import { exists, realpath } from "node:fs/promises";
import { dirname } from "node:path";

import { pathOf, sqliteOptions } from "../database/sqlite/options.ts";
import { folderOptions } from "../store/folder.ts";
import type { Config, DatabaseConfig, StoreConfig } from "./config.ts";

/**
 * The folders that backups by this config write to, besides what is remembered on the host: a service may have to be allowed each of
 * them. That of the signing key is among them until the key is made.
 */
export async function writtenFolders({ databases, stores, signer }: Config): Promise<readonly string[]> {
  const files = await Promise.all(databases.map(besideFile));
  const metrics = databases.flatMap(({ metricsDirectory }) => metricsDirectory ?? []);
  const isSignerMissing = signer !== null && "file" in signer && !(await exists(signer.file));
  const keys = isSignerMissing ? [dirname(signer.file)] : [];
  return [...new Set([...stores.flatMap(folderOf), ...files.flat(), ...metrics, ...keys])];
}

/** The path of a store that is a folder. */
function folderOf({ type, options }: Pick<StoreConfig, "type" | "options">): string[] {
  const { success, data } = folderOptions.safeParse(type === "folder" ? options : null);
  return success ? [data.path] : [];
}

/** SQLite's journals lie beside the file itself, wherever a link to it is. */
async function besideFile({ type, options }: DatabaseConfig): Promise<string[]> {
  const { success, data } = sqliteOptions.safeParse(type === "sqlite" ? options : null);
  if (!success) return [];
  const path = pathOf(data);
  const file = await realpath(path).catch(() => path);
  return [dirname(file), data.snapshotDirectory ?? dirname(path)];
}
