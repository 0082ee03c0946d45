import { realpath, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import { selectBackup } from "../catalog/select.ts";
import type { Config } from "../config/config.ts";
import { reasonOfRead } from "../config/config-file.ts";
import { loadConfig } from "../config/load.ts";
import { meteredSource, type Reading } from "../job/measure.ts";
import { type Opener, type Unsealed, unsealSource, unsealStream } from "../job/open.ts";
import { detectLegacy } from "../seal/legacy.ts";
import { FolderStore } from "../store/folder.ts";
import { findVolumes, volumeSource } from "../store/volumes.ts";
import { type Context, defineCommand } from "./command.ts";
import {
  makeOpener,
  openLegacyStream,
  OPENING_OPTIONS,
  sealedInput,
  sealedSource,
  tellSigner,
} from "./opener.ts";
import type { Options } from "./option.ts";
import { checkOutput, isFileOutput, writeDump } from "./output.ts";
import { findBackups, readTrusted, SET_OPTIONS } from "./sets.ts";
import { sourcesOf } from "./source.ts";

const options = {
  ...OPENING_OPTIONS,
  ...SET_OPTIONS,
  asSealed: { kind: "flag", summary: "do not decompress" },
  // The stand-alone script has it.
  o: {
    kind: "refused",
    why: "the dump goes to stdout",
    instead: "let the shell write it: dbacked decrypt … > FILE",
  },
} as const satisfies Options;

type Args = Context<typeof options>["args"];

export const command = defineCommand({
  description:
    "Opens an envelope and writes the plain dump to stdout, verified. FILE is a file, with its volumes beside it; without " +
    "FILE the envelope comes from stdin; with --store, FILE is the ID of a backup there. Needs no config, only the private key.",
  example: "dbacked decrypt --private-key-path dbacked-private.pem backup.dbk > dump",
  operands: { value: "[FILE]", least: 0, most: 1 },
  options,
  async run({ args, operands, globals, signal }) {
    const { privateKeyPath, passphraseFile, expectCore, expectDb } = args;
    checkOutput(globals);
    checkStore(args, operands);
    const sources = sourcesOf(globals, { privateKeyPath, passphraseFile });
    const needs = args.store === undefined ? [] : (["stores"] as const);
    const config = await loadConfig(sources, ["identity", ...needs]);
    const trusted = await readTrusted(config, args.trustSigner);
    const approve = async (header: Parameters<Opener["approve"]>[0]) =>
      tellSigner(header, config, args.trustSigner);
    const opener = await makeOpener(config, trusted, { expectCore, expectDb, approve }, signal);
    const reading: Reading = { bytes: 0 };
    const unsealed = await unseal({ args, config, opener, reading }, operands[0] ?? "-", signal);
    const { singlePass, asSealed } = args;
    await writeDump(unsealed, { singlePass, decompressed: !asSealed, reading, globals }, signal);
  },
});

function checkStore({ store, database }: Args, operands: readonly string[]): void {
  if (store === undefined && database !== undefined)
    throw new DbackedError("usage", "--database needs --store", {
      hint: "decrypt looks into no store by itself",
    });
  if (store !== undefined && operands.length === 0)
    throw new DbackedError("usage", "--store needs the ID of a backup", {
      hint: "`dbacked list` shows them",
    });
}

interface Request {
  args: Args;
  config: Config;
  opener: Opener;
  reading: Reading;
}

async function unseal(request: Request, from: string, signal: AbortSignal): Promise<Unsealed> {
  if (request.args.store !== undefined) return await unsealStored(request, from, signal);
  if (from === "-") return await unsealInput(request, signal);
  return await unsealFile(request, from, signal);
}

async function unsealStored(
  { args, config, opener, reading }: Request,
  id: string,
  signal: AbortSignal,
): Promise<Unsealed> {
  const found = await findBackups(config, args, opener.trusted, signal);
  return await unsealSource(sealedSource(selectBackup(found, id), reading), opener, signal);
}

async function unsealFile(request: Request, named: string, signal: AbortSignal): Promise<Unsealed> {
  const { args, opener, reading } = request;
  const file = await findFile(named);
  const store = new FolderStore({ path: dirname(file) });
  const key = basename(file);
  const head = await detectLegacy(await store.get(key, null, signal), signal);
  if (head.isLegacy) return openLegacyStream(head.stream, opener, args);
  await head.stream.cancel();
  const source = meteredSource(volumeSource(store, key, await findVolumes(store, key, signal)), reading);
  return await unsealSource({ source, manifest: null, storedAt: null }, opener, signal);
}

/** The volumes lie beside the file itself, not beside a link to it. */
async function findFile(named: string): Promise<string> {
  const file = await realpath(named).catch((cause: unknown) => {
    throw new DbackedError("usage", `Cannot read ${named}: ${reasonOfRead(cause)}`, { cause });
  });
  if ((await stat(file)).isFile()) return file;
  throw new DbackedError("usage", `${named} is no file`, {
    hint: "give one envelope, as in backup.dbk; what comes from a program goes to stdin",
  });
}

async function unsealInput({ args, opener, reading }: Request, signal: AbortSignal): Promise<Unsealed> {
  const head = await detectLegacy(sealedInput(reading), signal);
  if (head.isLegacy) return openLegacyStream(head.stream, opener, args);
  if (!isFileOutput()) {
    log.warn(
      "stdin and stdout are both pipes: what has been written cannot be taken back if the end does not verify",
    );
  }
  return await unsealStream(head.stream, opener, signal);
}
