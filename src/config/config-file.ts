import { stat } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";

import { DbackedError } from "../base/error.ts";
import { type Document, SyntaxMistake } from "./document.ts";
import { parseJson } from "./json.ts";
import { parseToml } from "./toml.ts";

/** A config file that has been read. */
export interface ConfigFile extends Document {
  path: string;
  /** Relative paths in it start here. */
  folder: string;
  /** Whether every user of this host may read it. */
  isOpen: boolean;
}

/** Where the config is, if nothing else is said. */
export const DEFAULT_FOLDER = "/etc/dbacked";

const PARSERS = new Map([
  [".toml", parseToml],
  [".json", parseJson],
]);

/**
 * Reads the file that was named, or else `config.toml` or `config.json` in `folder`. `known` is what stands in it, if that
 * was read already.
 *
 * @returns null if none was named and there is none.
 * @throws {DbackedError} `config`
 */
export async function readConfigFile(
  named: string | undefined,
  folder: string = DEFAULT_FOLDER,
  known?: string,
): Promise<ConfigFile | null> {
  const path = named === undefined ? await findDefault(folder) : resolve(named);
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

/** The files of which one may be the config. */
export function defaultFiles(folder: string = DEFAULT_FOLDER): string[] {
  return ["config.toml", "config.json"].map((name) => join(folder, name));
}

async function findDefault(folder: string): Promise<string | null> {
  const there: string[] = [];
  for (const path of defaultFiles(folder)) if (await isThere(path)) there.push(path);
  if (there.length > 1)
    throw new DbackedError("config", `${there.join(" and ")} are both there`, { hint: "remove one of them" });
  return there[0] ?? null;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (reasonOfRead(error) === "no such file") return false;
    throw new DbackedError("config", `${path}: cannot be read: ${reasonOfRead(error)}`, { cause: error });
  }
}
