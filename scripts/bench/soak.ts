import { chmod, mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type Postgres, startPostgres } from "../services/postgres.ts";
import type { Ground } from "./ground.ts";
import { measureCommand } from "./process.ts";

/**
 * Backs up synthetic dumps of so many GB into a folder and to S3, and gives the memory that each took. The dump program is
 * replaced by one that writes a valid archive with one endless table.
 */
export async function soak(ground: Ground, gigabytes: readonly number[]): Promise<string> {
  await using postgres = await startPostgres();
  await postgres.query("CREATE DATABASE soak");
  await postgres.query("CREATE TABLE endless (line text)", "soak");
  await postgres.query("INSERT INTO endless VALUES (repeat('x', 1000))", "soak");
  const source = { name: "soak", type: "postgres", url: postgres.url("soak") };
  const rows: string[] = [];
  for (const size of gigabytes) {
    for (const store of ["folder", "s3"] as const) {
      const tools = await writeTools(ground, postgres, size);
      const config = await ground.writeConfig(store, source, { toolsDirectory: tools });
      const { ms, peakBytes } = await measureCommand([ground.dbacked, "run", "--once", "--config", config]);
      rows.push(
        `| ${size} GB | ${store} | ${(ms / 1000).toFixed(0)} s | ${Math.round(peakBytes / 2 ** 20)} MiB |`,
      );
      console.error(rows.at(-1));
    }
  }
  return ["| dump | store | time | peak RSS |", "|--:|---|--:|--:|", ...rows].join("\n");
}

/** A folder of programs in which only `pg_dump` is ours. */
async function writeTools({ folder }: Ground, postgres: Postgres, gigabytes: number): Promise<string> {
  const tools = join(folder, `tools-${gigabytes}-${crypto.randomUUID()}`);
  await mkdir(tools);
  for (const name of await readdir(postgres.binDirectory)) {
    if (name !== "pg_dump") await symlink(join(postgres.binDirectory, name), join(tools, name));
  }
  const real = join(postgres.binDirectory, "pg_dump");
  const program = join(import.meta.dir, "endless-dump.ts");
  const script = `#!/bin/sh
[ "$1" = --version ] && exec ${real} --version
exec ${process.execPath} ${program} ${gigabytes} ${real} "$@"
`;
  await Bun.write(join(tools, "pg_dump"), script);
  await chmod(join(tools, "pg_dump"), 0o755);
  return tools;
}
