import { exists, mkdir } from "node:fs/promises";
import { DbackedError, reasonOf } from "../../base/error.ts";
import { type Fields, textIn } from "../../setup/answers.ts";
import { tryStore } from "../../setup/live.ts";
import type { Trial } from "../../store/trial.ts";
import { askPassphrase, askText, choose, tell } from "../print/prompt.ts";
import { refuseEmpty } from "./database.ts";
import { absolute } from "./place.ts";
import { INSTEAD, type Scene } from "./scene.ts";
import { settle } from "./settle.ts";

const KINDS = [
  { value: "s3", label: "S3", hint: "Amazon's, or any server that speaks it" },
  { value: "folder", label: "A folder", hint: "a mounted disk, say" },
] as const;

/** Where backups of root go, if it is a folder. */
const USUAL_FOLDER = "/var/backups/dbacked";

/** Asks where the backups go, until a probe was written there and read back. */
export async function askStore(scene: Scene): Promise<{ store: Fields; isDeletable: boolean }> {
  const { file, given, signal } = scene;
  const known = KINDS.find(({ value }) => value === given.store["type"]);
  const question = { message: "Where do the backups go?", instead: INSTEAD };
  const kind = known?.value ?? (await choose(question, KINDS, signal));
  const ask = kind === "s3" ? askBucket : askFolder;
  const { answer, result } = await settle<Fields, readonly Trial[]>(
    {
      ask: async (previous) => await ask(scene, previous),
      test: async (answer) => {
        if (kind === "s3") await tell("step", "Writing a probe, and reading it back …");
        return await tryStore(file, answer, signal);
      },
    },
    scene,
  );
  await tellStore(answer, result);
  return { store: answer, isDeletable: isDeletable(result) };
}

/** Tells what may be done there, and what is not as it should be. */
export async function tellStore(store: Fields, trials: readonly Trial[]): Promise<void> {
  await tell(
    "success",
    `${textIn(store, "path") ?? textIn(store, "bucket")} can be written, read and listed: a probe went there and back.`,
  );
  for (const { state, what, hint } of trials)
    if (state === "warn") await tell("warn", hint === undefined ? what : `${what}\n${hint}`);
}

/** Whether this host could remove what it stored. */
function isDeletable(trials: readonly Trial[]): boolean {
  return trials.some(({ name, state }) => name === "delete" && state === "warn");
}

async function askFolder(scene: Scene, previous: Fields | null): Promise<Fields> {
  const { given, signal } = scene;
  const typed = await askText(
    { message: "Path of the folder", instead: INSTEAD },
    {
      fallback: process.getuid?.() === 0 ? USUAL_FOLDER : "",
      initial: textIn(previous ?? given.store, "path"),
      refuse: refuseEmpty,
    },
    signal,
  );
  const path = absolute(typed);
  if (!(await exists(path))) await offerFolder(path, signal);
  return { name: "folder", type: "folder", path };
}

/** Never by itself: it may be a disk that is not mounted. */
async function offerFolder(path: string, signal: AbortSignal): Promise<void> {
  const message = `There is no folder ${path}. Is it to be made?`;
  const answers = [
    { value: true, label: "Yes, make it" },
    { value: false, label: "No", hint: "a disk has to be mounted there first, say" },
  ];
  if (!(await choose({ message, instead: INSTEAD }, answers, signal))) return;
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    // What is wrong with it is told when it is tried.
    await tell("warn", new DbackedError("store", `${path} cannot be made: ${reasonOf(cause)}`).message);
  }
}

async function askBucket({ given, signal }: Scene, previous: Fields | null): Promise<Fields> {
  const known = previous ?? given.store;
  const line = async (message: string, key: string, needed = false): Promise<Fields> => {
    const typed = await askText(
      { message, instead: INSTEAD },
      {
        initial: textIn(known, key),
        ...(needed ? { refuse: refuseEmpty } : {}),
      },
      signal,
    );
    return typed === "" ? {} : { [key]: typed };
  };
  const bucket = await line("Bucket", "bucket", true);
  const endpoint = await line("URL of the server (empty: Amazon S3)", "endpoint");
  const region = await line("Region (empty: what the environment says, or us-east-1)", "region");
  const prefix = await line("Prefix of all names, as in web-1/ (empty: none)", "prefix");
  const keyId = await line("Access key ID (empty: the default chain of AWS)", "accessKeyId");
  const isKeyed = keyId["accessKeyId"] !== undefined;
  const key = isKeyed ? await askSecretKey({ given, signal }, previous) : {};
  return { name: "s3", type: "s3", ...bucket, ...endpoint, ...region, ...prefix, ...keyId, ...key };
}

/** One that was given is taken, the first time. */
async function askSecretKey(
  { given, signal }: Pick<Scene, "given" | "signal">,
  previous: Fields | null,
): Promise<Fields> {
  const { secretAccessKey, secretAccessKeyFile } = given.store;
  if (previous === null && secretAccessKeyFile !== undefined) return { secretAccessKeyFile };
  if (previous === null && secretAccessKey !== undefined) return { secretAccessKey };
  return { secretAccessKey: await askPassphrase({ message: "Secret access key", instead: INSTEAD }, signal) };
}
