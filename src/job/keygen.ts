import { exists } from "node:fs/promises";
import { join } from "node:path";
import type { Secret } from "../base/secret.ts";
import { generateIdentity, readRecipient } from "../seal/key.ts";
import { refuseExisting, writeNew } from "./signer.ts";

const RSA_BITS = 4096;

/** What `keygen` wrote. */
export interface RecoveryKit {
  publicKey: string;
  privateKey: string;
  /** Every file of the kit. */
  files: readonly string[];
  /** SHA-256 of the public key's SPKI, hex. */
  fingerprint: string;
}

/**
 * Makes a key pair and the recovery kit around it: all that is needed to open backups, without dbacked even. Nothing
 * is overwritten.
 *
 * @param decryptor the stand-alone decryptor's source.
 * @throws {DbackedError} `key`, if a file exists or cannot be written.
 */
export async function writeRecoveryKit(
  folder: string,
  passphrase: Secret | null,
  decryptor: string,
): Promise<RecoveryKit> {
  const { publicPem, privatePem } = await generateIdentity(RSA_BITS, passphrase);
  const { fingerprint } = await readRecipient(publicPem);
  const { privateKey, publicKey, script, text } = filesOf(folder);
  await writeNew(privateKey, privatePem, 0o600);
  await writeNew(publicKey, publicPem, 0o644);
  await writeNew(script, decryptor, 0o755);
  await writeNew(text, recoveryText(fingerprint, passphrase !== null), 0o644);
  return { publicKey, privateKey, files: [privateKey, publicKey, script, text], fingerprint };
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

interface KitFiles {
  privateKey: string;
  publicKey: string;
  script: string;
  text: string;
}

function filesOf(folder: string): KitFiles {
  return {
    privateKey: join(folder, "dbacked-private.pem"),
    publicKey: join(folder, "dbacked-public.pem"),
    script: join(folder, "dbacked-decrypt.py"),
    text: join(folder, "RECOVERY.txt"),
  };
}

function recoveryText(fingerprint: string, isProtected: boolean): string {
  return `dbacked recovery kit

dbacked-private.pem   opens the backups${isProtected ? ", with its passphrase" : "; it has no passphrase: whoever has the file reads them"}
dbacked-public.pem    seals them; this one goes to the hosts that make backups
dbacked-decrypt.py    opens a backup where there is no dbacked: python3 and openssl are enough

Fingerprint of the public key (SHA-256 of its SPKI), as "dbacked list" shows it:
  ${fingerprint}

Keep this folder off the hosts that make backups, in two places. Without the private key${isProtected ? " or its passphrase" : ""}
no backup can be opened, by nobody.

Write the signers of your hosts here ("dbacked signer show" prints them): a restore accepts only backups that they signed.
  ed25519:

To restore:           dbacked restore --private-key-path dbacked-private.pem
Without dbacked:      python3 dbacked-decrypt.py dbacked-private.pem BACKUP.dbk -o dump
`;
}
