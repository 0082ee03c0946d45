import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { isOfStranger } from "../catalog/doubt.ts";
import type { Backup } from "../catalog/list.ts";
import { copiesOf, selectBackup } from "../catalog/select.ts";
import type { Config } from "../config/config.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import { describeBackups, describeLack } from "./print/backup.ts";
import { choose } from "./print/prompt.ts";
import { findBackups, type Found } from "./sets.ts";

interface Choosing {
  args: {
    lastBackup: boolean;
    database: string | undefined;
    store: string | undefined;
  };
  operands: readonly string[];
  config: Config;
  signal: AbortSignal;
}

/**
 * Finds the copies of the backup to restore, the one to take first: by its ID, the newest, or by asking.
 *
 * @throws {DbackedError} `usage`, if there is none, or nobody can be asked.
 */
export async function chooseBackup(
  { args, operands, config, signal }: Choosing,
  trusted: readonly TrustedSigner[],
): Promise<readonly Found[]> {
  const found = await findBackups(config, args, trusted, signal);
  const chosen = await pick(found, { args, operands, config, signal });
  warnOf(chosen.backup);
  return [chosen, ...copiesOf(found, chosen).filter((copy) => copy !== chosen)];
}

function warnOf(backup: Backup): void {
  const { doubt, manifest } = backup;
  // A signer that is not trusted is asked about, or refused, when the backup is opened.
  if (doubt !== null && !isOfStranger(backup)) log.warn(`this backup does not count: ${doubt}`);
  if (manifest.complete) return;
  const why = describeLack(manifest);
  log.warn(`this backup is not complete${why === "" ? "" : ` (${why})`}`);
}

async function pick(found: readonly Found[], { args, operands, signal }: Choosing): Promise<Found> {
  const [wanted] = operands;
  if (wanted !== undefined) return selectBackup(found, wanted);
  if (args.lastBackup) return newest(found);
  if (found.length === 0) throw nothingThere();
  const lines = describeBackups(found.map(({ backup, storeName }) => ({ backup, store: storeName })));
  const choices = found.map((value, at) => ({ value, label: lines[at] ?? "" }));
  return await choose({ message: "Which backup?", instead: "an ID, or --last-backup" }, choices, signal);
}

function newest(found: readonly Found[]): Found {
  const sets = new Set(found.map(({ backup }) => backup.manifest.set));
  if (sets.size > 1) {
    throw new DbackedError("usage", `--last-backup of which database? There are ${[...sets].join(", ")}`, {
      hint: "add --database NAME",
    });
  }
  const [first] = found;
  if (first === undefined) throw nothingThere();
  const counting = found.find(({ backup }) => backup.doubt === null);
  if (counting !== undefined && counting.backup.name.stem !== first.backup.name.stem) {
    log.warn(`a newer backup does not count, ${first.backup.name.stem}: ${first.backup.doubt}`);
  }
  if (counting !== undefined) return counting;
  throw new DbackedError(
    isOfStranger(first.backup) ? "key" : "damaged",
    `No backup counts; the newest, ${first.backup.name.stem}, is ${first.backup.doubt}`,
    { hint: hintOn(first.backup) },
  );
}

function hintOn(backup: Backup): string {
  if (isOfStranger(backup)) return `if you know its signer, give --trust-signer ${backup.signer}`;
  return `to try it all the same, name it: dbacked restore ${backup.name.id.slice(0, 12)}`;
}

function nothingThere(): DbackedError {
  return new DbackedError("usage", "There is no backup to restore", {
    hint: "`dbacked list` shows what is there; are --database and --store right?",
  });
}
