import { tmpdir } from "node:os";
import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { printBytes } from "../base/units.ts";
import type { Config, Target } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import type { Sources } from "../config/sources.ts";
import { readTarget } from "../config/target.ts";
import { type Unsealed, unsealSource, unsealStream } from "../job/open.ts";
import { restoreInto } from "../job/restore.ts";
import { detectLegacy } from "../seal/legacy.ts";
import { chooseBackup } from "./choice.ts";
import { type Context, defineCommand } from "./command.ts";
import { FLAT_OPTIONS, flatFlags } from "./flat-options.ts";
import { askToTrust, makeOpener, openLegacyStream, OPENING_OPTIONS, sealedSource } from "./opener.ts";
import type { Options } from "./option.ts";
import { isFileOutput, writeOutput } from "./output.ts";
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

type Args = Context<typeof options>["args"];
type Restoring = Context<typeof options> & { config: Config; sources: Sources };

export const command = defineCommand({
  description:
    "Restores a backup: the one that ID names, the newest with --last-backup, or the one that you choose from a list. The " +
    "target must be empty, and is verified to fit before anything in it changes. ID is six or more digits of it, or " +
    "DATABASE/TIME.",
  example: "dbacked restore --last-backup --database shop --to postgres://me@localhost/shop_restored",
  operands: { value: "[ID]", least: 0, most: 1 },
  options,
  async run(context) {
    const { args, globals, signal } = context;
    refuseContradictions(args, context.operands);
    const { privateKeyPath, passphraseFile } = args;
    const sources = sourcesOf(globals, { flags: flatFlags(args), privateKeyPath, passphraseFile });
    const config = await loadConfig(sources, args.rawInput ? ["identity"] : ["stores", "identity"]);
    const restoring = { ...context, config, sources };
    const { unsealed, set } = await unseal(restoring);
    if (args.rawOutput) return await writeRaw(unsealed, args, signal);
    await restore(restoring, unsealed, await chooseTarget(restoring, set));
  },
});

function refuseContradictions(args: Args, operands: readonly string[]): void {
  const ways = [args.lastBackup, args.rawInput, operands.length > 0].filter(Boolean).length;
  if (ways > 1) throw new DbackedError("usage", "ID, --last-backup and --raw-input exclude each other");
  if (args.to !== undefined && args.toSource) {
    throw new DbackedError("usage", "--to and --to-source exclude each other");
  }
  if (args.jobs === 0) throw new DbackedError("usage", "--jobs needs at least 1");
}

async function unseal(restoring: Restoring): Promise<{ unsealed: Unsealed; set: string | null }> {
  const { args, config, signal } = restoring;
  const trusted = await readTrusted(config, args.trustSigner);
  const { expectCore } = args;
  const mayAsk = !args.yes && !args.rawInput;
  const approve = (header: Parameters<typeof askToTrust>[0]) => askToTrust(header, mayAsk, signal);
  const found = args.rawInput ? null : await chooseBackup(restoring, trusted);
  const opener = await makeOpener(config, trusted, { expectCore, approve }, signal);
  if (found !== null) {
    const unsealed = await unsealSource(sealedSource(found), opener, signal);
    return { unsealed, set: found.backup.manifest.set };
  }
  const { isLegacy, stream } = await detectLegacy(Bun.stdin.stream(), signal);
  const unsealed = isLegacy
    ? openLegacyStream(stream, opener, args.allowLegacyV1)
    : await unsealStream(stream, opener, signal);
  return { unsealed, set: null };
}

async function writeRaw(unsealed: Unsealed, args: Args, signal: AbortSignal): Promise<void> {
  const verifyFirst = unsealed.isSeekable && !args.singlePass && (unsealed.recipients > 1 || !isFileOutput());
  await writeOutput(await unsealed.read({ verifyFirst, decompressed: true }, signal));
}

/** The source itself is only restored into if its name is typed, or if two options say so. */
async function chooseTarget(
  { args, config, sources, signal }: Restoring,
  set: string | null,
): Promise<Target> {
  if (args.to !== undefined) return await readTarget(args.to, sources);
  const wanted =
    set ?? args.database ?? (config.databases.length === 1 ? config.databases[0]?.name : undefined);
  const source = config.databases.find(({ name }) => name === wanted);
  if (source === undefined) {
    throw new DbackedError("usage", "There is no target: the config does not have this database", {
      hint: "give --to URL, as in --to postgres://me@localhost/shop_restored",
    });
  }
  if (args.yes && args.toSource) return source;
  if (args.yes) {
    throw new DbackedError("usage", `--yes alone does not restore into "${source.name}" itself`, {
      hint: "give --to URL, or --to-source as well if you mean the database that was backed up",
    });
  }
  const message = `This restores into "${source.name}", the database that was backed up. Type its name to go on`;
  await confirmByName({ message, instead: "--to URL, or -y --to-source" }, source.name, signal);
  return source;
}

async function restore(
  { args, globals, print, signal }: Restoring,
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
  const showing = showProgress(
    database.label,
    () => [["restored", progress.restored]],
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
  if (globals.json) return print(JSON.stringify({ id, target: database.label, dumpBytes, notices }, null, 2));
  for (const notice of notices) log.info(notice);
  log.success(`Restored backup ${id.slice(0, 12)} into ${database.label} (${printBytes(dumpBytes)})`);
}
