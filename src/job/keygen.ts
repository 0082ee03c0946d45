import { exists } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DbackedError, reasonOf } from "../base/error.ts";
import type { Secret } from "../base/secret.ts";
import { generateIdentity, readRecipient } from "../seal/key.ts";
import { refuseExisting, writeNew } from "./signer.ts";

const RSA_BITS = 4096;

/** Where the kit's README waits for a signer. */
const EMPTY_SIGNER = "  ed25519:\n";

/** What `keygen` wrote. */
export interface RecoveryKit {
  publicKey: string;
  privateKey: string;
  /** Every file of the kit. */
  files: readonly string[];
  /** SHA-256 of the public key's SPKI, hex. */
  fingerprint: string;
}

/** What the kit holds besides the keys: how to open a backup where there is no dbacked. */
export interface RecoveryTexts {
  /** The stand-alone decryptor's source. */
  decryptor: string;
  /** docs/recovery.md */
  recovery: string;
  /** docs/format.md */
  format: string;
}

/**
 * Makes a key pair and the recovery kit around it: all that is needed to open backups, without dbacked even. Nothing
 * is overwritten.
 *
 * @throws {DbackedError} `key`, if a file exists or cannot be written.
 */
export async function writeRecoveryKit(
  folder: string,
  passphrase: Secret | null,
  texts: RecoveryTexts,
): Promise<RecoveryKit> {
  const { publicPem, privatePem } = await generateIdentity(RSA_BITS, passphrase);
  const { fingerprint } = await readRecipient(publicPem);
  const files = filesOf(folder);
  await writeNew(files.privateKey, privatePem, 0o600);
  await writeNew(files.publicKey, publicPem, 0o644);
  await writeNew(files.decryptor, texts.decryptor, 0o755);
  await writeNew(files.recovery, texts.recovery, 0o644);
  await writeNew(files.format, texts.format, 0o644);
  await writeNew(files.readFirst, readFirst(fingerprint, passphrase !== null), 0o644);
  const { privateKey, publicKey } = files;
  return { publicKey, privateKey, files: Object.values(files), fingerprint };
}

/**
 * Refuses a folder with any file of a kit in it, before there is a new key that only half a kit would hold.
 *
 * @throws {DbackedError} `key`
 */
export async function refuseExistingKit(folder: string): Promise<void> {
  for (const file of Object.values(filesOf(folder))) {
    if (await exists(file)) throw refuseExisting(file);
  }
}

/**
 * Writes the signer of a host into the kit's README, if that is there and waits for one: a restore accepts no other.
 *
 * @throws {DbackedError} `key`, if it cannot be written.
 */
export async function noteSigner({ publicKey }: RecoveryKit, signer: string, host: string): Promise<void> {
  const { readFirst: path } = filesOf(dirname(publicKey));
  if (!(await exists(path))) return;
  try {
    const text = await Bun.file(path).text();
    await Bun.write(
      path,
      text.replace(EMPTY_SIGNER, () => `  ${signer} (${host})\n`),
    );
  } catch (cause) {
    throw new DbackedError("key", `Cannot write ${path}: ${reasonOf(cause)}`, {
      hint: `write this line into it: ${signer} (${host})`,
      cause,
    });
  }
}

type KitFile = "privateKey" | "publicKey" | keyof RecoveryTexts | "readFirst";

function filesOf(folder: string): Record<KitFile, string> {
  return {
    privateKey: join(folder, "dbacked-private.pem"),
    publicKey: join(folder, "dbacked-public.pem"),
    decryptor: join(folder, "dbacked-decrypt.py"),
    recovery: join(folder, "recovery.md"),
    format: join(folder, "format.md"),
    readFirst: join(folder, "README.txt"),
  };
}

function readFirst(fingerprint: string, isProtected: boolean): string {
  return `dbacked recovery kit

dbacked-private.pem   opens the backups${isProtected ? ", with its passphrase" : "; it has no passphrase: whoever has the file reads them"}
dbacked-public.pem    seals them; this one goes to the hosts that make backups
dbacked-decrypt.py    opens a backup where there is no dbacked: python3 and openssl are enough
recovery.md           how, step by step
format.md             what a backup is, byte by byte

Fingerprint of the public key (SHA-256 of its SPKI), as "dbacked list" shows it:
  ${fingerprint}

Keep this folder off the hosts that make backups, in two places. Without the private key${isProtected ? " and its passphrase" : ""}
nobody can open a backup.

Write the signers of your hosts here ("dbacked signer show" prints them): a restore accepts only backups that they signed.
${EMPTY_SIGNER}
To restore, write where the backups are into restore.toml, as in

  [[stores]]
  name = "s3"
  type = "s3"
  bucket = "acme-backups"
  region = "eu-west-1"

and then, for an empty database:

  dbacked restore --config restore.toml --private-key-path dbacked-private.pem \\
    --trust-signer ed25519:... --last-backup --database NAME --to postgres://me@localhost/new

Its password comes from DBACKED_TO_PASSWORD. Without dbacked:

  python3 dbacked-decrypt.py --signer ed25519:... dbacked-private.pem BACKUP.dbk --decompress -o dump
`;
}
