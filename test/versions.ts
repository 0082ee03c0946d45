import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dir, "../.services/versions");

/** Whether other versions than the installed ones can be had here: `scripts/versions.sh` knows only Debian's packages for amd64. */
export const hasVersions: boolean = process.arch === "x64" && isDebian();

/**
 * The folder of the programs of a version, such as `postgres-17`.
 *
 * @throws {Error} naming the script that brings it.
 */
export function programsOf(version: string): string {
  const folder = join(FOLDER, version, "bin");
  if (!existsSync(folder)) throw new Error(`${version} is missing: sh scripts/versions.sh`);
  return folder;
}

function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}
