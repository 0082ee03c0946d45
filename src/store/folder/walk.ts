import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import type { StoredObject } from "../store.ts";
import { unlessAbsent } from "./failure.ts";

/** Files whose name begins with a dot are no objects. */
export function isHidden(key: string): boolean {
  return key.slice(key.lastIndexOf("/") + 1).startsWith(".");
}

/** All files under `root` whose key begins with `prefix`, hidden ones too. Symbolic links are not followed. */
export async function* walk(root: string, prefix: string, signal: AbortSignal): AsyncGenerator<StoredObject> {
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted();
    const entries = await unlessAbsent(readdir(join(root, folder), { withFileTypes: true }));
    for (const entry of entries ?? []) {
      const key = folder + entry.name;
      if (entry.isDirectory() && !isHidden(key) && mayHold(`${key}/`, prefix)) folders.push(`${key}/`);
      // A file may be hidden by its own name alone, whatever the prefix says of that.
      if (!entry.isFile() || !(isHidden(key) ? mayHold(folder, prefix) : key.startsWith(prefix))) continue;
      const file = await unlessAbsent(stat(join(root, key)));
      if (file !== null) yield { key, size: file.size, modifiedAt: file.mtime };
    }
  }
}

function mayHold(folder: string, prefix: string): boolean {
  return folder.startsWith(prefix) || prefix.startsWith(folder);
}
