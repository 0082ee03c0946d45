import { DbackedError } from "../base/error.ts";
import type { Backup } from "../catalog/list.ts";
import type { SealedPart } from "../catalog/manifest.ts";
import { selectBackup } from "../catalog/select.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { openSealedPart } from "../job/note.ts";
import { readEnvelopeHeader } from "../job/trust.ts";
import type { Header } from "../seal/header.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import { type Context, defineCommand } from "./command.ts";
import { makeOpener, OPENING_OPTIONS, tellSigner } from "./opener.ts";
import type { Options } from "./option.ts";
import { printJson } from "./print/json.ts";
import { printShown, shownJson } from "./print/shown.ts";
import { findBackups, readTrusted, SET_OPTIONS } from "./sets.ts";
import { sourcesOf } from "./source.ts";

const { privateKeyPath, passphraseFile, trustSigner } = OPENING_OPTIONS;

const options = {
  privateKeyPath: { ...privateKeyPath, summary: "also show what is sealed, with this private key" },
  passphraseFile,
  trustSigner,
  ...SET_OPTIONS,
} as const satisfies Options;

export const command = defineCommand({
  description:
    "Shows one backup: what its header and its manifest say, who signed it and whether that signer is trusted, and which " +
    "keys open it. Needs no private key; with one it also shows what is sealed: the rows of each table, what the backup " +
    "lacks, and what the dump program warned of.",
  example: "dbacked show 3f9a2c",
  operands: { value: "ID", least: 1, most: 1 },
  options,
  async run({ args, operands, globals, print, signal }) {
    const opens = checkOpening(args);
    const { privateKeyPath, passphraseFile } = args;
    const sources = sourcesOf(globals, { privateKeyPath, passphraseFile });
    const config = await loadConfig(sources, opens ? ["stores", "identity"] : ["stores"]);
    const trusted = await readTrusted(config, args.trustSigner);
    const found = await findBackups(config, args, trusted, signal);
    const { backup, store, storeName } = selectBackup(found, operands[0] ?? "");
    const header = await readEnvelopeHeader(store, backup.name, signal);
    const sealed = opens ? await open(backup, header, { args, config, trusted }, signal) : null;
    const shown = { backup: compared(backup, header), store: storeName, header, sealed };
    print(globals.json ? printJson(shownJson(shown)) : printShown(shown));
  },
});

type Args = Context<typeof options>["args"];

/** Says whether the sealed part is to be opened: only if a key is named, since it may ask for a passphrase. */
function checkOpening({ privateKeyPath, passphraseFile }: Args): boolean {
  if (privateKeyPath === undefined && passphraseFile !== undefined)
    throw new DbackedError("usage", "--passphrase-file needs --private-key-path", {
      hint: "without a private key, what is sealed stays so",
    });
  return privateKeyPath !== undefined;
}

async function open(
  backup: Backup,
  header: Header,
  { args, config, trusted }: { args: Args; config: Config; trusted: readonly TrustedSigner[] },
  signal: AbortSignal,
): Promise<SealedPart> {
  const approve = async () => tellSigner(header, config, args.trustSigner);
  const choices = { expectCore: undefined, expectDb: undefined, approve };
  return await openSealedPart(backup, header, await makeOpener(config, trusted, choices, signal), signal);
}

/** The backup, in doubt if its manifest and its envelope are not of one another. */
function compared(backup: Backup, header: Header): Backup {
  const { core, header: digest } = backup.manifest;
  if (header.core === core && header.digest === digest) return backup;
  return { ...backup, doubt: "damaged: its envelope is another than that of its manifest" };
}
