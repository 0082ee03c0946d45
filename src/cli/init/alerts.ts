import { DbackedError } from "../../base/error.ts";
import { Secret } from "../../base/secret.ts";
import { readSecretFile } from "../../config/secret-file.ts";
import { testPing } from "../../notify/ping.ts";
import { pingUrlFor, pingUrlOption } from "../../notify/ping-url.ts";
import type { Fields } from "../../setup/answers.ts";
import { askText, choose, tell } from "../print/prompt.ts";
import { INSTEAD, type Scene } from "./scene.ts";
import { settle } from "./settle.ts";

/** What whoever is told of nothing has to know. */
export const NOBODY =
  "Nobody will be told when a backup fails, or is missing because this host is gone: `dbacked list` has to be looked at.";

/** Asks who is told of failures, and sends a test. */
export async function askAlerts(scene: Scene, name: string): Promise<Fields> {
  const { given, signal } = scene;
  const { pingUrl, pingUrlFile } = given.database;
  const answers = [
    { value: true, label: "A check, by its ping URL", hint: "healthchecks.io, Uptime Kuma or the like" },
    { value: false, label: "Nobody" },
  ];
  const message = "Who is told when a backup fails or is missing?";
  const isGiven = pingUrl !== undefined || pingUrlFile !== undefined;
  if (!isGiven && !(await choose({ message, instead: INSTEAD }, answers, signal))) {
    await tell("warn", NOBODY);
    return {};
  }
  const { answer } = await settle<Telling, void>(
    {
      ask: async (previous) => {
        const known = pingUrlFile === undefined ? { pingUrl: pingUrl ?? "" } : { pingUrlFile };
        const fields = previous === null && isGiven ? known : { pingUrl: await askUrl(signal) };
        return { fields, isTried: true };
      },
      test: async ({ fields, isTried }) => {
        if (!isTried) return;
        await tryPing(await urlIn(fields), name, signal);
        await tell("success", "A test ping arrived there.");
      },
      detour: ({ fields }) => ({ label: "Keep this URL all the same", answer: { fields, isTried: false } }),
    },
    scene,
  );
  return answer.fields;
}

/** A URL or its file, and whether it is to be tried. */
interface Telling {
  fields: Fields;
  isTried: boolean;
}

async function urlIn({ pingUrl, pingUrlFile }: Fields): Promise<Secret> {
  if (pingUrl instanceof Secret) return pingUrl;
  return await readSecretFile(typeof pingUrlFile === "string" ? pingUrlFile : "");
}

async function askUrl(signal: AbortSignal): Promise<Secret> {
  const refuse = (typed: string): string | undefined =>
    pingUrlOption.safeParse(new Secret(typed)).success
      ? undefined
      : "A URL that begins with https:// or http://";
  return new Secret(await askText({ message: "Ping URL", instead: INSTEAD }, { refuse }, signal));
}

/**
 * Sends a test to where failures are told.
 *
 * @throws {DbackedError} `config`, if it is no URL, or the ping did not arrive.
 */
export async function tryPing(url: Secret, name: string, signal: AbortSignal): Promise<void> {
  const parsed = pingUrlOption.safeParse(url);
  if (!parsed.success)
    throw new DbackedError("config", parsed.error.issues.map(({ message }) => message).join("; "));
  const { host, failure } = await testPing(pingUrlFor(url, name), signal);
  if (failure === null) return;
  throw new DbackedError("config", `The test ping did not arrive: ${host} ${failure}`, {
    hint: "is the URL the whole ping URL of the check? Can this host reach it?",
  });
}
