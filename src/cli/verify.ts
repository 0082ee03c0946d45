import { tmpdir } from "node:os";
import { DbackedError, exitCodeOf } from "../base/error.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import type { Opener } from "../job/open.ts";
import { type Verdict, verifyBackups, type VerifyPlan } from "../job/verify.ts";
import type { Signer } from "../seal/signer.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import { type Context, defineCommand } from "./command.ts";
import { makeOpener, OPENING_OPTIONS } from "./opener.ts";
import type { Options } from "./option.ts";
import { ownerOf } from "./origin.ts";
import { printError } from "./print/error.ts";
import { printJson } from "./print/json.ts";
import { progressForm, showProgress } from "./print/progress.ts";
import { tellRecords, tellVerdict, type Verified, verifiedJson } from "./print/verdict.ts";
import { chooseVerified } from "./selection.ts";
import { type Found, readTrusted, SET_OPTIONS } from "./sets.ts";
import { readOwnSigner } from "./signer-file.ts";
import { sourcesOf } from "./source.ts";
import { complain, logForm } from "./terminal.ts";

const MOST_JOBS = 16;
const USUAL_JOBS = 2;

const { privateKeyPath, passphraseFile, trustSigner } = OPENING_OPTIONS;

const options = {
  last: { kind: "flag", summary: "only the newest backup of each database that counts" },
  privateKeyPath,
  passphraseFile,
  trustSigner,
  engine: { kind: "flag", on: true, summary: "do not let the database's own programs read the dump" },
  toolsDirectory: { kind: "text", value: "DIR", summary: "where those programs are" },
  spoolDirectory: {
    kind: "text",
    value: "DIR",
    summary: "where an SQLite dump lies while it is read (default the system's)",
  },
  record: { kind: "flag", on: true, summary: "do not store what came of it beside the backup" },
  jobs: { kind: "whole", value: "N", summary: `verify so many at a time (default ${USUAL_JOBS})` },
  ...SET_OPTIONS,
} as const satisfies Options;

type Verifying = Context<typeof options> & {
  config: Config;
  trusted: readonly TrustedSigner[];
  /** Null without a private key. */
  opener: Opener | null;
  signer: Signer | null;
};

/** A backup that is verified, and where it was found. */
type Plan = VerifyPlan & { storeName: string };

export const command = defineCommand({
  description:
    "Reads backups in their stores and verifies every byte: sizes, digests and signatures without any private key. With one, " +
    "it also opens every segment, and the database's own programs read the whole dump. What came of it is stored beside each " +
    "backup. ID is six or more digits of it, or DATABASE/TIME.",
  example: "dbacked verify --last --private-key-path dbacked-private.pem",
  operands: { value: "[ID…]", least: 0, most: Infinity },
  options,
  async run(context) {
    const { args, operands, globals, print, signal } = context;
    const jobs = checkArguments(args, operands);
    const verifying = await prepare(context);
    const { config, trusted } = verifying;
    const { found, lost } = await chooseVerified({ args, operands, config, trusted }, signal);
    const plans = found.map((each) => planOf(verifying, each));
    const verified = await verifyAll(verifying, plans, jobs);
    for (const { failure } of lost)
      complain(printError(failure, { form: logForm(globals), verbose: globals.verbose }));
    if (args.record) tellRecords(verified, verifying.signer);
    if (globals.json) print(printJson(verifiedJson(verified, lost)));
    return exitCodeFor([
      ...verified.map(({ verdict }) => verdict.failure),
      ...lost.map(({ failure }) => failure),
    ]);
  },
});

function checkArguments({ last, jobs = USUAL_JOBS }: Verifying["args"], ids: readonly string[]): number {
  if (last && ids.length > 0) throw new DbackedError("usage", "ID and --last exclude each other");
  if (jobs >= 1 && jobs <= MOST_JOBS) return jobs;
  throw new DbackedError("usage", `--jobs needs a number from 1 to ${MOST_JOBS}`);
}

async function prepare(context: Context<typeof options>): Promise<Verifying> {
  const { args, globals, signal } = context;
  const { privateKeyPath, passphraseFile } = args;
  const sources = sourcesOf(globals, { privateKeyPath, passphraseFile });
  const config = await loadConfig(sources, ["stores", "identity-if-any"]);
  const trusted = await readTrusted(config, args.trustSigner);
  const signer = args.record ? await readOwnSigner(config) : null;
  const expected = { expectCore: undefined, expectDb: undefined };
  // Whom nobody trusts is refused before that.
  const approve = async (): Promise<void> => {};
  const opener =
    config.identity === null ? null : await makeOpener(config, trusted, { ...expected, approve }, signal);
  refuseIdle(args, opener);
  return { ...context, config, trusted, opener, signer };
}

function refuseIdle(args: Verifying["args"], opener: Opener | null): void {
  const needKey = {
    "--no-engine": !args.engine,
    "--tools-directory": args.toolsDirectory !== undefined,
    "--spool-directory": args.spoolDirectory !== undefined,
    "--passphrase-file": args.passphraseFile !== undefined,
  };
  const idle = Object.entries(needKey).flatMap(([name, isGiven]) => (isGiven ? name : []));
  if (opener !== null || idle.length === 0) return;
  throw new DbackedError("usage", `${idle.join(" and ")} cannot be used without a private key`, {
    hint: "give --private-key-path FILE",
  });
}

function planOf({ args, config, trusted, opener, signer }: Verifying, found: Found): Plan {
  const { backup, store, storeName } = found;
  const engine = {
    databaseToolsDirectory: args.toolsDirectory ?? toolsDirectoryOf(config, backup.manifest.set),
    spoolDirectory: args.spoolDirectory ?? tmpdir(),
  };
  return {
    store,
    storeName,
    backup,
    trusted,
    opener,
    signer,
    engine: args.engine ? engine : null,
    now: () => new Date(),
    progress: { bytes: 0 },
  };
}

/** The same programs read a database's dumps that write them. */
function toolsDirectoryOf({ databases }: Config, set: string): string | undefined {
  const options = ownerOf(databases, set)?.options;
  if (typeof options !== "object" || options === null) return undefined;
  const directory: unknown = Reflect.get(options, "databaseToolsDirectory");
  return typeof directory === "string" ? directory : undefined;
}

async function verifyAll(
  { globals, signal }: Verifying,
  plans: readonly Plan[],
  jobs: number,
): Promise<Verified[]> {
  const verdicts = new Map<Plan, Verdict>();
  const label = plans.length === 1 ? (plans[0]?.backup.name.id.slice(0, 12) ?? "") : "verify";
  const read = () => plans.reduce((sum, { progress }) => sum + progress.bytes, 0);
  using _ = showProgress(label, () => [["read", read()]], progressForm(globals));
  const tell = (plan: Plan, verdict: Verdict): void => {
    verdicts.set(plan, verdict);
    tellVerdict({ ...plan, verdict }, globals);
  };
  await verifyBackups(plans, jobs, tell, signal);
  return plans.flatMap((plan) => {
    const verdict = verdicts.get(plan);
    return verdict === undefined ? [] : [{ ...plan, verdict }];
  });
}

/** Damage is what this is about; else the first failure says it. */
function exitCodeFor(failures: readonly (DbackedError | null)[]): number {
  const real = failures.filter((each) => each !== null);
  const worst = real.find(({ kind }) => kind === "damaged") ?? real[0];
  return worst === undefined ? 0 : exitCodeOf(worst);
}
