import { chmod, chown, cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { requireProgram, runProgram, temporaryFolder } from "../../scripts/services/service.ts";
import { binary, type Finished } from "../integration/binary.ts";

const SCRIPT = fileURLToPath(import.meta.resolve("./cage.sh"));

/** The user of the image. */
const USER = 65_532;

const IS_ROOT = process.getuid?.() === 0;

/** Root becomes that user by setpriv; anybody else by a namespace of users. */
const NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child"].concat(
  IS_ROOT ? [] : ["--user", `--map-user=${USER}`, `--map-group=${USER}`, "--keep-caps"],
);

const IDS = IS_ROOT ? `--reuid=${USER} --regid=${USER} --clear-groups` : "";

/** A place like a container of the image: a read-only root with the program, its clients and their libraries. */
export interface Cage extends AsyncDisposable {
  /** Makes files that the container sees below `target` but may not write, as from a ConfigMap or a Secret. */
  mountFiles(target: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** Makes an empty folder that the container may write. @returns where it is outside */
  mountFolder(target: string): Promise<string>;
  /** Starts a program in it. The environment is `env` and PATH. */
  start(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<Caged>;
}

/** A container that runs. */
interface Caged {
  /** Sends a signal to the program itself, which is process 1 in there. */
  kill(signal: NodeJS.Signals): Promise<void>;
  finished: Promise<Omit<Finished, "output">>;
}

/** Makes a cage; `clients` are files of the host that the image would have from packages. */
export async function openCage(clients: readonly string[]): Promise<Cage> {
  const folder = await temporaryFolder("cage");
  await chmod(folder.path, 0o755);
  const root = join(folder.path, "root");
  const list = join(folder.path, "mounts");
  const mounts: string[] = [];
  for (const path of ["proc", "tmp", "dev", "usr/local/bin"])
    await mkdir(join(root, path), { recursive: true });
  for (const device of ["null", "zero", "random", "urandom"]) await writeFile(join(root, "dev", device), "");
  const { path } = await binary();
  await cp(path, join(root, "usr/local/bin/dbacked"));
  const setpriv = requireProgram("setpriv", "util-linux");
  for (const file of new Set([setpriv, ...clients])) await copyIn(root, file);
  for (const library of await librariesOf([path, setpriv, ...clients])) await copyIn(root, library);
  const addMount = async (mode: "ro" | "rw", target: string) => {
    const source = join(folder.path, `volume-${mounts.length}`);
    await mkdir(source);
    await mkdir(join(root, target), { recursive: true });
    mounts.push(`${mode} ${source} ${target}\n`);
    return source;
  };
  return {
    async mountFiles(target, files) {
      const source = await addMount("ro", target);
      for (const [name, content] of Object.entries(files)) {
        // As Kubernetes has it with fsGroup: root's, and readable for the group of the container.
        await writeFile(join(source, name), content, { mode: 0o440 });
        if (IS_ROOT) await chown(join(source, name), 0, USER);
      }
    },
    async mountFolder(target) {
      const source = await addMount("rw", target);
      await chmod(source, 0o700);
      if (IS_ROOT) await chown(source, USER, USER);
      return source;
    },
    async start(argv, env = {}) {
      await writeFile(list, mounts.join(""));
      return startIn([root, list], argv, env);
    },
    [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose](),
  };
}

function startIn(
  place: readonly string[],
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Caged {
  const child = Bun.spawn([...NAMESPACES, "sh", SCRIPT, ...place, IDS, ...argv], {
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...env },
    cwd: "/",
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const finish = async () => {
    const [stdout, stderr, exitCode] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    return { exitCode, stdout, stderr };
  };
  return {
    async kill(signal) {
      // The only child of unshare.
      const children = await Bun.file(`/proc/${child.pid}/task/${child.pid}/children`).text();
      process.kill(Number(children.trim()), signal);
    },
    finished: finish(),
  };
}

/** Copies a file, links resolved, to where it is on the host. */
async function copyIn(root: string, file: string): Promise<void> {
  const copy = join(root, file);
  await mkdir(dirname(copy), { recursive: true });
  await cp(file, copy, { dereference: true });
}

/** The shared libraries and the loader. */
async function librariesOf(programs: readonly string[]): Promise<Set<string>> {
  const listed = await runProgram(["ldd", ...programs]);
  return new Set([...listed.matchAll(/(\/\S+) \(0x/g)].flatMap(([, file]) => file ?? []));
}
