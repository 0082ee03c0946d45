import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import format from "../../../docs/format.md" with { type: "text" };
import recovery from "../../../docs/recovery.md" with { type: "text" };
import decryptor from "../../../scripts/recover/dbacked-decrypt.py" with { type: "text" };
import { DbackedError, reasonOf } from "../../base/error.ts";
import type { Secret } from "../../base/secret.ts";
import { isInlineKey } from "../../config/secrets.ts";
import { readSmallFile } from "../../config/small-file.ts";
import { type RecoveryKit, refuseExistingKit, writeRecoveryKit } from "../../job/keygen.ts";
import { readRecipient } from "../../seal/key.ts";
import { askPassphrase, askText, choose, tell } from "../print/prompt.ts";
import { refuseEmpty } from "./database.ts";
import { absolute } from "./place.ts";
import { INSTEAD, type Scene } from "./scene.ts";
import { settle } from "./settle.ts";

/** The public key that seals the backups, and what is at hand to open them. */
export interface Keys {
  /** PEM. */
  publicKey: string;
  fingerprint: string;
  /** Null if it was not made here. */
  kit: RecoveryKit | null;
  /** Path of the private key; null if it is not on this host. */
  privateKey: string | null;
  /** Null if there is none, or nobody has said it yet. */
  passphrase: Secret | null;
}

/** Asks who can open the backups: the holder of a key that is there, or of one that is made now. */
export async function askKeys(scene: Scene): Promise<Keys> {
  const { given, signal } = scene;
  if (given.publicKey !== null) return await askPublicKey(scene);
  const answers = [
    { value: "make", label: "Make a new pair of keys", hint: "with a recovery kit around it" },
    {
      value: "have",
      label: "I have a public key",
      hint: "from `dbacked keygen`, or the key of another host",
    },
  ] as const;
  const message = "Backups are sealed with a public key, and only its private key opens them.";
  const way = await choose({ message, instead: INSTEAD }, answers, signal);
  return way === "have" ? await askPublicKey(scene) : await askNewKeys(scene);
}

/**
 * Makes a pair of keys, and the recovery kit around it.
 *
 * @throws {DbackedError} `key`, if there is one in the folder, or it cannot be written.
 */
export async function makeKeys(folder: string, passphrase: Secret | null): Promise<Keys> {
  await refuseExistingKit(folder);
  const kit = await writeRecoveryKit(folder, passphrase, { decryptor, recovery, format });
  const { publicKey, privateKey, fingerprint } = kit;
  return { publicKey: await Bun.file(publicKey).text(), fingerprint, kit, privateKey, passphrase };
}

/**
 * Reads a public key: PEM, or the file that it stands in.
 *
 * @throws {DbackedError} `key`
 */
export async function readPublicKey(given: string): Promise<Keys> {
  const from = isInlineKey(given) ? "the public key" : absolute(given);
  const read = isInlineKey(given) ? { text: given.replaceAll("\\n", "\n") } : await readSmallFile(from);
  if (typeof read === "string") throw new DbackedError("key", read);
  try {
    const { fingerprint } = await readRecipient(read.text);
    return { publicKey: read.text, fingerprint, kit: null, privateKey: null, passphrase: null };
  } catch (cause) {
    const hint = cause instanceof DbackedError ? cause.hint : undefined;
    throw new DbackedError("key", `${from}: ${reasonOf(cause)}`, { hint, cause });
  }
}

/** Says what the kit is, and where it has to go. */
async function tellKit({ files, publicKey, fingerprint }: RecoveryKit): Promise<void> {
  const folder = join(publicKey, "..");
  await tell(
    "success",
    `The keys and the recovery kit are in ${folder} (${files.length} files, fingerprint ${fingerprint.slice(0, 16)}…).`,
  );
  await tell(
    "warn",
    "Whoever has this folder and the passphrase reads the backups, and without them nobody does. Copy it to two places off " +
      "this host when all is set up, and remove it here: the host only needs the public key, and has a copy of that.",
  );
}

async function askPublicKey(scene: Scene): Promise<Keys> {
  const { given, signal } = scene;
  const { result } = await settle<string, Keys>(
    {
      ask: async (previous) => {
        if (previous === null && given.publicKey !== null) return given.publicKey;
        return await askText(
          { message: "Path of the public key (PEM)", instead: INSTEAD },
          { initial: previous ?? undefined, refuse: refuseEmpty },
          signal,
        );
      },
      test: readPublicKey,
    },
    scene,
  );
  await tellGood(result);
  return result;
}

async function askNewKeys(scene: Scene): Promise<Keys> {
  const { signal } = scene;
  const { result } = await settle<KeyFolder, Keys>(
    {
      ask: async (previous) => {
        const typed = await askText(
          { message: "Folder for the private key and the recovery kit (a USB stick, say)", instead: INSTEAD },
          { fallback: join(homedir(), "dbacked-keys"), initial: previous?.folder },
          signal,
        );
        return { folder: absolute(typed), isNew: true };
      },
      test: async ({ folder, isNew }) => {
        if (!isNew) return await readKit(folder);
        await refuseExistingKit(folder);
        const passphrase = await askNewPassphrase(signal);
        await tell("step", "Making the keys …");
        return await makeKeys(folder, passphrase);
      },
      detour: ({ folder, isNew }) =>
        isNew && existsSync(kitFile(folder, "public"))
          ? { label: "Seal with the key that is there", answer: { folder, isNew: false } }
          : null,
    },
    scene,
  );
  if (result.kit === null) await tellGood(result);
  else await tellKit(result.kit);
  return result;
}

/** Where a kit is, or is to be. */
interface KeyFolder {
  folder: string;
  isNew: boolean;
}

/** The kit of an earlier try: its private key opens what is sealed now. */
async function readKit(folder: string): Promise<Keys> {
  const privateKey = kitFile(folder, "private");
  const keys = await readPublicKey(kitFile(folder, "public"));
  return { ...keys, privateKey: existsSync(privateKey) ? privateKey : null };
}

function kitFile(folder: string, which: "public" | "private"): string {
  return join(folder, `dbacked-${which}.pem`);
}

async function tellGood({ fingerprint }: Keys): Promise<void> {
  await tell("success", `The key is good (fingerprint ${fingerprint.slice(0, 16)}…).`);
}

/** Until it was typed twice alike. */
async function askNewPassphrase(signal: AbortSignal): Promise<Secret> {
  for (;;) {
    const message = "Passphrase for the private key";
    const first = await askPassphrase({ message, instead: INSTEAD }, signal);
    if (first.reveal() === "") {
      await tell(
        "warn",
        "Without a passphrase whoever finds the file reads the backups. Several words are a good one.",
      );
      continue;
    }
    const again = await askPassphrase({ message: "The same once more", instead: INSTEAD }, signal);
    if (first.reveal() === again.reveal()) return first;
    await tell("warn", "The two differ. Once more, please.");
  }
}
