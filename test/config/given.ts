import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DbackedError } from "../../src/base/error.ts";
import { Secret } from "../../src/base/secret.ts";
import type { Config, Need } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Sources } from "../../src/config/sources.ts";

export const PEM = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
export const PRIVATE_PEM = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";
export const SIGNER = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
export const FOLDER_STORE = '[[stores]]\nname = "local"\ntype = "folder"\npath = "/srv/backups"\n';
export const SHOP = '[[databases]]\nname = "shop"\ntype = "postgres"\ndatabase = "shop"\n';

/** A config as a test gives it: a file's text and the other sources. Secrets in it are called hunter and a digit. */
export interface Given extends Partial<Sources> {
  toml?: string | undefined;
  json?: string | undefined;
  needs?: readonly Need[];
  mode?: number;
}

/** A temporary folder with config files and what they name. */
export class Place {
  readonly folder: string;
  #files = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Place> {
    const folder = await mkdtemp(join(tmpdir(), "dbacked-config-"));
    await writeFile(join(folder, "public.pem"), PEM);
    await writeFile(join(folder, "private.pem"), PRIVATE_PEM, { mode: 0o600 });
    await writeFile(join(folder, "password"), "hunter2\n", { mode: 0o600 });
    return new Place(folder);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  async load(given: Given): Promise<Config> {
    const { toml, json, needs = [], mode = 0o600, ...sources } = given;
    const text = toml ?? json;
    const path = join(this.folder, `${this.#files++}.${toml === undefined ? "json" : "toml"}`);
    if (text !== undefined) await writeFile(path, text, { mode });
    const file = text === undefined ? undefined : path;
    return await loadConfig(
      { environment: {}, folders: [join(this.folder, "nowhere")], file, ...sources },
      needs,
    );
  }

  /** What is said about a bad config: lines with `FILE` for its path, and hints as `| hint`. Never shows a secret. */
  async mistakes(given: Given): Promise<string[]> {
    try {
      await this.load(given);
      return ["accepted"];
    } catch (error) {
      if (!(error instanceof DbackedError)) throw error;
      const hints = error.hint === undefined ? [] : error.hint.split("\n").map((hint) => `| ${hint}`);
      const lines = [...error.message.split("\n"), ...hints];
      if (lines.some((line) => /hunter\d/.test(line))) throw new Error("a secret shows", { cause: error });
      const path = new RegExp(`${this.folder}/\\d+\\.(toml|json)`, "g");
      return lines.map((line) => line.replaceAll(path, "FILE").replaceAll(this.folder, "FOLDER"));
    }
  }
}

/** The password of the first database. */
export function passwordOf({ databases: [database] }: Config): string | undefined {
  const { password } = (database?.options ?? {}) as { password?: unknown };
  return password instanceof Secret ? password.reveal() : undefined;
}
