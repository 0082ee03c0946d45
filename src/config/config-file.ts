import { stat } from "node:fs/promises";
import { dirname, extname, isAbsolute, join, resolve } from "node:path";

import { DbackedError } from "../base/error.ts";
import { type Document, SyntaxMistake } from "./document.ts";
import { parseJson } from "./json.ts";
import type { Environment } from "./sources.ts";
import { parseToml } from "./toml.ts";

/** A config file that has been read. */
export interface ConfigFile extends Document {
  path: string;
  /** Relative paths in it start here. */
  folder: string;
  /** Whether every user of this host may read it. */
  isOpen: boolean;
}

/** Where the config of the host is. */
const OF_HOST = "/etc/dbacked";

const PARSERS = new Map([
  [".toml", parseToml],
  [".json", parseJson],
]);

/**
 * The folders in which the config is looked for if nothing else is said, one after another. That of a user who is not root, if he
 * has one, goes before that of the host.
 */
export function usualFolders(
  { HOME, XDG_CONFIG_HOME }: Environment,
  isRoot: boolean = process.getuid?.() === 0,
): readonly string[] {
  if (isRoot) return [OF_HOST];
  const places = [XDG_CONFIG_HOME, HOME === undefined ? undefined : join(HOME, ".config")];
  const own = places.find((place) => place !== undefined && isAbsolute(place));
  return own === undefined ? [OF_HOST] : [join(own, "dbacked"), OF_HOST];
}

/**
 * Reads the file that was named, or else `config.toml` or `config.json` in the first of `folders` that has one. `known` is what
 * stands in it, if that was read already.
 *
 * @returns null if none was named and there is none.
 * @throws {DbackedError} `config`
 */
export async function readConfigFile(
  named: string | undefined,
  folders: readonly string[],
  known?: string,
): Promise<ConfigFile | null> {
  const path = named === undefined ? await findConfig(folders) : resolve(named);
  if (path === null) return null;
  const parse = PARSERS.get(extname(path));
  if (parse === undefined) throw new DbackedError("config", `${path}: its name must end in .toml or .json`);
  try {
    const text = known ?? (await Bun.file(path).text());
    // Whoever has read it has warned.
    const isOpen = known === undefined && (await isOpenToAll(path));
    return { path, folder: dirname(path), isOpen, ...parse(text) };
  } catch (error) {
    if (error instanceof SyntaxMistake)
      throw new DbackedError("config", `${path}:${error.line}: ${error.message}`, { cause: error });
    throw new DbackedError("config", `${path}: cannot be read: ${reasonOfRead(error)}`, { cause: error });
  }
}

/** Whether every user of this host may read the file. */
export async function isOpenToAll(path: string): Promise<boolean> {
  return ((await stat(path)).mode & 0o004) !== 0;
}

/** Why a file could not be read, in words. */
export function reasonOfRead(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  const words: Record<string, string> = {
    ENOENT: "no such file",
    EACCES: "permission denied",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of its path is no folder",
  };
  return words[code] ?? code;
}

/** The files in a folder of which one may be the config. */
export function filesIn(folder: string): string[] {
  return ["config.toml", "config.json"].map((name) => join(folder, name));
}

/**
 * The config that is found if none is named; null if there is none.
 *
 * @throws {DbackedError} `config`, if there are two in one folder, or nobody may look into the last one.
 */
export async function findConfig(folders: readonly string[]): Promise<string | null> {
  for (const folder of folders) {
    const there: string[] = [];
    for (const path of filesIn(folder)) if (await isThere(path, folder === folders.at(-1))) there.push(path);
    if (there.length > 1)
      throw new DbackedError("config", `${there.join(" and ")} are both there`, {
        hint: "remove one of them",
      });
    if (there[0] !== undefined) return there[0];
  }
  return null;
}

/** A home that may not be looked into is that of another user, as in a container that runs as anybody: it holds no config of ours. */
async function isThere(path: string, isLast: boolean): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (!isLast || reasonOfRead(error) === "no such file") return false;
    throw new DbackedError("config", `${path}: cannot be read: ${reasonOfRead(error)}`, { cause: error });
  }
}
