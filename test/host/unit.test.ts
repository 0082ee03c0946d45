import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { type Unit, unitText } from "../../src/host/unit.ts";

const folder = await temporaryFolder("unit");
afterAll(async () => folder[Symbol.asyncDispose]());

/** The worst that `systemd-analyze security` may say, of 10. */
const EXPOSURE = 3;

const unit: Unit = {
  program: "/bin/true",
  config: "/etc/dbacked/config.toml",
  environmentFile: null,
  user: "root",
  name: null,
  writes: [],
};

async function analyze(text: string, verb: string, ...options: string[]) {
  const file = join(folder.path, "dbacked.service");
  await Bun.write(file, text);
  const child = Bun.spawn(["systemd-analyze", verb, ...options, file], {
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, LC_ALL: "C.UTF-8", SYSTEMD_COLORS: "0" },
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, exitCode };
}

test.each<[string, Partial<Unit>]>([
  ["root", {}],
  ["another user", { user: "daemon" }],
  ["a folder in /tmp", { writes: ["/tmp/store"] }],
  ["folders with odd names", { writes: ["/srv/back ups", '/srv/100%"\\', "/srv/a$b"] }],
  ["a name and an environment", { name: "night", config: null, environmentFile: "/etc/dbacked/env" }],
])("unitText() of %s is a hardened unit that systemd can read", async (_, more) => {
  const text = unitText({ ...unit, ...more });
  expect(await analyze(text, "verify", "--man=no")).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  const { stdout } = await analyze(text, "security", "--offline=yes", "--no-pager");
  const exposure = Number(/Overall exposure level for dbacked\.service: (\d+\.\d+)/.exec(stdout)?.[1]);
  expect(exposure).toBeLessThanOrEqual(EXPOSURE);
});

test("unitText() quotes what systemd would read otherwise", () => {
  const text = unitText({ ...unit, program: "/opt/my $tools/db%", writes: ["/srv/a b", "/srv/$c%"] });
  expect(text).toContain('ExecStart="/opt/my $$tools/db%%" daemon --config /etc/dbacked/config.toml');
  expect(text).toContain('ReadWritePaths="-/srv/a b" "-/srv/$c%%"');
});

test("unitText() refuses what goes over several lines", () => {
  expect(() => unitText({ ...unit, writes: ["/srv/a\nExecStartPre=/bin/true"] })).toThrow(
    /control characters/,
  );
  expect(() => unitText({ ...unit, user: "root\nX=y" })).toThrow(/control characters/);
});
