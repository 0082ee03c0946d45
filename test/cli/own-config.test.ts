// The config of a user who is not root: where `init` writes it, every later command finds it.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, copyFile, exists, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runProgram, type TemporaryFolder, temporaryFolder } from "../../scripts/services/service.ts";
import { binary, type Finished, run } from "../integration/binary.ts";
import { sharedKeys } from "../integration/workspace.ts";

const TIMEOUT_MS = 60_000;
const USER = 65_534;
const IS_ROOT = process.getuid?.() === 0;

let root: TemporaryFolder;
let home: string;

beforeAll(async () => {
  root = await temporaryFolder("own");
  home = join(root.path, "home");
  await mkdir(home);
  const [source, key] = [join(home, "app.db"), join(home, "key.pem")];
  using database = new Database(source);
  database.run("CREATE TABLE customers (id INTEGER PRIMARY KEY)");
  await copyFile((await sharedKeys()).publicKey, key);
  await chmod(root.path, 0o755);
  await chmod(dirname((await binary()).path), 0o755);
}, TIMEOUT_MS);

afterAll(async () => {
  await root[Symbol.asyncDispose]();
});

/** Runs the program as another user than root. */
async function runHere(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  const prefix = IS_ROOT ? ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"] : [];
  return await run(args, { cwd: home, prefix, env: { XDG_STATE_HOME: join(home, "state"), ...env } });
}

test.each([
  ["his home", (): Record<string, string> => ({ HOME: home }), ".config/dbacked/config.toml"],
  [
    "XDG_CONFIG_HOME",
    (): Record<string, string> => ({ HOME: "/", XDG_CONFIG_HOME: join(home, "etc") }),
    "etc/dbacked/config.toml",
  ],
])(
  "what init writes for a user who is not root is found by itself, in %s",
  async (_where, environment, path) => {
    const env = environment();
    const store = join(home, dirname(path), "store");
    const source = `sqlite://${home}/app.db`;
    await mkdir(store, { recursive: true });
    if (IS_ROOT) await runProgram(["chown", "-R", `${USER}:${USER}`, home]);
    const options = ["--db-connection-string", source, "--store-path", store, "--public-key", "key.pem"];
    const made = await runHere(["init", "-y", ...options], env);
    expect({ code: made.exitCode, stderr: made.stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    expect(made.stderr).toContain(`The config is ${join(home, path)}.`);
    expect(made.stderr).toMatch(/dbacked list$/m);
    expect(await exists(join(home, path))).toBe(true);
    const listed = await runHere(["list", "--json"], env);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ database: "app.db" }]);
    const again = await runHere(["init", "-y", ...options], env);
    expect(again.exitCode).toBe(3);
    expect(again.stderr).toContain(`${join(home, path)} is there already`);
  },
  TIMEOUT_MS,
);

test(
  "the config of another user's home is not looked for",
  async () => {
    const closed = join(root.path, "closed");
    await mkdir(closed, { mode: 0o000 });
    const { exitCode, stderr } = await runHere(["list"], { HOME: closed });
    expect(exitCode).toBe(3);
    expect(stderr).toContain("There is no configuration");
    await chmod(closed, 0o700);
  },
  TIMEOUT_MS,
);

test(
  "what init would write for a user without a home takes root",
  async () => {
    const { exitCode, stderr } = await runHere(
      ["init", "-y", "--db-connection-string", `sqlite://${home}/app.db`, "--store-path", home],
      {},
    );
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/\/etc\/dbacked\/config\.toml cannot be written/),
    });
  },
  TIMEOUT_MS,
);

test(
  "uninstall --purge removes a user's own config, lists what it keeps, and looks no further",
  async () => {
    const [bin, etc] = [join(home, "bin"), join(home, ".config", "dbacked")];
    await Bun.$`mkdir -p ${bin} ${etc}`.quiet();
    await copyFile((await binary()).path, join(bin, "dbacked"));
    for (const name of ["config.toml", "signer.pem"]) await Bun.write(join(etc, name), "");
    if (IS_ROOT) await runProgram(["chown", "-R", `${USER}:${USER}`, home]);
    const prefix = IS_ROOT ? ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"] : [];
    const child = Bun.spawn([...prefix, join(bin, "dbacked"), "uninstall", "-y", "--purge", "--json"], {
      cwd: home,
      env: { HOME: home, PATH: process.env["PATH"] ?? "" },
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect({ code: await child.exited, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    const { removed, kept } = JSON.parse(stdout) as { removed: string[]; kept: string[] };
    expect(removed).toEqual([join(bin, "dbacked"), join(etc, "config.toml")]);
    expect(kept).toContain(join(etc, "signer.pem"));
    expect(await exists(join(etc, "config.toml"))).toBe(false);
  },
  TIMEOUT_MS,
);
