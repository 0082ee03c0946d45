import type { Backup } from "./list.ts";
import { judge, type Retention } from "./retention/judge.ts";

/** What one store has of a set. */
export interface Keeper {
  backups: readonly Backup[];
  /** Stems of what should be backups there and cannot be read. */
  broken: readonly string[];
}

/** A backup that one store lacks and others have. */
export interface Missing<K extends Keeper> {
  target: K;
  /** Its copies that count, in the order of their stores. */
  originals: readonly { keeper: K; backup: Backup }[];
  /** Why it is not to be copied; null if it is. */
  reason: string | null;
}

/**
 * Says what each store lacks of what counts in others, the oldest first. What its retention would not keep there is left:
 * else a copy would bring back what was removed, or would be removed next.
 */
export function findMissing<K extends Keeper>(
  keepers: readonly K[],
  retention: Retention | null,
): readonly Missing<K>[] {
  const counting = keepers.flatMap((keeper) =>
    keeper.backups.filter(({ doubt }) => doubt === null).map((backup) => ({ keeper, backup })),
  );
  const copies = Map.groupBy(counting, ({ backup }) => backup.name.stem);
  const stems = [...copies.keys()].toSorted();
  return keepers.flatMap((target) => {
    const there = new Set([...target.backups.map(({ name }) => name.stem), ...target.broken]);
    const absent = stems.filter((stem) => !there.has(stem)).map((stem) => copies.get(stem) ?? []);
    const kept = keptOf([...target.backups, ...absent.flatMap(([first]) => first?.backup ?? [])], retention);
    return absent.map((originals) => {
      const stem = originals[0]?.backup.name.stem ?? "";
      return { target, originals, reason: kept.has(stem) ? null : "its keep would not keep it there" };
    });
  });
}

function keptOf(backups: readonly Backup[], retention: Retention | null): ReadonlySet<string> {
  if (retention === null) return new Set(backups.map(({ name }) => name.stem));
  const verdicts = judge(backups, retention);
  return new Set(verdicts.filter(({ fate }) => fate === "kept").map(({ backup }) => backup.name.stem));
}
