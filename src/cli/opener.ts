import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { ByteStream } from "../base/bytes.ts";
import type { Secret } from "../base/secret.ts";
import { envelopeKey } from "../catalog/name.ts";
import type { Config } from "../config/config.ts";
import { meter, meteredSource, type Reading } from "../job/measure.ts";
import { type Opener, type SealedSource, type Unsealed, unsealLegacy } from "../job/open.ts";
import type { Header } from "../seal/header.ts";
import { type Identity, readIdentity } from "../seal/key.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import { volumeSource } from "../store/volumes.ts";
import type { Options } from "./option.ts";
import type { Found } from "./sets.ts";
import { askPassphrase, choose } from "./print/prompt.ts";

/** The options of every command that opens backups. */
export const OPENING_OPTIONS = {
  privateKeyPath: { kind: "text", value: "FILE", summary: "the private key (or DBACKED_PRIVATE_KEY)" },
  passphraseFile: { kind: "text", value: "FILE", summary: "a file with the private key's passphrase" },
  trustSigner: { kind: "texts", value: "ed25519:…", summary: "trust this signer for this once" },
  expectCore: { kind: "text", value: "HEX", summary: "refuse any backup but the one with this core" },
  expectDb: {
    kind: "text",
    value: "NAME",
    summary: "refuse the backup of any other database",
    offers: "databases",
  },
  singlePass: { kind: "flag", summary: "do not verify the whole backup before using any of it" },
  allowLegacyV1: { kind: "flag", summary: "open backups of the 2018 agent, which nothing authenticates" },
} as const satisfies Options;

interface Choices {
  expectCore: string | undefined;
  expectDb: string | undefined;
  approve: (header: Header) => Promise<void>;
}

/** Puts together who opens backups, and whose are accepted. */
export async function makeOpener(
  config: Config,
  trusted: readonly TrustedSigner[],
  { expectCore, expectDb, approve }: Choices,
  signal: AbortSignal,
): Promise<Opener> {
  if (expectCore !== undefined && !/^[0-9a-f]{64}$/i.test(expectCore)) {
    throw new DbackedError("usage", "--expect-core needs 64 hex digits", {
      hint: "`dbacked show ID` prints them",
    });
  }
  for (const warning of config.warnings) log.warn(warning);
  const identities = await readIdentities(config, signal);
  const expected = { expectCore: expectCore?.toLowerCase() ?? null, expectSet: expectDb ?? null };
  return { identities, trusted, approve, ...expected };
}

/**
 * Asks whether an unknown signer is to be trusted.
 *
 * @throws {DbackedError} `key`, if the answer is no or nobody can be asked.
 */
export async function askToTrust(header: Header, mayAsk: boolean, signal: AbortSignal): Promise<void> {
  const refusal = new DbackedError(
    "key",
    `Backup ${header.id} is signed by ${header.signerText}, which is not a trusted signer`,
    {
      hint:
        "is it what `dbacked signer show` prints on the host that made the backup? Then add it to trustedSigners, or " +
        `give --trust-signer ${header.signerText}`,
    },
  );
  if (!mayAsk || !process.stdin.isTTY || !process.stderr.isTTY) throw refusal;
  const message =
    `${refusal.message}. Whoever holds that key can have put anything into the backup. ` +
    "Is it the signer of the host that you restore from?";
  const answers = [
    { value: false, label: "No, stop here" },
    { value: true, label: "Yes, open it" },
  ];
  if (!(await choose({ message, instead: "--trust-signer" }, answers, signal))) throw refusal;
}

/**
 * Tells of an unknown signer where nobody has said whom to trust; refuses it where somebody has.
 *
 * @throws {DbackedError} `key`
 */
export function tellSigner(header: Header, { trustedSigners }: Config, trustSigner: readonly string[]): void {
  const named = { trustedSigners, "--trust-signer": trustSigner };
  const lists = Object.entries(named).flatMap(([list, { length }]) => (length > 0 ? list : []));
  if (lists.length === 0) {
    log.warn(`signer ${header.signerText}, not in a list of trusted signers`);
    return;
  }
  throw new DbackedError("key", `The signer ${header.signerText} is not one of ${lists.join(" and ")}`, {
    hint: `if you know it, give --trust-signer ${header.signerText}`,
  });
}

async function readIdentities({ identity }: Config, signal: AbortSignal): Promise<readonly Identity[]> {
  if (identity === null) return [];
  const ask = async (): Promise<Secret> =>
    identity.passphrase ??
    (await askPassphrase(
      {
        message: `Passphrase of ${identity.from}`,
        instead: "--passphrase-file FILE, or DBACKED_PRIVATE_KEY_PASSPHRASE",
      },
      signal,
    ));
  return [await readIdentity(identity.pem.reveal(), ask)];
}

/** A backup in a store, as it is opened. */
export function sealedSource({ backup, store }: Found, reading: Reading): SealedSource {
  const { name, manifest, storedAt } = backup;
  const source = volumeSource(store, envelopeKey(name), manifest.volumes);
  return { source: meteredSource(source, reading), manifest, storedAt };
}

/**
 * The envelope on stdin.
 *
 * @throws {DbackedError} `usage`, if nothing was redirected to it.
 */
export function sealedInput(reading: Reading): ByteStream {
  if (!process.stdin.isTTY) return Bun.stdin.stream().pipeThrough(meter(reading));
  throw new DbackedError("usage", "stdin is a terminal, and an envelope is no text", { hint: "add < FILE" });
}

/** What a command line says of a backup of version 1. */
interface LegacyArgs {
  allowLegacyV1: boolean;
  trustSigner: readonly string[];
  expectCore: string | undefined;
  expectDb: string | undefined;
  asSealed?: boolean;
}

/**
 * Opens what the agent of 2018 made, if the user allows it and asks for nothing that it does not have.
 *
 * @throws {DbackedError} `damaged` or `usage`, if not.
 */
export function openLegacyStream(stream: ByteStream, opener: Opener, args: LegacyArgs): Unsealed {
  if (!args.allowLegacyV1) {
    throw new DbackedError("damaged", "This is a backup of version 1, in which nothing is authenticated", {
      hint: "--allow-legacy-v1 opens it all the same; compare what comes out with what you know",
    });
  }
  const idle = Object.entries({
    "--trust-signer": args.trustSigner.length > 0,
    "--expect-core": args.expectCore !== undefined,
    "--expect-db": args.expectDb !== undefined,
    "--as-sealed": args.asSealed === true,
  }).flatMap(([name, isGiven]) => (isGiven ? name : []));
  if (idle.length > 0) {
    throw new DbackedError("usage", `${idle.join(" and ")} cannot be used with a backup of version 1`, {
      hint: "it has no signer, no core and no name, and is compressed in one way only",
    });
  }
  log.warn("a backup of version 1: nothing proves that it was not changed");
  return unsealLegacy(stream, opener.identities, "pg-custom");
}
