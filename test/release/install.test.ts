// install.sh as users run it: by several shells, with curl and wget, as root or not, on all kinds of machines.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, chown, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { TARGETS } from "../../scripts/compile.ts";
import { printInstaller } from "../../scripts/release.ts";
import { runProgram } from "../../scripts/services/service.ts";
import { Ground } from "./ground.ts";
import { HOST_FILE, openSite, writeBusyboxToolbox, writeScript, writeSmallRelease } from "./site.ts";

setDefaultTimeout(20_000);

const DEFAULT_URL = "https://dbacked.com/download";
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let ground: Ground;

beforeAll(async () => {
  ground = await Ground.prepare();
});

afterAll(async () => {
  await ground[Symbol.asyncDispose]();
});

test("install.sh is clean in the eyes of shellcheck", async () => {
  await runProgram(["shellcheck", join(import.meta.dir, "../../install.sh")]);
});

test("install.sh and dbacked upgrade look at the same place", async () => {
  const place = await Bun.file(join(import.meta.dir, "../../src/release/place.ts")).text();
  expect(place).toContain(`"${DEFAULT_URL}"`);
  expect(await printInstaller("")).toContain(`\nDEFAULT_URL=${DEFAULT_URL}\n`);
});

test.each([
  [["dash"], ["dash", "curl"]],
  [["dash"], ["dash", "wget"]],
  [["bash"], ["bash", "curl"]],
  [
    ["busybox", "sh"],
    ["busybox", "curl"],
  ],
])("install.sh installs the newest version by %j, given %j", async (shell, tools) => {
  const path = await ground.newToolbox("openssl", ...tools);
  const { code, out, err, version, files } = await ground.reinstall({ path, shell });
  expect({ code, err: err.replace(/^dbacked: warning: .* is not in PATH\n/, "") }).toEqual({
    code: 0,
    err: "",
  });
  expect(out).toContain("Installed dbacked 1.2.3");
  expect({ version, files }).toEqual({ version: "1.2.3", files: ["dbacked"] });
});

test("install.sh needs nothing but BusyBox where no signature is asked for", async () => {
  const path = await writeBusyboxToolbox(join(ground.path, "busybox"));
  const { code, err, version, files } = await ground.reinstall({ path });
  expect({ code, version, files }).toEqual({ code: 0, version: "1.2.3", files: ["dbacked"] });
  expect(err).toContain("warning: the signature was not verified: there is no openssl");
});

test("install.sh installs the version that is named, into a new folder", async () => {
  const dir = join(await ground.newFolder(), "new", "bin");
  const { code } = await ground.install({ args: ["--version", "v1.0.0", `--dir=${dir}`] });
  expect(code).toBe(0);
  expect(await runProgram([join(dir, "dbacked"), "--version"])).toBe("1.0.0\n");
  expect((await stat(join(dir, "dbacked"))).mode & 0o7777).toBe(0o755);
});

test("install.sh --dry-run changes nothing", async () => {
  const dir = join(await ground.newFolder(), "not-there");
  const { code, out } = await ground.install({ args: ["--dry-run", "--dir", dir] });
  expect({ code, out }).toEqual({
    code: 0,
    out: `Would install dbacked 1.2.3 from ${ground.site.url}/${HOST_FILE} as ${dir}/dbacked\n`,
  });
  expect(await Bun.file(dir).exists()).toBe(false);
  expect(ground.site.asked.filter((path) => path.includes("not-there"))).toEqual([]);
});

test.each([
  [["--frobnicate"], "unknown option --frobnicate"],
  [["--dir"], "--dir needs a value"],
  [["--version", "../1.0.0"], "../1.0.0 is no version"],
  [["--version", "1.0.0/.."], "1.0.0/.. is no version"],
  [["--dir=~/bin"], "begins with a tilde"],
])("install.sh refuses %j", async (args, message) => {
  const { code, err } = await ground.install({ args });
  expect(code).toBe(2);
  expect(err).toContain(message);
});

test.each([
  ["ftp://example.com", "must begin with https:// or http://"],
  ["file:///srv", "must begin with https:// or http://"],
  ["https://me:secret@example.com/x", "may not hold a name or password"],
])("install.sh refuses the address %s", async (url, message) => {
  const { code, err } = await ground.install({ url });
  expect(code).toBe(1);
  expect(err).toContain(message);
});

test("install.sh installs into ~/.local/bin for who may write nowhere else", async () => {
  const home = await ground.newFolder();
  if (isRoot) await chown(home, NOBODY, NOBODY);
  const prefix = isRoot
    ? [Bun.which("setpriv") ?? "", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"]
    : [];
  const { code, out } = await ground.install({ prefix, home, shell: [Bun.which("sh") ?? ""] });
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringContaining(`Installed dbacked 1.2.3 as ${home}/.local/bin/dbacked`),
  });
  const elsewhere = await ground.newFolder();
  if (!isRoot) await chmod(elsewhere, 0o555);
  const refused = await ground.install({
    prefix,
    shell: [Bun.which("sh") ?? ""],
    args: ["--dir", elsewhere],
  });
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("hint: run this as root, or choose another folder: --dir DIR");
  expect(await readdir(elsewhere)).toEqual([]);
});

test("install.sh installs into /usr/local/bin as root", async () => {
  const id = join(await ground.newToolbox("curl", "openssl"), "id");
  await Bun.file(id).delete();
  await writeScript(id, "echo 0");
  const { out } = await ground.install({ args: ["--dry-run"], path: join(id, "..") });
  expect(out).toContain("as /usr/local/bin/dbacked");
});

interface Machine {
  system?: string;
  machine?: string;
  flags?: string;
  /** What `ldd --version` says where getconf knows of no glibc. */
  ldd?: string;
  bits?: string;
}

/** A machine as install.sh sees it. */
async function pretend({
  system = "Linux",
  machine = "x86_64",
  flags = "fpu avx avx2 bmi2",
  ldd,
  bits = "64",
}: Machine) {
  const path = await ground.newToolbox("curl", "openssl");
  const stubs: Record<string, string> = {
    uname: `case $1 in -s) echo ${system} ;; -m) echo ${machine} ;; esac`,
    getconf: `case $1 in LONG_BIT) echo ${bits} ;; *) ${ldd === undefined ? "echo glibc 2.36" : "exit 1"} ;; esac`,
    ldd: `echo "${ldd ?? ""}" >&2; exit 1`,
    grep: `case $* in */proc/cpuinfo) printf 'flags\\t\\t: ${flags}\\n' | ${Bun.which("grep")} "$1" "$2" ;; *) exec ${Bun.which("grep")} "$@" ;; esac`,
  };
  for (const [name, script] of Object.entries(stubs)) {
    await Bun.file(join(path, name)).delete();
    await writeScript(join(path, name), script);
  }
  return path;
}

const MUSL = "musl libc (x86_64) Version 1.2.5";

test.each<[string, Machine]>([
  ["linux-x64", {}],
  ["linux-x64-baseline", { flags: "fpu avx avx2x bmi2" }],
  ["linux-x64-baseline", { flags: "fpu avx" }],
  ["linux-arm64", { machine: "aarch64", flags: "fp asimd" }],
  ["linux-x64-musl", { ldd: MUSL }],
  ["linux-x64-baseline-musl", { ldd: MUSL, flags: "fpu" }],
  ["linux-arm64-musl", { ldd: MUSL, machine: "arm64" }],
  ["darwin-x64", { system: "Darwin" }],
  ["darwin-arm64", { system: "Darwin", machine: "arm64" }],
])("install.sh chooses %s for %j", async (target, machine) => {
  await using other = await openSite();
  const files = TARGETS.map((each) => `dbacked-${each}.gz`);
  await writeSmallRelease({ folder: other.folder, version: "1.2.3", key: ground.key, files });
  const path = await pretend(machine);
  const { code, out, err } = await ground.install({
    url: other.url,
    path,
    args: ["--dry-run", "--dir", "/x"],
  });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain(`/dbacked-${target}.gz as /x/dbacked`);
});

test.each<[string, Machine]>([
  ["no dbacked for this CPU: riscv64", { machine: "riscv64" }],
  ["no dbacked for FreeBSD", { system: "FreeBSD", machine: "amd64" }],
  ["no dbacked for systems of 32 bits", { bits: "32" }],
])("install.sh says that there is %s", async (message, machine) => {
  const { code, err } = await ground.install({ path: await pretend(machine), args: ["--dry-run"] });
  expect(code).toBe(1);
  expect(err).toContain(message);
});

test("install.sh says which dbacked comes first in PATH", async () => {
  const path = await ground.newToolbox("curl", "openssl");
  await writeScript(join(path, "dbacked"), "echo shadow");
  const { err } = await ground.reinstall({ path });
  expect(err).toContain(`\`dbacked\` still means ${path}/dbacked`);
});

test("a part of install.sh does nothing, wherever it was cut", async () => {
  const script = await printInstaller(ground.key.publicKey);
  const last = script.length - 40;
  const cuts = [...Array(40).keys()].map((at) => Math.floor((at * last) / 40));
  for (let at = last; at < script.trimEnd().length; at++) cuts.push(at);
  // Without PATH everything that is tried fails, and says so.
  for (const at of cuts) {
    const child = Bun.spawn(["/bin/sh", "-s", "--", "--help"], {
      stdin: Buffer.from(script.slice(0, at)),
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: "/nonexistent" },
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    const complaints = err
      .split("\n")
      .filter((line) => line !== "" && !/Syntax error|Unterminated/.test(line));
    expect({ at, out, complaints }).toEqual({ at, out: "", complaints: [] });
  }
});
