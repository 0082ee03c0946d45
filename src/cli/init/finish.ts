import { hostname } from "node:os";
import { dirname } from "node:path";
import { DbackedError, exitCodeOf } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import type { Config } from "../../config/config.ts";
import { noteSigner } from "../../job/keygen.ts";
import { askPassphrase, askText, choose, tell } from "../print/prompt.ts";
import type { Outcome } from "../session.ts";
import { complain, logForm } from "../terminal.ts";
import { printError } from "../print/error.ts";
import { type First, makeFirst, openFirst } from "./first.ts";
import type { Keys } from "./keys.ts";
import { absolute, isFoundAlone } from "./place.ts";
import { INSTEAD, type Scene } from "./scene.ts";

/** What came of the first backups. */
export interface Finish {
  outcomes: readonly Outcome[];
  /** Whether they were opened with the private key; null if it was not at hand, or there are none. */
  isOpened: boolean | null;
  /** Why none could begin, after which somebody went on; null for no such reason. */
  failure: DbackedError | null;
}

/** Makes the first backup if that is wanted, and opens it with the private key if that is at hand. */
export async function finish(scene: Scene, config: Config, keys: Keys): Promise<Finish> {
  const { signal } = scene;
  const answers = [
    { value: true, label: "Yes" },
    { value: false, label: "No, later", hint: "`dbacked run --once`" },
  ];
  if (!(await choose({ message: "Make the first backup now?", instead: INSTEAD }, answers, signal)))
    return { outcomes: [], isOpened: null, failure: null };
  for (;;) {
    const first = await makeOrTell(scene, config, keys);
    const failure = first instanceof DbackedError ? first : null;
    const outcomes = first instanceof DbackedError ? [] : first.outcomes;
    if (!(first instanceof DbackedError) && !outcomes.some((outcome) => "error" in outcome))
      return { outcomes, isOpened: await openAsked(scene, first, keys), failure };
    const again = [
      { value: true, label: "Try again", hint: "something was mended meanwhile" },
      { value: false, label: "Go on without a backup" },
    ];
    if (!(await choose({ message: "And now?", instead: INSTEAD }, again, signal)))
      return { outcomes, isOpened: null, failure };
  }
}

/** What keeps it from beginning must not take the rest of the set-up along. */
async function makeOrTell(scene: Scene, config: Config, keys: Keys): Promise<First | DbackedError> {
  const { globals, signal } = scene;
  try {
    return await make(scene, config, keys);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DbackedError)) throw error;
    complain(printError(error, { form: logForm(globals), verbose: globals.verbose }));
    return error;
  }
}

/** The same where nobody can be asked. */
export async function finishAlone(scene: Scene, config: Config, keys: Keys): Promise<Finish> {
  const { privateKey, passphrase } = keys;
  const first = await make(scene, config, keys);
  if (privateKey === null || !first.outcomes.some((outcome) => "backup" in outcome))
    return { outcomes: first.outcomes, isOpened: null, failure: null };
  const ask = async () => {
    if (passphrase !== null) return passphrase;
    throw new DbackedError("key", `${privateKey} needs a passphrase`, {
      hint: "give --passphrase-file FILE, or DBACKED_PRIVATE_KEY_PASSPHRASE",
    });
  };
  const isOpened = await openFirst(first, { path: privateKey, passphrase: ask }, scene.signal);
  return { outcomes: first.outcomes, isOpened, failure: null };
}

/** The kit is only whole with the signer, which the first backup makes. */
async function make({ globals, signal }: Scene, config: Config, { kit }: Keys): Promise<First> {
  const first = await makeFirst(config, globals, signal);
  try {
    if (kit !== null) await noteSigner(kit, first.run.signer.text, config.agentId ?? hostname());
  } catch (error) {
    // The backup is good all the same.
    if (!(error instanceof DbackedError)) throw error;
    log.warn([error.message, error.hint ?? []].flat().join("\n"));
  }
  return first;
}

async function openAsked({ globals, signal }: Scene, first: First, keys: Keys): Promise<boolean | null> {
  let { privateKey } = keys;
  for (;;) {
    privateKey ??= await askPrivateKey(signal);
    if (privateKey === null) return null;
    const path = privateKey;
    const ask = async () =>
      keys.passphrase ??
      (await askPassphrase({ message: `Passphrase of ${path}`, instead: INSTEAD }, signal));
    try {
      return await openFirst(first, { path, passphrase: ask }, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DbackedError)) throw error;
      complain(printError(error, { form: logForm(globals), verbose: globals.verbose }));
      privateKey = null;
    }
  }
}

async function askPrivateKey(signal: AbortSignal): Promise<string | null> {
  const typed = await askText(
    {
      message:
        "Path of the private key, to see the backup open (empty: it is not on this host, as it should be)",
      instead: INSTEAD,
    },
    {},
    signal,
  );
  return typed === "" ? null : absolute(typed);
}

/** Says what is set up, what nobody has shown, and what comes next. */
export async function tellEnd(file: string, { outcomes, isOpened }: Finish, { kit }: Keys): Promise<void> {
  const option = (await isFoundAlone(file, process.env)) ? "" : ` --config ${shellWord(file)}`;
  const hasBackup = outcomes.some((outcome) => "backup" in outcome);
  if (!hasBackup) await tell("warn", "There is no backup yet.");
  else if (isOpened !== true) {
    await tell("warn", "Nobody has shown yet that the backup can be opened: that takes the private key.");
    log.info(`\ndbacked verify --last${option} --private-key-path dbacked-private.pem\n`);
  }
  if (kit !== null)
    await tell(
      "warn",
      `The private key still lies in ${dirname(kit.privateKey)}: copy that folder to two places off this host, and remove it here.`,
    );
  await tell("success", `The config is ${file}. Next:`);
  log.info(
    [
      "",
      `What there is    dbacked list${option}`,
      `Another one now  dbacked run --once${option}`,
      `Is all well?     dbacked doctor${option}`,
      `To restore       dbacked restore${option} --private-key-path FILE --to URL`,
      "",
    ].join("\n"),
  );
}

/** A word as a shell takes it. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The code of the first failure. */
export function exitCodeOfFirst({ outcomes, isOpened, failure }: Finish): number {
  if (failure !== null) return exitCodeOf(failure);
  const failed = outcomes.find((outcome) => "error" in outcome);
  if (failed !== undefined) return exitCodeOf(failed.error);
  return isOpened === false ? exitCodeOf(new DbackedError("damaged", "a backup does not open")) : 0;
}
