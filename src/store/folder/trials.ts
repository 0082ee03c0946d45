import { constants } from "node:fs";
import { open, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

import { printBytes } from "../../base/units.ts";
import type { Probe, Trial } from "../trial.ts";
import { codeOf } from "./failure.ts";

/** Less than this is soon used up, whatever the size of a backup. */
const LITTLE_SPACE = 1024 ** 3;

const WRITABLE_BY_ALL = 0o002;
const STICKY = 0o1000;

/** Tries out a folder on a file in it. */
export async function tryFolder(
  folder: string,
  { key }: Probe,
  remove: () => Promise<void>,
): Promise<Trial[]> {
  const path = join(folder, key);
  const overwrite = await isAllowed(open(path, constants.O_WRONLY).then((file) => file.close()));
  const removal = await isAllowed(remove());
  return [...judgeRights(overwrite, removal), await judgeAccess(folder), await judgeSpace(folder)];
}

async function isAllowed(act: Promise<void>): Promise<boolean> {
  try {
    await act;
    return true;
  } catch (error) {
    const code = codeOf(error) || codeOf((error as Error).cause);
    if (["EACCES", "EPERM", "EROFS"].includes(code)) return false;
    throw error;
  }
}

/** Whoever owns a folder can do anything with it, on most file systems. */
function judgeRights(overwrite: boolean, removal: boolean): Trial[] {
  const hint = "keep a second copy in a store that this host cannot delete from, as in docs/stores.md";
  return [
    overwrite
      ? { name: "overwrite", state: "warn", what: "this user can overwrite backups", hint }
      : { name: "overwrite", state: "ok", what: "overwriting is denied" },
    removal
      ? { name: "delete", state: "warn", what: "this user can delete backups", hint }
      : { name: "delete", state: "ok", what: "deleting is denied" },
  ];
}

async function judgeAccess(folder: string): Promise<Trial> {
  const { mode } = await stat(folder);
  if ((mode & WRITABLE_BY_ALL) === 0)
    return { name: "access", state: "ok", what: "only its owner and group can write there" };
  const isSticky = (mode & STICKY) !== 0;
  const what = isSticky
    ? "every user of this host can write there"
    : "every user of this host can delete backups";
  return { name: "access", state: "warn", what, hint: `chmod o-w ${folder}` };
}

async function judgeSpace(folder: string): Promise<Trial> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const what = `${printBytes(free)} are free there`;
  if (free >= LITTLE_SPACE) return { name: "space", state: "ok", what, free };
  return { name: "space", state: "warn", what, hint: `make room, or prune: df -h ${folder}`, free };
}
