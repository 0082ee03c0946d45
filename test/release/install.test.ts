// install.sh as users run it: from a pipe or a file, by several shells, against servers that are well and that are not.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, chown, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { TARGETS } from "../../scripts/compile.ts";
import { printInstaller } from "../../scripts/release.ts";
import {
  runProgram,
  temporaryFolder,
  type TemporaryFolder,
  waitUntil,
} from "../../scripts/services/service.ts";
import {
  HOST_FILE,
  makeReleaseKey,
  openSite,
  type ReleaseKey,
  type Site,
  stalls,
  writeBusyboxToolbox,
  writeScript,
  writeSmallRelease,
  writeToolbox,
} from "./site.ts";

setDefaultTimeout(20_000);

const SUMS = "SHA256SUMS";
const DEFAULT_URL = "https://dbacked.com/download";
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

let key: ReleaseKey;
let site: Site;
let ground: TemporaryFolder;
let toolbox: string;

beforeAll(async () => {
  key = makeReleaseKey();
  site = await openSite();
  ground = await temporaryFolder("install");
  await chmod(ground.path, 0o755);
  toolbox = await writeToolbox(join(ground.path, "tools"), ["curl", "openssl"]);
  await writeSmallRelease({ folder: site.folder, version: "1.2.3", key });
  await writeSmallRelease({ folder: join(site.folder, "v1.0.0"), version: "1.0.0", key });
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await ground[Symbol.asyncDispose]();
});

interface Run {
  args?: readonly string[];
  /** @default the site */
  url?: string;
  /** PATH. @default the toolbox with curl and openssl */
  path?: string;
  shell?: readonly string[];
  /** Words before the shell. */
  prefix?: readonly string[];
  /** Changes the script. */
  edit?: (script: string) => string;
  /** @default one that is not used */
  home?: string;
}

interface Installed {
  code: number;
  out: string;
  err: string;
}

/** An empty folder to install to. */
async function newFolder(): Promise<string> {
  const path = join(ground.path, crypto.randomUUID());
  await mkdir(path);
  return path;
}

async function start(run: Run) {
  const { args = [], url = site.url, path = toolbox, shell = ["sh"], prefix = [], edit = String } = run;
  const script = join(await newFolder(), "install.sh");
  await Bun.write(script, edit(await printInstaller(key.publicKey)));
  return Bun.spawn([...prefix, ...shell, script, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
    cwd: ground.path,
    env: { PATH: path, HOME: run.home ?? "/nonexistent", DBACKED_DOWNLOAD_URL: url },
  });
}

async function install(run: Run): Promise<Installed> {
  const child = await start(run);
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, err };
}

/** Installs into a folder where a program is already, and tells what is there afterwards. */
async function reinstall(run: Run): Promise<Installed & { version: string; files: string[] }> {
  const dir = await newFolder();
  await writeScript(join(dir, "dbacked"), "echo old");
  const installed = await install({ ...run, args: ["--dir", dir, ...(run.args ?? [])] });
  const version = (await runProgram([join(dir, "dbacked"), "--version"])).trim();
  return { ...installed, version, files: await readdir(dir) };
}

/** Has the script take the site for the usual place. */
function asDefault(script: string): string {
  return script
    .replace(DEFAULT_URL, site.url)
    .replace(`\nDEFAULT_URL=${DEFAULT_URL}\n`, `\nDEFAULT_URL=${site.url}\n`);
}

/** A site of its own with a release in it. */
async function otherSite(version = "1.2.3", signedBy: ReleaseKey | null = key): Promise<Site> {
  const other = await openSite();
  await writeSmallRelease({ folder: other.folder, version, key: signedBy });
  return other;
}

test("install.sh is clean in the eyes of shellcheck", async () => {
  await runProgram(["shellcheck", join(import.meta.dir, "../../install.sh")]);
});

test("install.sh and dbacked upgrade look at the same place", async () => {
  const place = await Bun.file(join(import.meta.dir, "../../src/release/place.ts")).text();
  expect(place).toContain(`"${DEFAULT_URL}"`);
  expect(await printInstaller("")).toContain(`\nDEFAULT_URL=${DEFAULT_URL}\n`);
});

test.each([
  ["dash", ["dash"], ["curl", "openssl"]],
  ["dash", ["dash"], ["wget", "openssl"]],
  ["bash", ["bash"], ["curl", "openssl"]],
  ["busybox", ["busybox", "sh"], ["busybox", "curl", "openssl"]],
])("install.sh installs the newest version (%s %j %j)", async (_name, shell, tools) => {
  const path = await writeToolbox(
    join(ground.path, crypto.randomUUID()),
    [...tools, shell[0] ?? ""].filter((name, at, all) => all.indexOf(name) === at && name !== "sh"),
  );
  const { code, out, err, version, files } = await reinstall({ path, shell });
  expect({ code, err: err.replace(/^dbacked: warning: .* is not in PATH\n/, "") }).toEqual({
    code: 0,
    err: "",
  });
  expect(out).toContain("Installed dbacked 1.2.3");
  expect({ version, files }).toEqual({ version: "1.2.3", files: ["dbacked"] });
});

test("install.sh needs nothing but BusyBox where no signature is asked for", async () => {
  const path = await writeBusyboxToolbox(join(ground.path, "busybox"));
  const { code, err, version, files } = await reinstall({ path });
  expect({ code, version, files }).toEqual({ code: 0, version: "1.2.3", files: ["dbacked"] });
  expect(err).toContain("warning: the signature was not verified: there is no openssl");
});

test("install.sh installs the version that is named, into a new folder", async () => {
  const dir = join(await newFolder(), "new", "bin");
  const { code } = await install({ args: ["--version", "v1.0.0", `--dir=${dir}`] });
  expect(code).toBe(0);
  expect(await runProgram([join(dir, "dbacked"), "--version"])).toBe("1.0.0\n");
  expect((await stat(join(dir, "dbacked"))).mode & 0o7777).toBe(0o755);
});

test("install.sh refuses a version under whose name another one is served", async () => {
  await using other = await otherSite();
  await writeSmallRelease({ folder: join(other.folder, "v2.0.0"), version: "1.2.3", key });
  const { code, err, version } = await reinstall({ url: other.url, args: ["--version", "2.0.0"] });
  expect({ code, version }).toEqual({ code: 1, version: "old" });
  expect(err).toContain("holds another version, 1.2.3");
});

test("install.sh --dry-run changes nothing", async () => {
  const dir = join(await newFolder(), "not-there");
  const { code, out } = await install({ args: ["--dry-run", "--dir", dir] });
  expect({ code, out }).toEqual({
    code: 0,
    out: `Would install dbacked 1.2.3 from ${site.url}/${HOST_FILE} as ${dir}/dbacked\n`,
  });
  expect(await Bun.file(dir).exists()).toBe(false);
  expect(site.asked.filter((path) => path.includes("not-there"))).toEqual([]);
});

test.each([
  [["--frobnicate"], "unknown option --frobnicate"],
  [["--dir"], "--dir needs a value"],
  [["--version", "../1.0.0"], "../1.0.0 is no version"],
  [["--version", "1.0.0/.."], "1.0.0/.. is no version"],
  [["--dir=~/bin"], "begins with a tilde"],
])("install.sh refuses %j", async (args, message) => {
  const { code, err } = await install({ args });
  expect(code).toBe(2);
  expect(err).toContain(message);
});

test.each([
  ["ftp://example.com", "must begin with https:// or http://"],
  ["file:///srv", "must begin with https:// or http://"],
  ["https://me:secret@example.com/x", "may not hold a name or password"],
])("install.sh refuses the address %s", async (url, message) => {
  const { code, err } = await install({ url });
  expect(code).toBe(1);
  expect(err).toContain(message);
});

test("install.sh installs into ~/.local/bin for who may write nowhere else", async () => {
  const home = await newFolder();
  if (isRoot) await chown(home, NOBODY, NOBODY);
  const prefix = isRoot
    ? [Bun.which("setpriv") ?? "", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"]
    : [];
  const { code, out } = await install({ prefix, home, shell: [Bun.which("sh") ?? ""] });
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringContaining(`Installed dbacked 1.2.3 as ${home}/.local/bin/dbacked`),
  });
  const elsewhere = await newFolder();
  if (!isRoot) await chmod(elsewhere, 0o555);
  const refused = await install({ prefix, shell: [Bun.which("sh") ?? ""], args: ["--dir", elsewhere] });
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("hint: run this as root, or choose another folder: --dir DIR");
  expect(await readdir(elsewhere)).toEqual([]);
});

test("install.sh installs into /usr/local/bin as root", async () => {
  const id = join(await writeToolbox(join(ground.path, "as-root"), ["curl", "openssl"]), "id");
  await Bun.file(id).delete();
  await writeScript(id, "echo 0");
  const { out } = await install({ args: ["--dry-run"], path: join(id, "..") });
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
  const path = await writeToolbox(join(ground.path, crypto.randomUUID()), ["curl", "openssl"]);
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
  await writeSmallRelease({ folder: other.folder, version: "1.2.3", key, files });
  const path = await pretend(machine);
  const { code, out, err } = await install({ url: other.url, path, args: ["--dry-run", "--dir", "/x"] });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain(`/dbacked-${target}.gz as /x/dbacked`);
});

test.each<[string, Machine]>([
  ["no dbacked for this CPU: riscv64", { machine: "riscv64" }],
  ["no dbacked for FreeBSD", { system: "FreeBSD", machine: "amd64" }],
  ["no dbacked for systems of 32 bits", { bits: "32" }],
])("install.sh says that there is %s", async (message, machine) => {
  const { code, err } = await install({ path: await pretend(machine), args: ["--dry-run"] });
  expect(code).toBe(1);
  expect(err).toContain(message);
});

test.each(["curl", "wget"])(
  "install.sh leaves the old program when things go wrong (%s)",
  async (fetcher) => {
    const path = await writeToolbox(join(ground.path, `wrong-${fetcher}`), [fetcher, "openssl"]);
    await using other = await otherSite();
    const cases: [string, () => Response, string][] = [
      [`/${HOST_FILE}`, () => new Response("something else"), "has another checksum than SHA256SUMS says"],
      [`/${HOST_FILE}`, () => new Response(null, { status: 404 }), `there is no ${other.url}/${HOST_FILE}`],
      [`/${HOST_FILE}`, () => new Response(null, { status: 403 }), "cannot download"],
      [`/${SUMS}`, () => new Response(null, { status: 404 }), `there is no ${other.url}/SHA256SUMS`],
      [`/${SUMS}.sig`, () => new Response("0E nonsense"), "is wrong: nothing from there can be trusted"],
      [`/${SUMS}.sig`, () => new Response(""), "is wrong: nothing from there can be trusted"],
      [`/${SUMS}.sig`, () => new Response(null, { status: 500 }), "cannot download"],
    ];
    for (const [name, answer, message] of cases) {
      other.answers.clear();
      other.answers.set(name, answer);
      const { code, err, version, files } = await reinstall({ url: other.url, path });
      expect({ code, err, version, files }).toEqual({
        code: 1,
        err: expect.stringContaining(message),
        version: "old",
        files: ["dbacked"],
      });
    }
  },
  60_000,
);

test.each(["curl", "wget"])(
  "install.sh leaves the old program when the server goes away (%s)",
  async (fetcher) => {
    const path = await writeToolbox(join(ground.path, `cut-${fetcher}`), [fetcher, "openssl"]);
    const other = await otherSite();
    other.answers.set(`/${HOST_FILE}`, stalls);
    const installing = reinstall({ url: other.url, path });
    await waitUntil(() => other.asked.includes(`/${HOST_FILE}`), { what: "the download" });
    await other[Symbol.asyncDispose]();
    const { code, err, version, files } = await installing;
    expect({ code, version, files }).toEqual({ code: 1, version: "old", files: ["dbacked"] });
    expect(err).toContain(`cannot download ${other.url}/${HOST_FILE}: `);
  },
);

test("install.sh says that nobody answers", async () => {
  const { code, err } = await reinstall({ url: "http://127.0.0.1:1" });
  expect(code).toBe(1);
  expect(err).toContain("cannot download http://127.0.0.1:1/SHA256SUMS: curl: (7)");
});

test("install.sh refuses a list that is none", async () => {
  await using other = await otherSite();
  other.answers.set(`/${SUMS}`, () => new Response("<html>\n# welcome\u001B[2J\n</html>\n"));
  const { code, err, version } = await reinstall({ url: other.url, args: ["--no-signature"] });
  expect({ code, version }).toEqual({ code: 1, version: "old" });
  expect(err).toContain("SHA256SUMS is no list of a release of dbacked");
  expect(err).not.toContain("\u001B");
});

test("install.sh refuses sums that others signed, and sums that were changed", async () => {
  await using forged = await otherSite("1.2.3", makeReleaseKey());
  await using changed = await otherSite();
  const list = await Bun.file(join(changed.folder, SUMS)).text();
  await Bun.write(join(changed.folder, SUMS), list.replace("1.2.3", "1.2.4"));
  for (const { url } of [forged, changed]) {
    const { code, err, version } = await reinstall({ url });
    expect({ code, version }).toEqual({ code: 1, version: "old" });
    expect(err).toContain(`the signature of ${url}/SHA256SUMS is wrong`);
  }
});

test("install.sh takes no program that does not start, or is another", async () => {
  await using other = await openSite();
  for (const [script, message] of [
    ["echo Illegal instruction >&2; exit 132", "does not start here: Illegal instruction"],
    ["echo 6.6.6", "says that it is 6.6.6, not 1.2.3"],
  ] as const) {
    await writeSmallRelease({ folder: other.folder, version: "1.2.3", key, script });
    const { code, err, version, files } = await reinstall({ url: other.url });
    expect({ code, version, files }).toEqual({ code: 1, version: "old", files: ["dbacked"] });
    expect(err).toContain(message);
  }
});

test("a missing signature is a warning elsewhere, and an error at the usual place unless --no-signature", async () => {
  await using other = await otherSite("1.2.3", null);
  const usual = (script: string) => asDefault(script).replaceAll(site.url, other.url);
  const elsewhere = await reinstall({ url: other.url });
  expect(elsewhere).toMatchObject({ code: 0, version: "1.2.3" });
  expect(elsewhere.err).toContain("warning: the signature was not verified: there is no");
  const refused = await reinstall({ url: other.url, edit: usual });
  expect(refused).toMatchObject({ code: 1, version: "old", files: ["dbacked"] });
  expect(refused.err).toContain("error: the signature cannot be verified: there is no");
  expect(refused.err).toContain("--no-signature");
  const forced = await reinstall({ url: other.url, edit: usual, args: ["--no-signature"] });
  expect(forced).toMatchObject({ code: 0, version: "1.2.3" });
});

test("without openssl, or without a key, the signature counts as missing", async () => {
  const path = await writeToolbox(join(ground.path, "no-openssl"), ["curl"]);
  const keyless = (script: string) => script.replace(/\nRELEASE_KEY='[^']*'/, "\nRELEASE_KEY=''");
  for (const [run, why] of [
    [{ path }, "there is no openssl on this machine"],
    [{ edit: keyless }, "this install.sh holds no release key"],
  ] as const) {
    const elsewhere = await reinstall(run);
    expect(elsewhere).toMatchObject({ code: 0, version: "1.2.3" });
    expect(elsewhere.err).toContain(`warning: the signature was not verified: ${why}`);
    const edit = (script: string) => asDefault("edit" in run ? run.edit(script) : script);
    const usual = await reinstall({ ...run, edit });
    expect(usual).toMatchObject({ code: 1, version: "old" });
    expect(usual.err).toContain(`error: the signature cannot be verified: ${why}`);
  }
});

test("install.sh on a full disk leaves the old program", async () => {
  await using other = await openSite();
  // Larger than what may be written, packed and unpacked.
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("hex");
  await writeSmallRelease({ folder: other.folder, version: "1.2.3", key, script: `echo 1.2.3; : ${noise}` });
  for (const blocks of ["4", "180"]) {
    // A write beyond the limit fails, as on a full disk, where the signal is ignored.
    const prefix = ["sh", "-c", `trap "" XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`];
    const { code, err, version, files } = await reinstall({ url: other.url, prefix });
    expect({ code, err, version, files }).toEqual({
      code: 1,
      err: expect.stringMatching(/cannot download|cannot unpack/),
      version: "old",
      files: ["dbacked"],
    });
  }
});

test.each([
  ["SIGTERM", 143],
  ["SIGKILL", 137],
] as const)("install.sh leaves the old program when %s ends it in the middle", async (signal, expected) => {
  await using other = await otherSite();
  other.answers.set(`/${HOST_FILE}`, () => stalls());
  const dir = await newFolder();
  await writeScript(join(dir, "dbacked"), "echo old");
  const child = await start({ url: other.url, args: ["--dir", dir] });
  await waitUntil(() => other.asked.includes(`/${HOST_FILE}`), { what: "the download" });
  process.kill(-child.pid, signal);
  expect(await child.exited).toBe(expected);
  expect(await runProgram([join(dir, "dbacked"), "--version"])).toBe("old\n");
  const left = await readdir(dir);
  if (signal === "SIGTERM") expect(left).toEqual(["dbacked"]);
  // The next one but a day later sweeps.
  const stage = left.find((name) => name.startsWith(".dbacked-install."));
  if (stage !== undefined) await runProgram(["touch", "-d", "3 days ago", join(dir, stage)]);
  expect((await install({ args: ["--dir", dir] })).code).toBe(0);
  expect(await readdir(dir)).toEqual(["dbacked"]);
});

test("install.sh replaces no folder", async () => {
  const dir = await newFolder();
  await mkdir(join(dir, "dbacked"));
  const { code, err } = await install({ args: ["--dir", dir] });
  expect(code).toBe(1);
  expect(err).toContain(`${dir}/dbacked is a folder`);
  expect(await readdir(join(dir, "dbacked"))).toEqual([]);
});

test("install.sh says which dbacked comes first in PATH", async () => {
  const path = await writeToolbox(join(ground.path, "shadowed"), ["curl", "openssl"]);
  await writeScript(join(path, "dbacked"), "echo shadow");
  const { err } = await reinstall({ path });
  expect(err).toContain(`\`dbacked\` still means ${path}/dbacked`);
});

test("a part of install.sh does nothing, wherever it was cut", async () => {
  const script = await printInstaller(key.publicKey);
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
