import { DbackedError, exitCodeOfKind } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import { loadConfig, type Survey, surveyConfig } from "../config/load.ts";
import { didYouMean } from "../config/nearest.ts";
import { bad, type Check } from "../doctor/check.ts";
import { checkConfig } from "../doctor/config-file.ts";
import { examineAll } from "../doctor/doctor.ts";
import type { Opening } from "../doctor/opening.ts";
import { openStores, type Patient } from "../doctor/patient.ts";
import { findRunners } from "../doctor/runner.ts";
import { findAgents } from "./agents.ts";
import { type Context, defineCommand } from "./command.ts";
import { makeOpener, OPENING_OPTIONS } from "./opener.ts";
import type { Options } from "./option.ts";
import { doctorJson, printChecks, printDiagnosis } from "./print/doctor.ts";
import { printJson } from "./print/json.ts";
import { progressForm, showProgress } from "./print/progress.ts";
import { POLICIES, policyOf } from "./policy.ts";
import { readTrusted, SET_OPTIONS } from "./sets.ts";
import { sourcesOf } from "./source.ts";
import { tableLook } from "./terminal.ts";

const { privateKeyPath, passphraseFile, trustSigner } = OPENING_OPTIONS;

const options = {
  privateKeyPath: { ...privateKeyPath, summary: "also open the newest backups with this private key" },
  passphraseFile,
  trustSigner,
  printPolicy: {
    kind: "text",
    value: "host|bucket",
    summary: "instead, print the least rights in S3: of the host's credentials, or the bucket's own",
    offers: POLICIES,
  },
  database: { ...SET_OPTIONS.database, summary: "only this database" },
  store: SET_OPTIONS.store,
} as const satisfies Options;

type Examining = Context<typeof options>;

export const command = defineCommand({
  description:
    "Checks everything that backups depend on: the config, the keys, the programs, what a dump with this role would lack, what the " +
    "stores allow, the newest backups, the clock, the disk, who is told, and what runs dbacked. Changes nothing; in each store " +
    "it writes a probe of a hundred bytes, and removes it if it may. Ends with the exit code of the first thing that is wrong.",
  example: "dbacked doctor",
  options,
  async run(context) {
    const { args, globals, print, signal } = context;
    refuseIdle(args);
    if (args.printPolicy !== undefined) {
      const config = await loadConfig(sourcesOf(globals), ["stores"]);
      return print(printJson(policyOf(config, args.printPolicy, args.store)));
    }
    const survey = await surveyAll(context);
    const found = await checkConfig(survey, process.getuid?.());
    const checks = survey.config === null ? found : [...found, ...(await examine(context, survey.config))];
    signal.throwIfAborted();
    if (globals.json) print(printJson(doctorJson(checks)));
    else {
      print(printChecks(checks, tableLook(globals)));
      log.info(printDiagnosis(checks));
    }
    return exitCodeFor(checks);
  },
});

function refuseIdle({ printPolicy, ...args }: Examining["args"]): void {
  const { privateKeyPath, passphraseFile, trustSigner, database } = args;
  if (passphraseFile !== undefined && privateKeyPath === undefined)
    throw new DbackedError("usage", "--passphrase-file cannot be used without --private-key-path");
  const isExamining = privateKeyPath !== undefined || trustSigner.length > 0 || database !== undefined;
  if (printPolicy !== undefined && isExamining)
    throw new DbackedError("usage", "--print-policy only goes with --store");
}

/** A host that only restores needs less. */
async function surveyAll({ args, globals }: Examining): Promise<Survey> {
  const { privateKeyPath, passphraseFile } = args;
  const sources = sourcesOf(globals, { privateKeyPath, passphraseFile });
  const opens = privateKeyPath === undefined ? [] : (["identity"] as const);
  const some = await surveyConfig(sources, ["stores", ...opens]);
  if (some.failure === null && some.config?.databases.length === 0) return some;
  return await surveyConfig(sources, ["databases", "stores", "recipients", "signer", ...opens]);
}

async function examine(context: Examining, config: Config): Promise<readonly Check[]> {
  const { args, globals, signal } = context;
  const { opening, failures } = await openingOf(context, config);
  const patient = await patientOf(context, config, opening !== null);
  const configured = args.privateKeyPath === undefined ? await findConfiguredKey(context) : null;
  const surroundings = {
    runners: await findRunners(await findAgents(), config.path),
    privateKeys: { folders: usualFolders(), configured },
    opening,
  };
  const read = () => [["read", opening?.progress.bytes ?? 0] as const];
  using _ = opening === null ? null : showProgress("doctor", read, progressForm(globals));
  return [...failures, ...(await examineAll(patient, surroundings, signal))];
}

/** @throws {DbackedError} `usage`, if the config has no such database or store. */
async function patientOf({ args }: Examining, config: Config, opens: boolean): Promise<Patient> {
  const { database, store } = args;
  refuseUnknown("database", database, config.databases);
  refuseUnknown("store", store, config.stores);
  const databases = config.databases.filter(
    ({ name, stores }) => (database ?? name) === name && (store === undefined || stores.includes(store)),
  );
  const wanted = database === undefined ? null : databases.flatMap(({ stores }) => stores);
  const stores = config.stores.filter(
    ({ name }) => (store ?? name) === name && (wanted?.includes(name) ?? true),
  );
  const trusted = await readTrusted(config, args.trustSigner).catch(async (error: unknown) => {
    // A signing key that cannot be read is told among the keys.
    if (error instanceof DbackedError && error.kind === "key")
      return await readTrusted({ ...config, signer: null }, args.trustSigner);
    throw error;
  });
  const open = await openStores(stores);
  return { config, databases, stores: open, trusted, opens, now: () => new Date() };
}

function refuseUnknown(what: string, name: string | undefined, entries: readonly { name: string }[]): void {
  const names = entries.map((entry) => entry.name);
  if (name === undefined || names.includes(name)) return;
  throw new DbackedError("usage", `There is no ${what} "${name}" in the config${didYouMean(name, names)}`, {
    hint: `it has ${names.join(", ")}`,
  });
}

/** Who opens the newest backups; nobody without a private key, nor with one that cannot be read. */
async function openingOf(
  { args, signal }: Examining,
  config: Config,
): Promise<{ opening: Opening | null; failures: readonly Check[] }> {
  if (config.identity === null) return { opening: null, failures: [] };
  // Whom nobody trusts is refused before that.
  const approve = async (): Promise<void> => {};
  const choices = { expectCore: undefined, expectDb: undefined, approve };
  // The warnings of the config are among the checks.
  const quiet = { ...config, warnings: [] };
  try {
    const trusted = await readTrusted(config, args.trustSigner);
    return {
      opening: { opener: await makeOpener(quiet, trusted, choices, signal), progress: { bytes: 0 } },
      failures: [],
    };
  } catch (error) {
    if (error instanceof DbackedError) return { opening: null, failures: [bad("keys", error)] };
    throw error;
  }
}

/** Where somebody leaves a key: where he stands, and at home, if this user has one. */
function usualFolders(): string[] {
  const { HOME } = process.env;
  return [...new Set([process.cwd(), ...(HOME === undefined || HOME === "" ? [] : [HOME])])];
}

/** What the config names for itself, whatever the command line says. */
async function findConfiguredKey({ globals }: Examining): Promise<string | null> {
  const { config } = await surveyConfig(sourcesOf(globals), ["identity-if-any"]);
  return config?.identity?.from ?? null;
}

function exitCodeFor(checks: readonly Check[]): number {
  const kind = checks.find(({ state }) => state === "fail")?.kind ?? null;
  return kind === null ? 0 : exitCodeOfKind(kind);
}
