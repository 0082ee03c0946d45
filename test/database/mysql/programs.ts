import { chmod, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { requireProgram } from "../../../scripts/services/service.ts";

/** A new folder in `parent` with MariaDB's programs, and a dump program of our own that gets `$real`. */
export async function replaceDump(
  parent: string,
  name: string,
  script: string,
  version = 'exec "$real" --version',
): Promise<string> {
  const directory = join(parent, name.replaceAll(" ", "-"));
  await mkdir(directory);
  await symlink(requireProgram("mariadb", "mariadb-client"), join(directory, "mariadb"));
  const real = requireProgram("mariadb-dump", "mariadb-client");
  const begin = `#!/bin/sh\nreal="${real}"; case "$2" in --version) ${version}; exit;; esac`;
  await Bun.write(join(directory, "mariadb-dump"), `${begin}\n${script}\n`);
  await chmod(join(directory, "mariadb-dump"), 0o755);
  return directory;
}
