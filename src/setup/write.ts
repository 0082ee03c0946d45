import { dirname, join } from "node:path";
import { DbackedError } from "../base/error.ts";
import { writeNew } from "../job/signer.ts";
import { type Answers, configText } from "./answers.ts";

/** What is written down: answers without the key, and the key. */
interface Draft extends Omit<Answers, "recipients"> {
  publicKey: string;
  fingerprint: string;
}

/** Where things were written. */
export interface Written {
  config: string;
  recipient: string;
}

/** Digits of a fingerprint that make a name of its own. */
const DIGITS = 12;

/**
 * Writes the config, for its owner alone, and the public key beside it: the folder that the key came from may be taken away.
 * Nothing is overwritten.
 *
 * @throws {DbackedError} `config` or `key`, if a file is there or cannot be written.
 */
export async function writeConfig(file: string, draft: Draft): Promise<Written> {
  const { publicKey, fingerprint, ...answers } = draft;
  const recipient = await writeRecipient(dirname(file), publicKey, fingerprint);
  const text = configText({ ...answers, recipients: [recipient] });
  try {
    await writeNew(file, text, 0o600);
  } catch (error) {
    if (!(error instanceof DbackedError)) throw error;
    throw new DbackedError("config", error.message, { cause: error });
  }
  return { config: file, recipient };
}

async function writeRecipient(folder: string, pem: string, fingerprint: string): Promise<string> {
  const usual = join(folder, "recipient.pem");
  if (await isOther(usual, pem)) {
    const own = join(folder, `recipient-${fingerprint.slice(0, DIGITS)}.pem`);
    return await keep(own, pem);
  }
  return await keep(usual, pem);
}

async function keep(path: string, pem: string): Promise<string> {
  if (!(await Bun.file(path).exists())) await writeNew(path, pem, 0o644);
  else if (await isOther(path, pem))
    throw new DbackedError("key", `${path} holds another key than its name says`);
  return path;
}

async function isOther(path: string, pem: string): Promise<boolean> {
  const file = Bun.file(path);
  return (await file.exists()) && (await file.text()) !== pem;
}
