import { compactTime } from "../base/clock.ts";
import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { CLOCK_TOLERANCE_MS, isDamaged, isOfStranger } from "../catalog/doubt.ts";
import { copiesOf, selectBackup } from "../catalog/select.ts";
import type { Config } from "../config/config.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { Lost } from "./print/verdict.ts";
import { type BrokenBackup, type Found, searchStores, tellTrouble } from "./sets.ts";

interface Selecting {
  args: { last: boolean; database: string | undefined; store: string | undefined };
  operands: readonly string[];
  config: Config;
  trusted: readonly TrustedSigner[];
}

/** What is verified, and what cannot be. */
interface Selection {
  found: readonly Found[];
  lost: readonly Lost[];
}

/**
 * Chooses the backups to verify, in every store: those that are named, the newest of each set that counts, or all.
 *
 * @throws {DbackedError} `usage`, if there is none.
 */
export async function chooseVerified(
  { args, operands, config, trusted }: Selecting,
  signal: AbortSignal,
): Promise<Selection> {
  const search = await searchStores(config, args, trusted, signal);
  const { found, failures, broken } = search;
  if (operands.length > 0) {
    tellTrouble(search);
    const named = operands.flatMap((wanted) => copiesOf(found, selectBackup(found, wanted)));
    return { found: [...new Set(named)], lost: [] };
  }
  const unasked = failures.map((failure) => ({ id: null, database: null, store: null, failure }));
  if (args.last) {
    const newest = newestOfEach(found, broken);
    return { found: newest.found, lost: [...newest.lost, ...unasked] };
  }
  if (found.length === 0 && failures.length === 0) throw nothingThere();
  return { found, lost: [...broken.map(lostOf), ...unasked] };
}

function newestOfEach(found: readonly Found[], broken: readonly BrokenBackup[]): Selection {
  const chosen: Found[] = [];
  const lost: Lost[] = [];
  const sets = Map.groupBy(found, ({ backup, storeName }) => `${storeName}/${backup.manifest.set}`);
  for (const [place, backups] of sets) {
    const counting = backups.find(({ backup }) => backup.doubt === null);
    const [first] = backups;
    if (counting !== undefined) chosen.push(counting);
    else if (first !== undefined) lost.push(noneCounts(first));
    const unreadable = broken.filter(({ store, database }) => `${store}/${database}` === place);
    lost.push(...newerThan(counting, backups, unreadable));
  }
  if (chosen.length === 0 && lost.length === 0) throw nothingThere();
  return { found: chosen, lost };
}

/** What is newer than the newest that counts, and is damaged: as long as there is no newer good one, that is not well. */
function newerThan(
  counting: Found | undefined,
  backups: readonly Found[],
  broken: readonly BrokenBackup[],
): Lost[] {
  const lost: Lost[] = [];
  const since = counting?.backup.name.stem ?? "";
  const newer = counting === undefined ? [] : backups.slice(0, backups.indexOf(counting));
  for (const each of newer) {
    if (isDamaged(each.backup)) lost.push(damagedSince(each));
    else log.warn(`a newer backup does not count, ${each.backup.name.stem}: ${each.backup.doubt}`);
  }
  // What is of the future by its name does not count, whatever it is.
  const now = compactTime(new Date(Date.now() + CLOCK_TOLERANCE_MS));
  for (const each of broken) {
    if (each.stem > since && each.stem < `${each.database}/${now}~`) lost.push(lostOf(each));
    else log.warn(each.failure.message);
  }
  return lost;
}

function lostOf({ id, database, store, failure }: BrokenBackup): Lost {
  return { id, database, store, failure };
}

function damagedSince({ backup, storeName: store, store: { label } }: Found): Lost {
  const { name, manifest, doubt } = backup;
  const what = `A newer backup of "${manifest.set}" in ${label} does not count, ${name.stem}: ${doubt}`;
  const failure = new DbackedError("damaged", what, { hint: "make a new one: dbacked run --once" });
  return { id: name.id, database: manifest.set, store, failure };
}

function noneCounts({ backup, storeName: store, store: { label } }: Found): Lost {
  const { set } = backup.manifest;
  const failure = new DbackedError(
    isOfStranger(backup) ? "key" : "damaged",
    `No backup of "${set}" in ${label} counts; the newest, ${backup.name.stem}, is ${backup.doubt}`,
    { hint: "`dbacked list` shows them all" },
  );
  return { id: backup.name.id, database: set, store, failure };
}

function nothingThere(): DbackedError {
  return new DbackedError("usage", "There is no backup to verify", {
    hint: "`dbacked list` shows what is there; are --database and --store right?",
  });
}
