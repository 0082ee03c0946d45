import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../tool/alive.ts";

/** A name for a file that is removed before we end: it says whose it is, in case that we are killed. */
export function nameTemporary(prefix: string): string {
  return `${prefix}${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** Removes the files of that prefix whose process died before it could, and what SQLite kept beside them. */
export async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const pid = /^(\d+)-[0-9a-f]{8}(?:-(?:journal|wal|shm))?$/.exec(name.slice(prefix.length))?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    // Another user's is left to him.
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}
