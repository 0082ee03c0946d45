import { basename, dirname, resolve } from "node:path";
import { log } from "../base/log.ts";
import { selectBackup } from "../catalog/select.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { type Opener, type Unsealed, unsealSource, unsealStream } from "../job/open.ts";
import { detectLegacy } from "../seal/legacy.ts";
import { FolderStore } from "../store/folder.ts";
import { findVolumes, volumeSource } from "../store/volumes.ts";
import { type Context, defineCommand } from "./command.ts";
import { makeOpener, openLegacyStream, OPENING_OPTIONS, sealedSource, tellSigner } from "./opener.ts";
import type { Options } from "./option.ts";
import { isFileOutput, writeOutput } from "./output.ts";
import { findBackups, readTrusted, SET_OPTIONS } from "./sets.ts";
import { sourcesOf } from "./source.ts";

const options = {
  ...OPENING_OPTIONS,
  ...SET_OPTIONS,
  asSealed: { kind: "flag", summary: "do not decompress" },
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
    const { privateKeyPath, passphraseFile } = args;
    const sources = sourcesOf(globals, { privateKeyPath, passphraseFile });
    const needs = args.store === undefined ? [] : (["stores"] as const);
    const config = await loadConfig(sources, ["identity", ...needs]);
    const trusted = await readTrusted(config, args.trustSigner);
    const approve = async (header: Parameters<Opener["approve"]>[0]) => tellSigner(header, config);
    const opener = await makeOpener(config, trusted, { expectCore: args.expectCore, approve }, signal);
    const unsealed = await unseal({ args, config, opener }, operands[0] ?? "-", signal);
    const verifyFirst =
      unsealed.isSeekable && !args.singlePass && (unsealed.recipients > 1 || !isFileOutput());
    await writeOutput(await unsealed.read({ verifyFirst, decompressed: !args.asSealed }, signal));
  },
});

interface Request {
  args: Args;
  config: Config;
  opener: Opener;
}

async function unseal(request: Request, from: string, signal: AbortSignal): Promise<Unsealed> {
  if (request.args.store !== undefined) return await unsealStored(request, from, signal);
  if (from === "-") return await unsealInput(request, signal);
  return await unsealFile(request, resolve(from), signal);
}

async function unsealStored(
  { args, config, opener }: Request,
  id: string,
  signal: AbortSignal,
): Promise<Unsealed> {
  const found = await findBackups(config, args, opener.trusted, signal);
  return await unsealSource(sealedSource(selectBackup(found, id)), opener, signal);
}

async function unsealFile({ args, opener }: Request, file: string, signal: AbortSignal): Promise<Unsealed> {
  const store = new FolderStore({ path: dirname(file) });
  const key = basename(file);
  const head = await detectLegacy(await store.get(key, null, signal), signal);
  if (head.isLegacy) return openLegacyStream(head.stream, opener, args.allowLegacyV1);
  await head.stream.cancel();
  const source = volumeSource(store, key, await findVolumes(store, key, signal));
  return await unsealSource({ source, manifest: null, storedAt: null }, opener, signal);
}

async function unsealInput({ args, opener }: Request, signal: AbortSignal): Promise<Unsealed> {
  const head = await detectLegacy(Bun.stdin.stream(), signal);
  if (head.isLegacy) return openLegacyStream(head.stream, opener, args.allowLegacyV1);
  if (!isFileOutput()) {
    log.warn(
      "stdin and stdout are both pipes: what has been written cannot be taken back if the end does not verify",
    );
  }
  return await unsealStream(head.stream, opener, signal);
}
