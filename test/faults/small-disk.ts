import { mkdir } from "node:fs/promises";

/** A folder that cannot take 8 MiB. */
export interface SmallDisk extends AsyncDisposable {
  path: string;
  /** Words before a program that is to feel it. */
  prefix: readonly string[];
}

/** Makes one: a file system of its own if we may mount one, else by a limit for every file. */
export async function smallDisk(path: string): Promise<SmallDisk> {
  await mkdir(path);
  const { exitCode } = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", path]);
  const isMounted = exitCode === 0;
  const prefix = isMounted ? [] : ["prlimit", `--fsize=${8 << 20}`, "--"];
  const unmount = async () => {
    if (isMounted) Bun.spawnSync(["umount", path]);
  };
  return { path, prefix, [Symbol.asyncDispose]: unmount };
}
