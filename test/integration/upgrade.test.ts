// A program's life: released, installed by install.sh, upgraded from within, and removed again.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { link, mkdir, readdir, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { compile, TARGETS } from "../../scripts/compile.ts";
import { writeRelease } from "../../scripts/release.ts";
import {
  runProgram,
  temporaryFolder,
  type TemporaryFolder,
  waitUntil,
} from "../../scripts/services/service.ts";
import { openTerminal } from "../cli/pty.ts";
import {
  HOST_FILE,
  makeReleaseKey,
  openSite,
  type ReleaseKey,
  type Site,
  stalls,
  writeSmallRelease,
} from "../release/site.ts";

setDefaultTimeout(60_000);

const CTRL_C = "\u0003";
const ENTER = "\r";
const DOWN = "\u001B[B";

let key: ReleaseKey;
let site: Site;
let ground: TemporaryFolder;
/** Version 1.0.0 with the release key in it. */
let program: string;

beforeAll(async () => {
  key = makeReleaseKey();
  site = await openSite();
  ground = await temporaryFolder("installed");
  program = join(ground.path, "dbacked");
  await compile(program, { version: "1.0.0", releaseKey: key.publicKey });
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await ground[Symbol.asyncDispose]();
});

/** The program 1.0.0 in a folder of its own. */
async function newHost(): Promise<string> {
  const folder = join(ground.path, crypto.randomUUID());
  await mkdir(folder);
  await link(program, join(folder, "dbacked"));
  return join(folder, "dbacked");
}

interface Finished {
  code: number;
  out: string;
  err: string;
}

function environment(): Record<string, string> {
  const config = join(ground.path, "no-config.toml");
  return { PATH: process.env["PATH"] ?? "", DBACKED_DOWNLOAD_URL: site.url, DBACKED_CONFIG: config };
}

function start(argv: readonly string[]) {
  return Bun.spawn([...argv], { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: environment() });
}

async function run(...argv: readonly string[]): Promise<Finished> {
  const child = start(argv);
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, err };
}

async function versionOf(executable: string): Promise<string> {
  return (await runProgram([executable, "--version"])).trim();
}

test("a release is installed by its own install.sh, upgrades to the next one, and goes", async () => {
  const { folder } = site;
  const targets = TARGETS.filter((target) => HOST_FILE === `dbacked-${target}.gz`);
  const { privateKey } = key;
  await writeRelease({ folder, version: "2.0.0", targets, privateKey });
  expect((await readdir(folder)).toSorted()).toEqual(
    [HOST_FILE, "SHA256SUMS", "SHA256SUMS.sig", "install.sh", "v2.0.0"].toSorted(),
  );
  await runProgram(["sh", "-c", `cd ${folder} && sha256sum --check --strict SHA256SUMS`]);
  const packed = await Bun.file(join(folder, HOST_FILE)).bytes();
  expect([...packed.subarray(4, 8)]).toEqual([0, 0, 0, 0]);

  const executable = join(ground.path, "bin", "dbacked");
  const script = `curl -fsSL ${site.url}/install.sh | sh -s -- --dir ${join(executable, "..")}`;
  const installed = await run("sh", "-c", script);
  expect(installed).toMatchObject({ code: 0, out: expect.stringContaining("Installed dbacked 2.0.0") });
  expect(installed.err).not.toContain("signature");
  expect(await versionOf(executable)).toBe("2.0.0");
  const current = await run(executable, "upgrade");
  expect(current).toEqual({ code: 0, out: `${executable} is dbacked 2.0.0 already\n`, err: "" });

  await writeSmallRelease({ folder, version: "2.1.0", key });
  const upgraded = await run(executable, "upgrade");
  const out = `Replaced dbacked 2.0.0 in ${executable} by 2.1.0\n`;
  expect(upgraded).toEqual({ code: 0, out, err: "" });
  expect(await versionOf(executable)).toBe("2.1.0");

  const older = await newHost();
  expect(await run(older, "upgrade", "v2.0.0", "--json")).toEqual({
    code: 0,
    out: `${JSON.stringify({ executable: older, from: "1.0.0", to: "2.0.0", upgraded: true }, null, 2)}\n`,
    err: "",
  });
  expect(await run(older, "uninstall", "-y")).toMatchObject({
    code: 0,
    out: expect.stringContaining(`Removed ${older}\n`),
    err: expect.stringContaining("Nothing makes backups here any more"),
  });
  expect(await readdir(join(older, ".."))).toEqual([]);
});

test("upgrade --dry-run says what there is, and changes nothing", async () => {
  await writeSmallRelease({ folder: site.folder, version: "2.1.0", key });
  const executable = await newHost();
  const { code, out } = await run(executable, "upgrade", "--dry-run");
  expect({ code, out }).toEqual({
    code: 0,
    out: `Would replace dbacked 1.0.0 in ${executable} by 2.1.0 from ${site.url}/${HOST_FILE}\n`,
  });
  expect(await versionOf(executable)).toBe("1.0.0");
});

test("upgrade follows a link to the program", async () => {
  await writeSmallRelease({ folder: site.folder, version: "2.1.0", key });
  const executable = await newHost();
  const shortcut = join(ground.path, "shortcut");
  await symlink(executable, shortcut);
  expect((await run(shortcut, "upgrade")).code).toBe(0);
  expect(await versionOf(executable)).toBe("2.1.0");
  expect((await stat(executable)).mode & 0o777).toBe(0o755);
  expect(await Bun.file(shortcut).text()).toContain("echo 2.1.0");
});

test("upgrade refuses a wrong signature, and warns of a missing one", async () => {
  const executable = await newHost();
  await writeSmallRelease({ folder: site.folder, version: "2.1.0", key: makeReleaseKey() });
  expect(await run(executable, "upgrade")).toMatchObject({
    code: 8,
    err: expect.stringContaining("error: The signature of"),
  });
  expect(await versionOf(executable)).toBe("1.0.0");
  await writeSmallRelease({ folder: site.folder, version: "2.1.0", key: null });
  expect(await run(executable, "upgrade")).toMatchObject({
    code: 0,
    err: `dbacked: warning: the signature was not verified: there is no ${site.url}/SHA256SUMS.sig\n`,
  });
  expect(await versionOf(executable)).toBe("2.1.0");
});

test("upgrade --version is refused: it would print the version and change nothing", async () => {
  for (const args of [["--version", "2.0.0"], ["--version"]]) {
    const { code, err } = await run(await newHost(), "upgrade", ...args);
    expect(code).toBe(2);
    expect(err).toContain("hint: dbacked upgrade 1.2.3; or dbacked --version");
  }
});

test.each([
  ["SIGTERM", 143],
  ["SIGKILL", 137],
] as const)("upgrade leaves the old program when %s ends it in the middle", async (signal, expected) => {
  await writeSmallRelease({ folder: site.folder, version: "2.1.0", key });
  site.answers.set(`/${HOST_FILE}`, stalls);
  const executable = await newHost();
  site.asked.length = 0;
  const child = start([executable, "upgrade"]);
  await waitUntil(() => site.asked.includes(`/${HOST_FILE}`), { what: "the download" });
  child.kill(signal);
  expect(await child.exited).toBe(expected);
  site.answers.clear();
  expect(await versionOf(executable)).toBe("1.0.0");
  if (signal === "SIGTERM") expect(await readdir(join(executable, ".."))).toEqual(["dbacked"]);
});

test("upgrade on a full disk leaves the old program", async () => {
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("hex");
  await writeSmallRelease({ folder: site.folder, version: "2.1.0", key, script: `echo 2.1.0; : ${noise}` });
  const executable = await newHost();
  for (const blocks of ["4", "180"]) {
    const limited = `trap "" XFSZ; ulimit -f ${blocks}; exec "$0" upgrade`;
    const { code, err } = await run("sh", "-c", limited, executable);
    expect({ code, err }).toEqual({ code: 11, err: expect.stringContaining("error: Cannot write") });
    expect(await versionOf(executable)).toBe("1.0.0");
    expect(await readdir(join(executable, ".."))).toEqual(["dbacked"]);
  }
});

test("upgrade and uninstall refuse a program that is not the caller's to change", async () => {
  await writeSmallRelease({ folder: site.folder, version: "2.1.0", key });
  const executable = await newHost();
  const caller =
    process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  await runProgram(["chmod", "755", ground.path, join(executable, "..")]);
  if (caller.length === 0) await runProgram(["chmod", "555", join(executable, "..")]);
  for (const args of [["upgrade"], ["uninstall", "-y"]]) {
    expect(await run(...caller, executable, ...args)).toMatchObject({
      code: 11,
      err: expect.stringContaining("hint: run it as root, or as who owns the program"),
    });
    expect(await versionOf(executable)).toBe("1.0.0");
  }
});

test("uninstall asks, keeps the config, and removes it with --purge", async () => {
  const executable = await newHost();
  const config = join(ground.path, "config.toml");
  await Bun.write(config, "");
  const place = { cwd: ground.path, env: { DBACKED_CONFIG: config }, columns: 200 };
  expect(await run(executable, "uninstall")).toMatchObject({
    code: 2,
    err: expect.stringContaining("hint: use --yes"),
  });

  const left = openTerminal([executable, "uninstall"], place);
  await left.see(`Remove ${executable}?`);
  left.type(CTRL_C);
  expect((await left.ended).code).toBe(130);
  const refused = openTerminal([executable, "uninstall"], place);
  await refused.see(`Remove ${executable}?`);
  refused.type(ENTER);
  await refused.see("Nothing was removed.");
  expect((await refused.ended).code).toBe(0);
  expect(await versionOf(executable)).toBe("1.0.0");

  const purged = openTerminal([executable, "uninstall", "--purge"], place);
  await purged.see(`Remove ${executable} and ${config}?`);
  purged.type(DOWN + ENTER);
  await purged.see(`Removed ${config}`);
  expect((await purged.ended).code).toBe(0);
  expect(await Bun.file(executable).exists()).toBe(false);
  expect(await Bun.file(config).exists()).toBe(false);

  const another = await newHost();
  await Bun.write(config, "");
  expect((await run(another, "uninstall", "--yes", "--config", config)).code).toBe(0);
  expect(await Bun.file(config).exists()).toBe(true);
});
