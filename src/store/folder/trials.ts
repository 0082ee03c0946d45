import { constants } from "node:fs";
import { open, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

import { printBytes } from "../../base/units.ts";
import type { Probe, Trial } from "../trial.ts";
import { codeOf } from "./failure.ts";

/** Less than this is soon used up, whatever the size of a backup. */
const LITTLE_SPACE = 1024 ** 3;

const WRITABLE_BY_ALL = 0o002;
const SECOND_COPY = "keep a second copy in a store that this host cannot delete from: see docs/stores.md";

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
  if (overwrite && removal) {
    const what = "this user can delete and overwrite backups";
    return [{ name: "delete", state: "warn", what, hint: SECOND_COPY }];
  }
  return [
    judgeRight("overwrite", overwrite, "overwriting is denied", "this user can overwrite backups"),
    judgeRight("delete", removal, "deleting is denied", "this user can delete backups"),
  ];
}

function judgeRight(
  name: "overwrite" | "delete",
  isAllowed: boolean,
  denied: string,
  allowed: string,
): Trial {
  if (!isAllowed) return { name, state: "ok", what: denied };
  return { name, state: "warn", what: allowed, hint: SECOND_COPY };
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
  if (free >= LITTLE_SPACE) return { name: "space", state: "ok", what };
  return { name: "space", state: "warn", what, hint: `make room, or prune: df -h ${folder}` };
}
