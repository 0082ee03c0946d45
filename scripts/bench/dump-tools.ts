import { chmod, mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Postgres } from "../services/postgres.ts";
import type { Ground } from "./ground.ts";

/** Makes a folder of PostgreSQL's programs in which only `pg_dump` is ours: it dumps so many gigabytes. */
export async function writeTools(
  { folder }: Ground,
  { binDirectory }: Postgres,
  gigabytes: number,
): Promise<string> {
  const tools = join(folder, `tools-${gigabytes}-${crypto.randomUUID()}`);
  await mkdir(tools);
  for (const name of await readdir(binDirectory)) {
    if (name !== "pg_dump") await symlink(join(binDirectory, name), join(tools, name));
  }
  const real = join(binDirectory, "pg_dump");
  const program = join(import.meta.dir, "endless-dump.ts");
  const script = `#!/bin/sh
[ "$1" = --version ] && exec ${real} --version
exec ${process.execPath} ${program} ${gigabytes} ${real} "$@"
`;
  await Bun.write(join(tools, "pg_dump"), script);
  await chmod(join(tools, "pg_dump"), 0o755);
  return tools;
}
