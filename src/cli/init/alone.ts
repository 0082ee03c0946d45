import { log } from "../../base/log.ts";
import type { Secret } from "../../base/secret.ts";
import { readSecretVariable } from "../../config/environment.ts";
import { readSecretFile } from "../../config/secret-file.ts";
import { DbackedError } from "../../base/error.ts";
import { textIn } from "../../setup/answers.ts";
import { loadDraft } from "../../setup/draft.ts";
import { nameGiven, requireAnswers } from "../../setup/given.ts";
import { tryDatabase, tryStore } from "../../setup/live.ts";
import { NOBODY, tryPing } from "./alerts.ts";
import { tellReached } from "./database.ts";
import type { Outline } from "./interview.ts";
import { type Keys, makeKeys, readPublicKey } from "./keys.ts";
import { absolute } from "./place.ts";
import type { Scene } from "./scene.ts";
import { tellStore } from "./store.ts";
import { hostZone, USUAL_SCHEDULE } from "./times.ts";

/** What options say of keys. */
export interface KeyOptions {
  keyFolder: string | undefined;
  privateKeyPath: string | undefined;
  passphraseFile: string | undefined;
  /** False with `--no-passphrase`. */
  passphrase: boolean;
}

/**
 * Takes the answers from options, variables and the file, and tries each of them. Nothing is written before all are good, not
 * even keys.
 *
 * @throws {DbackedError} `usage`, with all that is missing; else by what fails.
 */
export async function answerAlone({ file, given, signal }: Scene, options: KeyOptions): Promise<Outline> {
  const passphrase = await passphraseOf(options);
  requireAnswers(given, {
    keyFolder: options.keyFolder,
    hasPassphrase: passphrase !== null || !options.passphrase,
  });
  const { top, store } = given;
  const schedule = textIn(given.database, "schedule") ?? USUAL_SCHEDULE;
  const database = { name: "server", ...given.database, schedule, zone: hostZone() };
  const { databases } = await loadDraft(file, { top, store, database }, []).catch((error: unknown) => {
    throw nameGiven(error);
  });
  await tellReached(await tryDatabase(file, database, signal));
  await tellStore(store, await tryStore(file, store, signal));
  const [{ name, pingUrl } = { name: "", pingUrl: null }] = databases;
  if (pingUrl === null) log.warn(NOBODY);
  else await tryPing(pingUrl, name, signal);
  const keys = await keysOf(given.publicKey, options, passphrase);
  return { top, database, store, keys };
}

async function keysOf(
  publicKey: string | null,
  { keyFolder, privateKeyPath }: KeyOptions,
  passphrase: Secret | null,
): Promise<Keys> {
  if (keyFolder !== undefined) return await makeKeys(absolute(keyFolder), passphrase);
  const keys = await readPublicKey(publicKey ?? "");
  return { ...keys, privateKey: privateKeyPath === undefined ? null : absolute(privateKeyPath), passphrase };
}

async function passphraseOf({ passphrase, passphraseFile }: KeyOptions): Promise<Secret | null> {
  if (!passphrase && passphraseFile !== undefined)
    throw new DbackedError("usage", "--no-passphrase and --passphrase-file exclude each other");
  if (!passphrase) return null;
  if (passphraseFile !== undefined) return await readSecretFile(passphraseFile);
  const read = await readSecretVariable("DBACKED_PRIVATE_KEY_PASSPHRASE", process.env);
  if (read !== null && "mistake" in read) throw new DbackedError("config", `${read.place}: ${read.mistake}`);
  return read?.secret ?? null;
}
