// What `dbacked upgrade` does within: what it takes and what it refuses, and what is left of the program that was there.
import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, chown, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  runProgram,
  temporaryFolder,
  type TemporaryFolder,
  waitUntil,
} from "../../scripts/services/service.ts";
import { DbackedError, type ErrorKind } from "../../src/base/error.ts";
import { download, downloadTo } from "../../src/release/download.ts";
import { checkOurs, ownExecutable } from "../../src/release/executable.ts";
import { listFolders, removeConfig, removeProgram } from "../../src/release/uninstall.ts";
import { findOffer, replaceBy, type Wish } from "../../src/release/upgrade.ts";
import {
  HOST_FILE,
  makeReleaseKey,
  openSite,
  type ReleaseKey,
  type Site,
  stalls,
  writeScript,
  writeSmallRelease,
} from "./site.ts";

setDefaultTimeout(20_000);

const SUMS = "SHA256SUMS";
const isRoot = process.getuid?.() === 0;
const { signal } = new AbortController();

let key: ReleaseKey;
let site: Site;
let ground: TemporaryFolder;
let executable: string;

beforeAll(async () => {
  key = makeReleaseKey();
  ground = await temporaryFolder("upgrade");
});

beforeEach(async () => {
  await site?.[Symbol.asyncDispose]();
  site = await openSite();
  await writeSmallRelease({ folder: site.folder, version: "1.2.3", key });
  await writeSmallRelease({ folder: join(site.folder, "v1.0.0"), version: "1.0.0", key });
  const folder = join(ground.path, crypto.randomUUID());
  await mkdir(folder);
  executable = join(folder, "dbacked");
  await writeScript(executable, "echo old");
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await ground[Symbol.asyncDispose]();
});

function wish(more: Partial<Wish> & { needsSignature?: boolean } = {}): Wish {
  const { needsSignature = false, ...rest } = more;
  const usual = { version: null, current: "1.1.0", file: HOST_FILE, key: key.publicKey, verifies: true };
  return { place: { url: site.url, needsSignature }, ...usual, ...rest };
}

async function refusal(doing: Promise<unknown>): Promise<{ kind: ErrorKind; message: string }> {
  try {
    await doing;
  } catch (error) {
    if (error instanceof DbackedError) return { kind: error.kind, message: error.message };
    throw error;
  }
  throw new Error("nothing was refused");
}

/** Upgrades, expects a refusal, and that what was there is there and nothing else. */
async function refusedUpgrade(wanted: Wish): Promise<{ kind: ErrorKind; message: string }> {
  const upgrade = async () => replaceBy(await findOffer(wanted, signal), executable, signal);
  const refused = await refusal(upgrade());
  expect(await runProgram([executable])).toBe("old\n");
  expect(await readdir(join(executable, ".."))).toEqual(["dbacked"]);
  return refused;
}

test("replaceBy() puts the newest in the place of the program, with its owner and rights", async () => {
  if (isRoot) await chown(executable, 65_534, 65_534);
  await chmod(executable, 0o750);
  const before = await stat(executable);
  const offer = await findOffer(wish({ needsSignature: true }), signal);
  expect(offer).toMatchObject({ version: "1.2.3", doubt: null, url: `${site.url}/${HOST_FILE}` });
  await replaceBy(offer, executable, signal);
  const { uid, gid, mode, ino } = await stat(executable);
  expect({ uid, gid, mode }).toEqual({ uid: before.uid, gid: before.gid, mode: before.mode });
  expect(ino).not.toBe(before.ino);
  expect(await runProgram([executable, "--version"])).toBe("1.2.3\n");
  expect(await readdir(join(executable, ".."))).toEqual(["dbacked"]);
});

test("findOffer() takes an older version only if it is named", async () => {
  const { kind, message } = await refusal(findOffer(wish({ current: "2.0.0" }), signal));
  expect({ kind, message }).toEqual({
    kind: "usage",
    message: "The newest version there, 1.2.3, is older than this one, 2.0.0",
  });
  expect((await findOffer(wish({ current: "2.0.0", version: "1.0.0" }), signal)).version).toBe("1.0.0");
  expect((await findOffer(wish({ current: "1.2.3-rc.1" }), signal)).version).toBe("1.2.3");
  expect((await findOffer(wish({ current: "1.2.3" }), signal)).version).toBe("1.2.3");
});

test("findOffer() refuses another version under the name of the wanted one, and what is no version", async () => {
  await writeSmallRelease({ folder: join(site.folder, "v1.0.1"), version: "1.0.0", key });
  expect(await refusedUpgrade(wish({ version: "1.0.1" }))).toEqual({
    kind: "damaged",
    message: `${site.url}/v1.0.1 holds another version, 1.0.0`,
  });
  expect(await refusedUpgrade(wish({ version: "1.0.2" }))).toMatchObject({ kind: "store" });
  for (const version of ["..", "1.0", "1.0.0/..", "latest", ""])
    expect(await refusedUpgrade(wish({ version }))).toMatchObject({ kind: "usage" });
});

test("findOffer() refuses sums that others signed, and sums that were changed", async () => {
  const list = join(site.folder, SUMS);
  await Bun.write(list, (await Bun.file(list).text()).replace("1.2.3", "1.2.4"));
  const wrong = {
    kind: "damaged",
    message: `The signature of ${site.url}/SHA256SUMS is wrong: nothing from there can be trusted`,
  };
  expect(await refusedUpgrade(wish())).toEqual(wrong as never);
  await writeSmallRelease({ folder: site.folder, version: "1.2.3", key: makeReleaseKey() });
  expect(await refusedUpgrade(wish())).toEqual(wrong as never);
  await Bun.write(join(site.folder, `${SUMS}.sig`), "<html>");
  expect(await refusedUpgrade(wish())).toEqual(wrong as never);
});

test.each(["signature", "key"])(
  "findOffer() without a %s doubts, and refuses at the usual place",
  async (missing) => {
    if (missing === "signature")
      await writeSmallRelease({ folder: site.folder, version: "1.2.3", key: null });
    const without = missing === "key" ? { key: null } : {};
    expect((await findOffer(wish(without), signal)).doubt).not.toBeNull();
    expect(await refusedUpgrade(wish({ ...without, needsSignature: true }))).toMatchObject({ kind: "key" });
    const forced = await findOffer(wish({ ...without, needsSignature: true, verifies: false }), signal);
    expect(forced).toMatchObject({ version: "1.2.3", doubt: "--no-signature" });
  },
);

test.each<[string, string, () => Response, ErrorKind]>([
  ["another body", HOST_FILE, () => new Response("something else"), "damaged"],
  ["no file", HOST_FILE, () => new Response(null, { status: 404 }), "store"],
  ["an error", HOST_FILE, () => new Response(null, { status: 500 }), "store"],
  ["no list", SUMS, () => new Response(null, { status: 404 }), "store"],
  ["a list without end", SUMS, () => new Response(new Uint8Array(100_000)), "store"],
  ["an error for the signature", `${SUMS}.sig`, () => new Response(null, { status: 500 }), "store"],
])("replaceBy() leaves the old program when the server has %s", async (_what, file, answer, kind) => {
  site.answers.set(`/${file}`, answer);
  expect(await refusedUpgrade(wish())).toMatchObject({ kind });
});

test("replaceBy() leaves the old program when the server goes away", async () => {
  site.answers.set(`/${HOST_FILE}`, stalls);
  const upgrading = refusedUpgrade(wish());
  await waitUntil(() => site.asked.includes(`/${HOST_FILE}`), { what: "the download" });
  await site[Symbol.asyncDispose]();
  expect(await upgrading).toMatchObject({ kind: "store" });
});

test("replaceBy() leaves the old program when it is stopped", async () => {
  site.answers.set(`/${HOST_FILE}`, stalls);
  const stop = new AbortController();
  const offer = await findOffer(wish(), signal);
  const upgrading = replaceBy(offer, executable, stop.signal);
  await waitUntil(() => site.asked.includes(`/${HOST_FILE}`), { what: "the download" });
  stop.abort(new Error("stopped"));
  expect(upgrading).rejects.toThrow("stopped");
  await upgrading.catch(() => {});
  expect(await runProgram([executable])).toBe("old\n");
  expect(await readdir(join(executable, ".."))).toEqual(["dbacked"]);
});

test.each<[string, string, ErrorKind]>([
  ["does not start", "echo Illegal instruction >&2; exit 132", "tool"],
  ["is another version", "echo 6.6.6", "damaged"],
])("replaceBy() refuses a program that %s", async (_what, script, kind) => {
  await writeSmallRelease({ folder: site.folder, version: "1.2.3", key, script });
  expect(await refusedUpgrade(wish())).toMatchObject({ kind });
});

test("replaceBy() refuses what is no archive, whatever its sum", async () => {
  const sum = new Bun.CryptoHasher("sha256").update("no archive").digest("hex");
  await Bun.write(join(site.folder, HOST_FILE), "no archive");
  const offer = { version: "1.2.3", url: `${site.url}/${HOST_FILE}`, sum, doubt: null };
  expect(await refusal(replaceBy(offer, executable, signal))).toMatchObject({ kind: "damaged" });
  expect(await readdir(join(executable, ".."))).toEqual(["dbacked"]);
});

test("replaceBy() sweeps what was killed days ago, and nothing younger", async () => {
  const folder = join(executable, "..");
  const [old, young] = [".dbacked-install.old", ".dbacked-install.young"];
  for (const name of [old, young]) await mkdir(join(folder, name));
  await runProgram(["touch", "-d", "3 days ago", join(folder, old)]);
  await replaceBy(await findOffer(wish(), signal), executable, signal);
  expect((await readdir(folder)).toSorted()).toEqual([young, "dbacked"]);
  await removeProgram(executable);
  expect(await readdir(folder)).toEqual([]);
});

test("download() gives up when nothing comes", async () => {
  site.answers.set("/slow", stalls);
  const wanted = { url: `${site.url}/slow`, limit: 1000, stallMs: 200 };
  expect(await refusal(download(wanted, signal))).toEqual({
    kind: "store",
    message: `Cannot download ${site.url}/slow: nothing came for 0.2 seconds`,
  });
});

test("downloadTo() takes an archive as it is, even if the server calls it a compressed page", async () => {
  const packed = Bun.gzipSync("program");
  site.answers.set("/x.gz", () => new Response(packed, { headers: { "content-encoding": "gzip" } }));
  const file = join(ground.path, "x.gz");
  const sum = await downloadTo(file, { url: `${site.url}/x.gz`, limit: 1000 }, signal);
  expect(sum).toBe(new Bun.CryptoHasher("sha256").update(packed).digest("hex"));
  expect(await Bun.file(file).bytes()).toEqual(packed);
  const again = await refusal(downloadTo(file, { url: `${site.url}/x.gz`, limit: 1000 }, signal));
  expect(again).toMatchObject({ kind: "target", message: expect.stringContaining(`Cannot write ${file}`) });
});

test("ownExecutable() refuses a program that runs from its sources", async () => {
  expect(await refusal(ownExecutable())).toEqual({
    kind: "target",
    message: "This is no installed dbacked: Bun runs its sources",
  });
});

test("checkOurs() refuses what a package manager installed", async () => {
  await checkOurs(executable, signal);
  const nix = "/nix/store/abc-dbacked-1.0.0/bin/dbacked";
  expect(await refusal(checkOurs(nix, signal))).toEqual({
    kind: "target",
    message: `${nix} was installed by nix`,
  });
  const manager = Bun.which("dpkg") === null ? null : (Bun.which("dpkg-query") ?? null);
  if (manager !== null)
    expect(await refusal(checkOurs("/usr/bin/dpkg-query", signal))).toMatchObject({
      message: "/usr/bin/dpkg-query was installed by dpkg",
    });
});

test("removeConfig() removes the config and leaves the keys", async () => {
  const folder = join(ground.path, "etc");
  await mkdir(folder);
  for (const name of ["config.toml", "signer.pem", "dbacked-public.pem"])
    await Bun.write(join(folder, name), "");
  const kept = ["dbacked-public.pem", "signer.pem"].map((name) => join(folder, name));
  expect(await removeConfig([join(folder, "config.toml")], [folder])).toEqual(kept);
  for (const file of kept) await Bun.file(file).delete();
  expect(await removeConfig([], [folder])).toEqual([]);
  expect(await listFolders([ground.path])).not.toContain(folder);
});
