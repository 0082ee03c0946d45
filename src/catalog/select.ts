import { DbackedError } from "../base/error.ts";
import type { Backup } from "./list.ts";

const SHORTEST_ID = 6;

/**
 * Finds the backup that `wanted` names: six or more hex digits of its id, or `<database>/<time>`.
 *
 * @throws {DbackedError} `usage`, if it names none or several.
 */
export function selectBackup<T extends { backup: Backup }>(backups: readonly T[], wanted: string): T {
  const found = backups.filter(({ backup }) => isNamed(backup.name, wanted));
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined) {
    const stems = new Set(found.map(({ backup }) => backup.name.stem));
    if (stems.size === 1) throw severalStores(wanted);
    throw new DbackedError("usage", `"${wanted}" names ${stems.size} backups: ${[...stems].join(", ")}`, {
      hint: "give more digits",
    });
  }
  throw new DbackedError("usage", `No backup is named "${wanted}"`, {
    hint: "`dbacked list` shows them; give six or more digits of an id, or DATABASE/TIME",
  });
}

function severalStores(wanted: string): DbackedError {
  return new DbackedError("usage", `Several stores hold backup "${wanted}"`, {
    hint: "give --store NAME; `dbacked list` shows the names",
  });
}

function isNamed({ stem, id }: Backup["name"], wanted: string): boolean {
  if (wanted.includes("/")) return stem === wanted || stem.startsWith(`${wanted}-`);
  return wanted.length >= SHORTEST_ID && id.startsWith(wanted.toLowerCase());
}
