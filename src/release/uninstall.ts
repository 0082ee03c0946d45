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
 * Removes config files, and those of `folders` in which there is nothing else. Keys and passwords stay: whoever wants to lose
 * them names them.
 *
 * @returns what stays in `folders`.
 * @throws {DbackedError} `target`
 */
export async function removeConfig(files: readonly string[], folders: readonly string[]): Promise<string[]> {
  for (const file of files) {
    await rm(file, { force: true }).catch((cause: unknown) => {
      throw writeFailure(file, cause);
    });
  }
  // One that is not empty is refused.
  for (const folder of folders) await rmdir(folder).catch(() => {});
  return await listFolders(folders);
}

/** What is in folders; nothing, if there are none. */
export async function listFolders(folders: readonly string[]): Promise<string[]> {
  return (await Promise.all(folders.map(listFolder))).flat();
}

async function listFolder(folder: string): Promise<string[]> {
  const names: string[] = await readdir(folder).catch(() => []);
  return names.toSorted().map((name) => join(folder, name));
}
