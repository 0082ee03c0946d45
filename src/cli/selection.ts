import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { copiesOf, selectBackup } from "../catalog/select.ts";
import type { Config } from "../config/config.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import { isOfSigner } from "./choice.ts";
import type { Lost } from "./print/verdict.ts";
import { type Found, searchStores } from "./sets.ts";

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
  const { found, failures, broken } = await searchStores(config, args, trusted, signal);
  if (operands.length > 0) {
    const named = operands.flatMap((wanted) => copiesOf(found, selectBackup(found, wanted)));
    return { found: [...new Set(named)], lost: [] };
  }
  const unasked = failures.map((failure) => ({ id: null, database: null, store: null, failure }));
  if (args.last) {
    const newest = newestOfEach(found);
    return { found: newest.found, lost: [...newest.lost, ...unasked] };
  }
  if (found.length === 0 && failures.length === 0) throw nothingThere();
  return { found, lost: [...broken, ...unasked] };
}

function newestOfEach(found: readonly Found[]): Selection {
  const chosen: Found[] = [];
  const lost: Lost[] = [];
  const sets = Map.groupBy(found, ({ backup, storeName }) => `${storeName}/${backup.manifest.set}`);
  for (const [first, ...others] of sets.values()) {
    if (first === undefined) continue;
    const counting = [first, ...others].find(({ backup }) => backup.doubt === null);
    if (counting !== undefined) chosen.push(counting);
    else lost.push(noneCounts(first));
    if (counting !== undefined && counting !== first)
      log.warn(`a newer backup does not count, ${first.backup.name.stem}: ${first.backup.doubt}`);
  }
  if (chosen.length === 0 && lost.length === 0) throw nothingThere();
  return { found: chosen, lost };
}

function noneCounts({ backup, storeName: store, store: { label } }: Found): Lost {
  const { set } = backup.manifest;
  const failure = new DbackedError(
    isOfSigner(backup) ? "key" : "damaged",
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
