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
    const names = found.map(({ backup }) => backup.name.stem).join(", ");
    throw new DbackedError("usage", `"${wanted}" names ${found.length} backups: ${names}`, {
      hint: "give more digits",
    });
  }
  throw new DbackedError("usage", `No backup is named "${wanted}"`, {
    hint: "`dbacked list` shows them; give six or more digits of an id, or DATABASE/TIME",
  });
}

function isNamed({ stem, id }: Backup["name"], wanted: string): boolean {
  if (wanted.includes("/")) return stem === wanted || stem.startsWith(`${wanted}-`);
  return wanted.length >= SHORTEST_ID && id.startsWith(wanted.toLowerCase());
}
