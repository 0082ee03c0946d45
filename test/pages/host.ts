import { link, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { binary } from "../integration/binary.ts";

const SCRIPT = fileURLToPath(import.meta.resolve("./host.sh"));

const NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"].concat(
  process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"],
);

/** What a script came to. */
export interface Outcome {
  code: number;
  /** Stdout and stderr as they came. */
  output: string;
}

/** A machine like a new one, with dbacked on it, where a test may do as root does: /etc, /srv, /media, /root, /usr/local and /var/lib are its own. */
export interface Host extends AsyncDisposable {
  /** Runs lines of a shell in /root. @param env - adds to PATH and HOME */
  run(script: string, env?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** Where a path of the machine is outside. */
  outside(path: string): string;
}

export async function openHost(): Promise<Host> {
  const folder = await temporaryFolder("host");
  for (const name of ["srv/app", "srv/backups", "media", "root", "local/bin", "state"])
    await mkdir(join(folder.path, name), { recursive: true });
  // What only root may read stays behind where we are somebody else.
  Bun.spawnSync(["cp", "--archive", "/etc", join(folder.path, "etc")]);
  await Bun.spawn(["rm", "-rf", join(folder.path, "etc/dbacked")]).exited;
  await mkdir(join(folder.path, "etc/dbacked"), { mode: 0o700 });
  for (const name of ["bash_completion.d", "cron.d", "systemd/system"])
    await mkdir(join(folder.path, "etc", name), { recursive: true });
  // A link, so that `uninstall` takes this one only.
  await link((await binary()).path, join(folder.path, "local/bin/dbacked"));
  let scripts = 0;
  return {
    async run(script, env = {}) {
      const file = join(folder.path, `script-${scripts++}`);
      await Bun.write(file, script);
      const child = Bun.spawn(
        [...NAMESPACES, "sh", "-c", 'exec 2>&1; exec sh "$@"', "sh", SCRIPT, folder.path, file],
        {
          env: {
            PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            HOME: "/root",
            LC_ALL: "C.UTF-8",
            ...env,
          },
          stdin: "ignore",
          stdout: "pipe",
        },
      );
      const [output, code] = await Promise.all([child.stdout.text(), child.exited]);
      return { code, output };
    },
    outside: (path) => join(folder.path, path.replace(/^\/usr\/local\//, "/local/")),
    [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose](),
  };
}
