import { DbackedError } from "../base/error.ts";
import type { Backup } from "./list.ts";

const SHORTEST_ID = 6;

/**
 * Finds the backup that `wanted` names: six or more hex digits of its id, or `<database>/<time>`. Of several copies it is
 * the first that counts.
 *
 * @throws {DbackedError} `usage`, if it names none or several.
 */
export function selectBackup<T extends { backup: Backup }>(backups: readonly T[], wanted: string): T {
  const found = backups.filter(({ backup }) => isNamed(backup.name, wanted));
  const [first] = found;
  const stems = new Set(found.map(({ backup }) => backup.name.stem));
  if (first !== undefined && stems.size === 1) return copiesOf(found, first)[0] ?? first;
  if (first === undefined)
    throw new DbackedError("usage", `No backup is named "${wanted}"`, {
      hint: "`dbacked list` shows them; give six or more digits of an id, or DATABASE/TIME",
    });
  throw new DbackedError("usage", `"${wanted}" names ${stems.size} backups: ${[...stems].join(", ")}`, {
    hint: "give more digits",
  });
}

/** All copies of a backup: those that count first, else in the order of `backups`. */
export function copiesOf<T extends { backup: Backup }>(
  backups: readonly T[],
  { backup: { name } }: T,
): readonly T[] {
  const copies = backups.filter(({ backup }) => backup.name.stem === name.stem);
  const counts = ({ backup }: T): boolean => backup.doubt === null;
  return [...copies.filter(counts), ...copies.filter((copy) => !counts(copy))];
}

function isNamed({ stem, id }: Backup["name"], wanted: string): boolean {
  if (wanted.includes("/")) return stem === wanted || stem.startsWith(`${wanted}-`);
  return wanted.length >= SHORTEST_ID && id.startsWith(wanted.toLowerCase());
}
