import { readdir, rm, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeStages, writeFailure } from "./stage.ts";

/**
 * Removes the program, and what a killed installation left beside it.
 *
 * @throws {DbackedError} `target`
 */
export async function removeProgram(executable: string): Promise<void> {
  await unlink(executable).catch((cause: unknown) => {
    throw writeFailure(executable, cause);
  });
  await removeStages(dirname(executable), Infinity);
}

/**
 * Removes config files, and `folder` if nothing else is in it. Keys and passwords stay: whoever wants to lose them names
 * them.
 *
 * @returns what stays in `folder`.
 * @throws {DbackedError} `target`
 */
export async function removeConfig(files: readonly string[], folder: string): Promise<string[]> {
  for (const file of files) {
    await rm(file, { force: true }).catch((cause: unknown) => {
      throw writeFailure(file, cause);
    });
  }
  const kept = await listFolder(folder);
  if (kept.length === 0) await rmdir(folder).catch(() => {});
  return kept;
}

/** What is in a folder; nothing, if there is none. */
export async function listFolder(folder: string): Promise<string[]> {
  const names: string[] = await readdir(folder).catch(() => []);
  return names.toSorted().map((name) => join(folder, name));
}
