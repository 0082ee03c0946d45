import { tmpdir } from "node:os";
import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { printBytes, printDuration } from "../base/units.ts";
import type { Config, Target } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { readTarget } from "../config/target.ts";
import type { Reading } from "../job/measure.ts";
import { type Unsealed, unsealSource, unsealStream } from "../job/open.ts";
import { restoreInto } from "../job/restore.ts";
import { unsealFirst } from "../job/spare.ts";
import { detectLegacy } from "../seal/legacy.ts";
import { chooseBackup } from "./choice.ts";
import { type Context, defineCommand } from "./command.ts";
import { refuseContradictions } from "./contradiction.ts";
import { FLAT_OPTIONS, flatFlags } from "./flat-options.ts";
import {
  askToTrust,
  makeOpener,
  openLegacyStream,
  OPENING_OPTIONS,
  sealedInput,
  sealedSource,
} from "./opener.ts";
import type { Options } from "./option.ts";
import { originOf } from "./origin.ts";
import { checkOutput, writeDump } from "./output.ts";
import { printJson } from "./print/json.ts";
import { progressForm, showProgress } from "./print/progress.ts";
import { confirmByName } from "./print/prompt.ts";
import { readTrusted, SET_OPTIONS } from "./sets.ts";
import { sourcesOf } from "./source.ts";

const options = {
  lastBackup: { kind: "flag", summary: "the newest backup that counts" },
  to: {
    kind: "text",
    value: "URL",
    summary: "the database to restore into (its password: DBACKED_TO_PASSWORD)",
  },
  toSource: { kind: "flag", summary: "restore into the database that was backed up" },
  yes: { kind: "flag", short: "y", summary: "ask nothing" },
  force: { kind: "flag", summary: "empty a target that holds objects first" },
  ...OPENING_OPTIONS,
  rawOutput: { kind: "flag", summary: "write the decrypted dump to stdout instead" },
  rawInput: { kind: "flag", summary: "read the envelope from stdin" },
  jobs: { kind: "whole", value: "N", summary: "restore by N connections, through a file, in no transaction" },
  spoolDirectory: {
    kind: "text",
    value: "DIR",
    summary: "where --jobs keeps that file (default the system's)",
  },
  singleTransaction: { kind: "flag", on: true, summary: "do not restore in one transaction" },
  owner: { kind: "flag", on: true, summary: "let everything belong to the role that restores" },
  ...SET_OPTIONS,
  ...FLAT_OPTIONS,
} as const satisfies Options;

type Restoring = Context<typeof options> & { config: Config; reading: Reading };

export const command = defineCommand({
  description:
    "Restores a backup: the one that ID names, the newest with --last-backup, or the one that you choose from a list. The " +
    "target must be empty, and the whole backup is verified before an existing one changes. ID is six or more digits of it, or " +
    "DATABASE/TIME.",
  example: "dbacked restore --last-backup --to postgres://me@localhost/shop_restored",
  operands: { value: "[ID]", least: 0, most: 1 },
  options,
  async run(context) {
    const { args, globals, signal } = context;
    refuseContradictions(args, context.operands);
    if (args.rawOutput) checkOutput(globals);
    const { privateKeyPath, passphraseFile } = args;
    const sources = sourcesOf(globals, { flags: flatFlags(args), privateKeyPath, passphraseFile });
    const config = await loadConfig(sources, args.rawInput ? ["identity"] : ["stores", "identity"]);
    const named = args.to === undefined ? null : await readTarget(args.to, sources);
    if (named === null && !args.rawOutput && config.databases.length === 0) throw nowhere();
    const reading: Reading = { bytes: 0 };
    const restoring = { ...context, config, reading };
    const { unsealed, set } = await unseal(restoring);
    const { rawOutput, singlePass } = args;
    const writing = { singlePass, decompressed: true, reading, globals };
    if (rawOutput) return await writeDump(unsealed, writing, signal);
    await restore(restoring, unsealed, named ?? (await chooseSource(restoring, set)));
  },
});

async function unseal(restoring: Restoring): Promise<{ unsealed: Unsealed; set: string | null }> {
  const { args, config, reading, signal } = restoring;
  const trusted = await readTrusted(config, args.trustSigner);
  const { expectCore, expectDb } = args;
  const mayAsk = !args.yes && !args.rawInput;
  const approve = (header: Parameters<typeof askToTrust>[0]) => askToTrust(header, mayAsk, signal);
  const copies = args.rawInput ? null : await chooseBackup(restoring, trusted);
  const opener = await makeOpener(config, trusted, { expectCore, expectDb, approve }, signal);
  if (copies !== null) {
    const spares = copies.map((copy) => ({
      open: () => unsealSource(sealedSource(copy, reading), opener, signal),
      tellLeft: ({ message }: Error) =>
        log.warn(`the copy in ${copy.storeName} cannot be used, so the next one is: ${message}`),
    }));
    const unsealed = await unsealFirst(spares, !args.singlePass, signal);
    return { unsealed, set: copies[0]?.backup.manifest.set ?? null };
  }
  const { isLegacy, stream } = await detectLegacy(sealedInput(reading), signal);
  const unsealed = isLegacy
    ? openLegacyStream(stream, opener, args)
    : await unsealStream(stream, opener, signal);
  return { unsealed, set: null };
}

function nowhere(): DbackedError {
  return new DbackedError("usage", "There is no target: the config does not have this database", {
    hint: "give --to URL, as in --to postgres://me@localhost/shop_restored",
  });
}

/** The source itself is only restored into if its name is typed, or if two options say so. */
async function chooseSource({ args, config, signal }: Restoring, set: string | null): Promise<Target> {
  const wanted =
    set ?? args.database ?? (config.databases.length === 1 ? config.databases[0]?.name : undefined);
  const source = wanted === undefined ? null : originOf(config.databases, wanted);
  if (source === null || wanted === undefined) throw nowhere();
  if (args.yes) return source;
  const message = `Type ${wanted} to restore into the database that was backed up`;
  await confirmByName({ message, instead: "--to URL, or -y --to-source" }, wanted, signal);
  return source;
}

async function restore(
  { args, globals, reading, print, signal }: Restoring,
  unsealed: Unsealed,
  target: Target,
): Promise<void> {
  const database = await target.open();
  const plan = {
    force: args.force,
    noOwner: !args.owner,
    singleTransaction: args.singleTransaction,
    jobs: args.jobs ?? 1,
    spoolDirectory: args.spoolDirectory ?? tmpdir(),
  };
  const progress = { restored: 0 };
  const startedAt = performance.now();
  const showing = showProgress(
    database.label,
    () => [
      ["read", reading.bytes],
      ["restored", progress.restored],
    ],
    progressForm(globals),
  );
  const { notices } = await restoreInto(
    database,
    unsealed,
    { plan, singlePass: args.singlePass, progress },
    signal,
  ).finally(() => showing[Symbol.dispose]());
  const { id } = unsealed;
  const { restored: dumpBytes } = progress;
  if (globals.json) return print(printJson({ id, target: database.label, dumpBytes, notices }));
  if (notices.length > 0) {
    log.warn(
      `to be looked at; statements are what a restore does not bring back, run them yourself if you want them:\n${notices.map((each) => `  ${each}`).join("\n")}`,
    );
  }
  const cost = `${printBytes(dumpBytes)}, ${printDuration(performance.now() - startedAt)}`;
  log.success(`Restored backup ${id.slice(0, 12)} into ${database.label} (${cost})`);
}
