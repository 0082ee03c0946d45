import { DbackedError } from "../base/error.ts";

/** The options of `restore` that do not go with all others. */
interface Args {
  lastBackup: boolean;
  to: string | undefined;
  toSource: boolean;
  yes: boolean;
  force: boolean;
  rawOutput: boolean;
  rawInput: boolean;
  jobs: number | undefined;
  spoolDirectory: string | undefined;
  singleTransaction: boolean;
  owner: boolean;
  database: string | undefined;
  store: string | undefined;
}

/** Each job is a process and a connection; servers allow 100 by default. */
const MOST_JOBS = 100;

/**
 * Refuses options of `restore` that exclude each other, or of which one would have no effect.
 *
 * @throws {DbackedError} `usage`
 */
export function refuseContradictions(args: Args, operands: readonly string[]): void {
  const ways = [args.lastBackup, args.rawInput, operands.length > 0].filter(Boolean).length;
  if (ways > 1) throw new DbackedError("usage", "ID, --last-backup and --raw-input exclude each other");
  const targets = namesOf({
    "--to": args.to !== undefined,
    "--to-source": args.toSource,
    "--raw-output": args.rawOutput,
  });
  if (targets.length > 1) throw new DbackedError("usage", `${targets.join(" and ")} exclude each other`);
  if (args.yes && targets.length === 0) {
    throw new DbackedError("usage", "--yes alone does not restore into the database that was backed up", {
      hint: "give --to URL, or --to-source as well if you mean the database that was backed up",
    });
  }
  const { jobs } = args;
  if (jobs !== undefined && (jobs < 1 || jobs > MOST_JOBS))
    throw new DbackedError("usage", `--jobs needs a number from 1 to ${MOST_JOBS}`);
  refuseIdle(args);
}

function refuseIdle(args: Args): void {
  const restoring = namesOf({
    "--force": args.force,
    "--jobs": args.jobs !== undefined,
    "--spool-directory": args.spoolDirectory !== undefined,
    "--no-owner": !args.owner,
    "--no-single-transaction": !args.singleTransaction,
  });
  if (args.rawOutput) refuse(restoring, "--raw-output, which restores nothing");
  if (args.spoolDirectory !== undefined && args.jobs === undefined)
    throw new DbackedError("usage", "--spool-directory needs --jobs", {
      hint: "by one connection, nothing is written to a file",
    });
  if (!args.rawInput) return;
  // Without another target, --database says which database of the config is the one.
  const isTarget = args.to === undefined && !args.rawOutput;
  const looking = {
    "--database": args.database !== undefined && !isTarget,
    "--store": args.store !== undefined,
  };
  refuse(namesOf(looking), "--raw-input, which looks into no store");
}

function refuse(names: readonly string[], beside: string): void {
  if (names.length > 0)
    throw new DbackedError("usage", `${names.join(" and ")} cannot be used with ${beside}`);
}

function namesOf(given: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(given).flatMap(([name, isGiven]) => (isGiven ? name : []));
}
