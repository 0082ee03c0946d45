import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";

setDefaultTimeout(60_000);

const SCRIPT = join(import.meta.dir, "../../scripts/shards.ts");
const GOOD = `import { test } from "bun:test"; test("good", () => {});`;

const folder = await temporaryFolder("shards");
afterAll(() => folder[Symbol.asyncDispose]());

/** Runs a test with this body, and one that passes, in two processes. */
async function run(name: string, body: string): Promise<{ exitCode: number; end: string }> {
  const root = join(folder.path, name.replaceAll(" ", "-"));
  await mkdir(join(root, "test"), { recursive: true });
  await mkdir(join(root, "tmp"));
  await Bun.write(join(root, "bunfig.toml"), '[test]\nroot = "test"\n');
  await Bun.write(join(root, "test/timings.json"), '{ "version": 1, "files": {} }');
  await Bun.write(join(root, "test/one.test.ts"), GOOD);
  const code = `import { test } from "bun:test"; test("other", async () => { ${body} });`;
  await Bun.write(join(root, "test/two.test.ts"), code);
  const env = { PATH: process.env["PATH"] ?? "", TMPDIR: join(root, "tmp") };
  const child = Bun.spawn([process.execPath, SCRIPT, "2"], {
    cwd: root,
    env,
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  return { exitCode: await child.exited, end: text.slice(text.indexOf("All parts together:")) };
}

test.each([
  ["pass", "", 0, ":\n 2 pass\n 0 fail\n"],
  ["fail", "throw new Error();", 1, ":\n(fail) other\n 1 pass\n 1 fail\n"],
  ["die", "process.kill(process.pid, 'SIGKILL');", 1, /part \d of the tests died of SIGKILL\n 1 pass\n/],
  ["stay", "await Bun.write(process.env.TMPDIR + '/a', 'x');", 1, /left behind a\n 2 pass\n 0 fail\n/],
])("shards.ts sums up tests that %s", async (name, body, exitCode, end) => {
  const ran = await run(name, body);
  expect(ran.exitCode).toBe(exitCode);
  if (typeof end === "string") expect(ran.end).toEndWith(end);
  else expect(ran.end).toMatch(end);
});
