// install.sh against servers, disks and signals: the program that was there is there afterwards, and works.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, waitUntil } from "../../scripts/services/service.ts";
import { Ground } from "./ground.ts";
import { HOST_FILE, makeReleaseKey, openSite, stalls, writeScript, writeSmallRelease } from "./site.ts";

setDefaultTimeout(20_000);

const DEFAULT_URL = "https://dbacked.com/download";
const SUMS = "SHA256SUMS";

let ground: Ground;

beforeAll(async () => {
  ground = await Ground.prepare();
});

afterAll(async () => {
  await ground[Symbol.asyncDispose]();
});

/** Has the script take a site for the usual place. */
function asDefault(script: string, { url }: { url: string }): string {
  return script.replace(`\nDEFAULT_URL=${DEFAULT_URL}\n`, `\nDEFAULT_URL=${url}\n`);
}

test("install.sh refuses a version under whose name another one is served", async () => {
  await using other = await ground.otherSite();
  await writeSmallRelease({ folder: join(other.folder, "v2.0.0"), version: "1.2.3", key: ground.key });
  const { code, err, version } = await ground.reinstall({ url: other.url, args: ["--version", "2.0.0"] });
  expect({ code, version }).toEqual({ code: 1, version: "old" });
  expect(err).toContain("holds another version, 1.2.3");
});

test.each(["curl", "wget"])(
  "install.sh leaves the old program when things go wrong (%s)",
  async (fetcher) => {
    const path = await ground.newToolbox(fetcher, "openssl");
    await using other = await ground.otherSite();
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
      const { code, err, version, files } = await ground.reinstall({ url: other.url, path });
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
    const path = await ground.newToolbox(fetcher, "openssl");
    const other = await ground.otherSite();
    other.answers.set(`/${HOST_FILE}`, stalls);
    const installing = ground.reinstall({ url: other.url, path });
    await waitUntil(() => other.asked.includes(`/${HOST_FILE}`), { what: "the download" });
    await other[Symbol.asyncDispose]();
    const { code, err, version, files } = await installing;
    expect({ code, version, files }).toEqual({ code: 1, version: "old", files: ["dbacked"] });
    expect(err).toContain(`cannot download ${other.url}/${HOST_FILE}: `);
  },
);

test("install.sh says that nobody answers", async () => {
  const { code, err } = await ground.reinstall({ url: "http://127.0.0.1:1" });
  expect(code).toBe(1);
  expect(err).toContain("cannot download http://127.0.0.1:1/SHA256SUMS: curl: (7)");
});

test("install.sh refuses a list that is none", async () => {
  await using other = await ground.otherSite();
  other.answers.set(`/${SUMS}`, () => new Response("<html>\n# welcome\u001B[2J\n</html>\n"));
  const { code, err, version } = await ground.reinstall({ url: other.url, args: ["--no-signature"] });
  expect({ code, version }).toEqual({ code: 1, version: "old" });
  expect(err).toContain("SHA256SUMS is no list of a release of dbacked");
  expect(err).not.toContain("\u001B");
});

test("install.sh refuses sums that others signed, and sums that were changed", async () => {
  await using forged = await ground.otherSite(makeReleaseKey());
  await using changed = await ground.otherSite();
  const list = await Bun.file(join(changed.folder, SUMS)).text();
  await Bun.write(join(changed.folder, SUMS), list.replace("1.2.3", "1.2.4"));
  for (const { url } of [forged, changed]) {
    const { code, err, version } = await ground.reinstall({ url });
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
    await writeSmallRelease({ folder: other.folder, version: "1.2.3", key: ground.key, script });
    const { code, err, version, files } = await ground.reinstall({ url: other.url });
    expect({ code, version, files }).toEqual({ code: 1, version: "old", files: ["dbacked"] });
    expect(err).toContain(message);
  }
});

test("a missing signature is a warning elsewhere, and an error at the usual place unless --no-signature", async () => {
  await using other = await ground.otherSite(null);
  const usual = (script: string) => asDefault(script, other);
  const elsewhere = await ground.reinstall({ url: other.url });
  expect(elsewhere).toMatchObject({ code: 0, version: "1.2.3" });
  expect(elsewhere.err).toContain("warning: the signature was not verified: there is no");
  const refused = await ground.reinstall({ url: other.url, edit: usual });
  expect(refused).toMatchObject({ code: 1, version: "old", files: ["dbacked"] });
  expect(refused.err).toContain("error: the signature cannot be verified: there is no");
  expect(refused.err).toContain("--no-signature");
  const forced = await ground.reinstall({ url: other.url, edit: usual, args: ["--no-signature"] });
  expect(forced).toMatchObject({ code: 0, version: "1.2.3" });
});

test("without openssl, or without a key, the signature counts as missing", async () => {
  const path = await ground.newToolbox("curl");
  const keyless = (script: string) => script.replace(/\nRELEASE_KEY='[^']*'/, "\nRELEASE_KEY=''");
  for (const [run, why] of [
    [{ path }, "there is no openssl on this machine"],
    [{ edit: keyless }, "this install.sh holds no release key"],
  ] as const) {
    const elsewhere = await ground.reinstall(run);
    expect(elsewhere).toMatchObject({ code: 0, version: "1.2.3" });
    expect(elsewhere.err).toContain(`warning: the signature was not verified: ${why}`);
    const edit = (script: string) => asDefault("edit" in run ? run.edit(script) : script, ground.site);
    const usual = await ground.reinstall({ ...run, edit });
    expect(usual).toMatchObject({ code: 1, version: "old" });
    expect(usual.err).toContain(`error: the signature cannot be verified: ${why}`);
  }
});

test.each([
  ["gzip", "there is no gzip on this machine"],
  ["sha256sum", "there is no sha256sum, shasum or openssl on this machine"],
])("install.sh without %s says so before it downloads anything", async (tool, message) => {
  const path = await ground.newToolbox("curl");
  await rm(join(path, tool));
  await using other = await ground.otherSite();
  const { code, err, version } = await ground.reinstall({ url: other.url, path });
  expect({ code, version, asked: other.asked }).toEqual({ code: 1, version: "old", asked: [] });
  expect(err).toContain(message);
  expect(err).toContain("hint: install ");
});

test("install.sh on a full disk leaves the old program", async () => {
  await using other = await openSite();
  // Larger than what may be written, packed and unpacked.
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("hex");
  await writeSmallRelease({
    folder: other.folder,
    version: "1.2.3",
    key: ground.key,
    script: `echo 1.2.3; : ${noise}`,
  });
  for (const blocks of ["4", "180"]) {
    // A write beyond the limit fails, as on a full disk, where the signal is ignored.
    const prefix = ["sh", "-c", `trap "" XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`];
    const { code, err, version, files } = await ground.reinstall({ url: other.url, prefix });
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
  await using other = await ground.otherSite();
  other.answers.set(`/${HOST_FILE}`, () => stalls());
  const dir = await ground.newFolder();
  await writeScript(join(dir, "dbacked"), "echo old");
  const child = await ground.start({ url: other.url, args: ["--dir", dir] });
  await waitUntil(() => other.asked.includes(`/${HOST_FILE}`), { what: "the download" });
  process.kill(-child.pid, signal);
  expect(await child.exited).toBe(expected);
  expect(await runProgram([join(dir, "dbacked"), "--version"])).toBe("old\n");
  const left = await readdir(dir);
  if (signal === "SIGTERM") expect(left).toEqual(["dbacked"]);
  // The next one but a day later sweeps.
  const stage = left.find((name) => name.startsWith(".dbacked-install."));
  if (stage !== undefined) await runProgram(["touch", "-d", "3 days ago", join(dir, stage)]);
  expect((await ground.install({ args: ["--dir", dir] })).code).toBe(0);
  expect(await readdir(dir)).toEqual(["dbacked"]);
});

test("install.sh replaces no folder", async () => {
  const dir = await ground.newFolder();
  await mkdir(join(dir, "dbacked"));
  const { code, err } = await ground.install({ args: ["--dir", dir] });
  expect(code).toBe(1);
  expect(err).toContain(`${dir}/dbacked is a folder`);
  expect(await readdir(join(dir, "dbacked"))).toEqual([]);
});
