import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ToolFamily } from "../../src/tool/find.ts";

/** Programs of a maker that there is not. */
const PROGRAMS = ["acme_dump", "acme_restore"] as const;

/** Their family, which lives in a folder of the test. */
export function familyIn(folder: string): ToolFamily {
  return {
    programs: PROGRAMS,
    usualPlaces: [join(folder, "*/bin")],
    install: (major) => `apt-get install acme-client-${major}`,
  };
}

/** Installs some of them, and gives their folder. */
export async function install(
  folder: string,
  name: string,
  version: string,
  programs: readonly string[] = PROGRAMS,
): Promise<string> {
  const directory = join(folder, name, "bin");
  await mkdir(directory, { recursive: true });
  for (const program of programs) {
    const path = join(directory, program);
    await Bun.write(path, `#!/bin/sh\necho "${program} (Acme) ${version} (Debian 1:${version})"\n`);
    await chmod(path, 0o755);
  }
  return directory;
}
