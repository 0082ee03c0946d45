// What whoever installs the program relies on: it is one file, anybody can build the same one, and it needs nothing else.
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { version } from "../../package.json";
import { compile } from "../../scripts/compile.ts";
import { runProgram, temporaryFolder } from "../../scripts/services/service.ts";
import { binary } from "./binary.ts";

setDefaultTimeout(60_000);

test("two builds are the same, byte for byte", async () => {
  await using folder = await temporaryFolder("builds");
  const hashes: string[] = [];
  for (const name of ["one", "two"]) {
    const file = join(folder.path, name, "dbacked");
    await mkdir(dirname(file));
    await compile(file);
    hashes.push(new Bun.CryptoHasher("sha256").update(await Bun.file(file).bytes()).digest("hex"));
  }
  expect(hashes[1]).toBe(hashes[0] ?? "");
});

const UNSHARE = ["unshare", "--mount", "--pid", "--fork"];

interface Bare extends AsyncDisposable {
  run(...args: readonly string[]): Promise<{ exitCode: number; stdout: string; stderr: string }>;
}

/**
 * A place with nothing but the program and the libraries of C that it is linked with. Only root may change its root,
 * and not in every container; anybody else gets an empty folder and an empty environment instead, which still shows that no
 * file beside the program is needed.
 */
async function openBare(): Promise<Bare> {
  const folder = await temporaryFolder("bare");
  const { path } = await binary();
  const isCaged = process.getuid?.() === 0 && Bun.spawnSync([...UNSHARE, "true"]).success;
  const program = join(folder.path, "dbacked");
  await copyFile(path, program);
  if (isCaged) {
    for (const library of await librariesOf(path)) {
      await mkdir(join(folder.path, dirname(library)), { recursive: true });
      await copyFile(library, join(folder.path, library));
    }
    await mkdir(join(folder.path, "proc"));
  }
  // The mount is in a namespace of its own, and goes with its last process.
  const enter = `mount -t proc proc "$0/proc" && exec chroot "$0" /dbacked "$@"`;
  const prefix = isCaged ? [...UNSHARE, "sh", "-c", enter, folder.path] : ["env", "-i", program];
  return {
    async run(...args) {
      const child = Bun.spawn([...prefix, ...args], {
        cwd: folder.path,
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr, exitCode] = await Promise.all([
        child.stdout.text(),
        child.stderr.text(),
        child.exited,
      ]);
      return { exitCode, stdout, stderr };
    },
    [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose](),
  };
}

/** The shared libraries and the loader. */
async function librariesOf(program: string): Promise<string[]> {
  const listed = await runProgram(["ldd", program]);
  return [...listed.matchAll(/(\/\S+) \(0x/g)].flatMap(([, file]) => file ?? []);
}

test("the program is linked with the libraries of C only", async () => {
  const { path } = await binary();
  const names = (await librariesOf(path)).map((file) => basename(file).replace(/[-.].*/, ""));
  expect(names.toSorted()).toEqual(["ld", "libc", "libdl", "libm", "libpthread"]);
});

test("the program starts where there is nothing else", async () => {
  await using bare = await openBare();
  expect(await bare.run("--version")).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
  const help = await bare.run("--help");
  expect(help).toEqual({ exitCode: 0, stdout: expect.stringContaining("Usage: dbacked"), stderr: "" });
  // This much needs all of the program's own parts.
  const made = await bare.run("keygen", "--out", "keys", "--no-passphrase", "--json");
  expect(made).toEqual({
    exitCode: 0,
    stdout: expect.stringContaining("fingerprint"),
    stderr: expect.any(String),
  });
});

test("--version works with stdin and stderr closed", async () => {
  const { path } = await binary();
  const printed = await runProgram(["sh", "-c", '"$0" --version <&- 2>&-', path]);
  expect(printed).toBe(`${version}\n`);
});

test("--version loads nothing of the command line", async () => {
  const main = join(import.meta.dir, "../../src/main.ts");
  const { imports } = new Bun.Transpiler({ loader: "ts" }).scan(await Bun.file(main).text());
  const atOnce = imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => path);
  expect(atOnce).toEqual(["../package.json"]);
});
