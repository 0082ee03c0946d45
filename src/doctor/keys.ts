import { readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { DbackedError } from "../base/error.ts";
import type { Config, RecipientConfig, SignerConfig } from "../config/config.ts";
import { readSignerFile } from "../job/signer.ts";
import { readIdentity, readRecipient } from "../seal/key.ts";
import { readSigner } from "../seal/signer.ts";
import { bad, type Check, doubtful, examine, good } from "./check.ts";

const SUBJECT = "keys";

/** A key of 8,192 bits has 7 KB in PEM. */
const LARGEST_KEY = 64 * 1024;

const PRIVATE = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
const IS_PROTECTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;

const TAKE_AWAY =
  "whoever breaks in here could read every backup: take it to another place, and leave only public keys";

/** Where a private key may lie that opens the backups. */
export interface Whereabouts {
  /** Folders in which one may have been left. */
  folders: readonly string[];
  /** The file that the config names; null if it names none. */
  configured: string | null;
}

/** Looks at the keys that seal and sign, and whether one that opens backups lies about. */
export async function checkKeys(
  config: Config,
  whereabouts: Whereabouts,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const recipients = await Promise.all(
    config.recipients.map((recipient) => examine(SUBJECT, () => checkRecipient(recipient), signal)),
  );
  const { signer } = config;
  const signing = signer === null ? [] : await examine(SUBJECT, () => checkSigner(signer), signal);
  return [...recipients.flat(), ...signing, ...(await findPrivateKeys(config, whereabouts, signal))];
}

async function checkRecipient({ from, pem, label }: RecipientConfig): Promise<readonly Check[]> {
  const { fingerprint, warnings } = await readRecipient(pem, { label }).catch((cause: unknown) => {
    if (!(cause instanceof DbackedError)) throw cause;
    throw new DbackedError("key", `${from}: ${cause.message}`, { hint: cause.hint, cause });
  });
  const checks = warnings.map((warning) => doubtful(SUBJECT, `the public key ${from}: ${warning}`));
  const mode = await modeOf(from);
  if (mode !== null && (mode & 0o022) !== 0) {
    const what = `the public key ${from} can be replaced by other users of this host, who could then read the backups`;
    checks.push(bad(SUBJECT, new DbackedError("key", what, { hint: `chmod go-w ${from}` })));
  }
  return [good(SUBJECT, `backups are sealed for ${fingerprint.slice(0, 12)} (${from})`), ...checks];
}

async function checkSigner(signer: SignerConfig): Promise<readonly Check[]> {
  if ("pem" in signer) {
    const { text } = await readSigner(signer.pem.reveal());
    return [good(SUBJECT, `backups are signed by ${text} (DBACKED_SIGNER_KEY)`)];
  }
  const { file } = signer;
  const read = await readSignerFile(file);
  if (read === null) {
    const what = `this host's signing key, ${file}, will be made with its first backup`;
    return [good(SUBJECT, what)];
  }
  const known = good(SUBJECT, `backups are signed by ${read.text} (${file})`);
  const mode = await modeOf(file);
  if (mode === null || (mode & 0o077) === 0) return [known];
  const what = `other users of this host may read or change ${file}, and could sign in its name`;
  return [known, bad(SUBJECT, new DbackedError("key", what, { hint: `chmod 600 ${file}` }))];
}

/** A host that makes backups needs no private key. */
async function findPrivateKeys(
  { databases, recipients, signer, path }: Config,
  { folders: usual, configured }: Whereabouts,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  if (databases.length === 0) return [];
  const folders = new Set(usual);
  for (const file of [path, ...recipients.map(({ from }) => from)])
    if (file !== null && (await modeOf(file)) !== null) folders.add(dirname(resolve(file)));
  const files = new Set<string>();
  for (const folder of folders) for (const file of await listKeyFiles(folder)) files.add(file);
  if (signer !== null && "file" in signer) files.delete(signer.file);
  if (configured !== null && (await modeOf(configured)) !== null) files.add(resolve(configured));
  const fingerprints = await Promise.all(recipients.map(fingerprintOf));
  const checks: Check[] = [];
  for (const file of files) {
    signal.throwIfAborted();
    checks.push(...(await judgeFile(file, fingerprints)));
  }
  if (checks.length > 0) return checks;
  return [good(SUBJECT, `no private key was found beside the config, nor in ${usual.join(" and ")}`)];
}

async function judgeFile(file: string, fingerprints: readonly (string | null)[]): Promise<readonly Check[]> {
  const text = await readText(file);
  if (text === null || !PRIVATE.test(text)) return [];
  if (IS_PROTECTED.test(text)) {
    const what = `a private key lies on this host, under a passphrase: ${file}`;
    return [doubtful(SUBJECT, what, `if it opens backups, ${TAKE_AWAY}`)];
  }
  const identity = await readIdentity(text).catch(() => null);
  if (identity === null || !fingerprints.includes(identity.fingerprint)) return [];
  const what = `the private key that opens the backups lies on this host, without a passphrase: ${file}`;
  return [doubtful(SUBJECT, what, TAKE_AWAY)];
}

async function fingerprintOf({ pem }: RecipientConfig): Promise<string | null> {
  return await readRecipient(pem).then(
    ({ fingerprint }) => fingerprint,
    () => null,
  );
}

/** Files whose names look like those of keys. */
async function listKeyFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const named = entries.filter((entry) => entry.isFile() && /\.(?:pem|key|der)$|private/i.test(entry.name));
  return named.map(({ name }) => join(folder, name));
}

async function readText(file: string): Promise<string | null> {
  const found = await stat(file).catch(() => null);
  if (found === null || found.size > LARGEST_KEY) return null;
  return await Bun.file(file)
    .text()
    .catch(() => null);
}

/** Null if it is no file: a key may stand in the config itself, or in a variable. */
async function modeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true ? found.mode : null;
}
