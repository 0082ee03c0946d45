import { access, constants, exists } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { DbackedError, reasonOf } from "../../base/error.ts";
import { filesIn, findConfig, usualFolders } from "../../config/config-file.ts";
import type { Environment } from "../../config/sources.ts";

/** A path as a shell would take it: `~` is the home, and what is relative begins in the current folder. */
export function absolute(path: string): string {
  const home = path === "~" || path.startsWith("~/");
  return home ? join(homedir(), path.slice(1)) : resolve(path);
}

/**
 * Where the config is to be: the file that was named; else the usual one, or that of a user who is not root.
 *
 * @throws {DbackedError} `config`, if there is one, or it could not be written there.
 */
export async function placeOfConfig(named: string | undefined, environment: Environment): Promise<string> {
  const given = named ?? (environment["DBACKED_CONFIG"] || undefined);
  const [usual = ""] = usualFolders(environment);
  const file = given === undefined ? join(usual, "config.toml") : resolve(given);
  if (!file.endsWith(".toml"))
    throw new DbackedError("config", `${file}: a config that \`init\` writes has a name that ends in .toml`);
  const others = given === undefined ? filesIn(usual) : [file];
  for (const other of others) if (await exists(other)) throw refuseExisting(other);
  await requireWritable(file);
  return file;
}

/** Whether the file is found by itself; else every command has to be told. */
export async function isFoundAlone(file: string, environment: Environment): Promise<boolean> {
  return (await findConfig(usualFolders(environment))) === file;
}

function refuseExisting(file: string): DbackedError {
  return new DbackedError("config", `${file} is there already, and nothing is overwritten`, {
    hint:
      "add a database to it by hand (docs/configuration.md), and try it with `dbacked run --once`; for a config of its own, " +
      "give --config OTHER.toml",
  });
}

/** Better now than after all the questions. */
async function requireWritable(file: string): Promise<void> {
  let folder = dirname(file);
  while (!(await exists(folder)) && folder !== dirname(folder)) folder = dirname(folder);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new DbackedError("config", `${file} cannot be written: ${reasonOf(cause)}`, {
      hint: "run it as root, or give --config FILE for another place",
      cause,
    });
  }
}
