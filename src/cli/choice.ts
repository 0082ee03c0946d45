import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { selectBackup } from "../catalog/select.ts";
import type { Config } from "../config/config.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import { describeBackup } from "./print/backup.ts";
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
 * Finds the backup to restore: by its ID, the newest, or by asking.
 *
 * @throws {DbackedError} `usage`, if there is none, or nobody can be asked.
 */
export async function chooseBackup(
  { args, operands, config, signal }: Choosing,
  trusted: readonly TrustedSigner[],
): Promise<Found> {
  const found = await findBackups(config, args, trusted, signal);
  const chosen = await pick(found, { args, operands, config, signal });
  const { doubt, manifest } = chosen.backup;
  if (doubt !== null) log.warn(`this backup does not count: ${doubt}`);
  if (!manifest.complete) {
    log.warn(`this backup is not complete${manifest.narrowed.map((option) => ` ${option}`).join("")}`);
  }
  return chosen;
}

async function pick(found: readonly Found[], { args, operands, signal }: Choosing): Promise<Found> {
  const [wanted] = operands;
  if (wanted !== undefined) return selectBackup(found, wanted);
  if (args.lastBackup) return newest(found);
  if (found.length === 0) throw nothingThere();
  const choices = found.map((each) => ({
    value: each,
    label: describeBackup(each.backup),
    ...(each.backup.doubt !== null && { hint: each.backup.doubt }),
  }));
  return await choose({ message: "Which backup?", instead: "an ID, or --last-backup" }, choices, signal);
}

function newest(found: readonly Found[]): Found {
  const sets = new Set(found.map(({ backup }) => backup.manifest.set));
  if (sets.size > 1) {
    throw new DbackedError("usage", `--last-backup of which database? There are ${[...sets].join(", ")}`, {
      hint: "add --database NAME",
    });
  }
  const counting = found.find(({ backup }) => backup.doubt === null);
  if (counting !== undefined) return counting;
  const [first] = found;
  if (first === undefined) throw nothingThere();
  throw new DbackedError(
    "key",
    `No backup counts: the newest, ${describeBackup(first.backup)}, is ${first.backup.doubt}`,
    {
      hint: `if you know its signer, give --trust-signer ${first.backup.signer}`,
    },
  );
}

function nothingThere(): DbackedError {
  return new DbackedError("usage", "There is no backup to restore", {
    hint: "`dbacked list` shows what is there; are --database and --store right?",
  });
}
