import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { join } from "node:path";

import { temporaryFolder } from "../../scripts/services/service.ts";
import { surveyConfig } from "../../src/config/load.ts";
import { checkConfig } from "../../src/doctor/config-file.ts";
import { told } from "./patient.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;

beforeAll(async () => {
  folder = await temporaryFolder("doctor");
  file = join(folder.path, "config.toml");
});

afterAll(() => folder[Symbol.asyncDispose]());

async function look(text: string, mode: number, userId = process.getuid?.()): Promise<string[]> {
  await Bun.write(file, text);
  await chmod(file, mode);
  const checks = await checkConfig(await surveyConfig({ environment: {}, file }, ["stores"]), userId);
  return told(checks).map((line) => line.replaceAll(file, "FILE"));
}

const STORE = '[[stores]]\nname = "nas"\ntype = "folder"\npath = "/srv/backups"\n';

test("checkConfig() is content with a file that only its owner can read", async () => {
  expect(await look(STORE, 0o600)).toEqual([
    "✓ config: FILE says what to do: 0 databases, 1 store",
    "✓ config: only its owner can read and change FILE",
  ]);
});

test("checkConfig() tells every mistake, and goes on", async () => {
  expect(await look(`${STORE}colour = 1\n[encryption]\nkeys = 3\n`, 0o600)).toEqual([
    "✗ config: FILE:5: colour: unknown key",
    "✗ config: FILE:6: [encryption]: recipients is missing",
    "✗ config: FILE:7: keys: unknown key",
    "✓ config: only its owner can read and change FILE",
  ]);
});

test.each([
  [0o644, /^! .*can be read by other users/],
  [0o620, /^✗ .*can be changed by other users/],
  [0o666, /^✗ .*can be changed by other users/],
])("checkConfig() tells what the mode %p lets others do", async (mode, line) => {
  expect((await look(STORE, mode)).at(-1)).toMatch(line);
});

test("checkConfig() says a warning of the config once, with what to do", async () => {
  const secret =
    's3bucket = "b"\ns3region = "eu-west-1"\ns3accessKeyId = "a"\ns3secretAccessKey = "do-not-show-me"\n';
  const lines = await look(secret, 0o604);
  expect(lines.filter((line) => line.includes("every user of this host can read"))).toHaveLength(1);
  expect(lines.filter((line) => line.includes("can be read by other users"))).toEqual([]);
  expect(lines.join("\n")).not.toContain("do-not-show-me");
});

test("checkConfig() tells whose file it is, and of a folder that is open to all", async () => {
  expect((await look(STORE, 0o600, 12_345)).at(-1)).toMatch(
    process.getuid?.() === 0 ? /^✓/ : /^! .*another user/,
  );
  await chmod(folder.path, 0o777);
  expect((await look(STORE, 0o600)).at(-1)).toMatch(
    /^✗ config: every user of this host can put other files into/,
  );
  await chmod(folder.path, 0o700);
});

test("checkConfig() has nothing more to say where nothing could be read", async () => {
  expect(await look("[[stores\n", 0o600)).toEqual([expect.stringMatching(/^✗ config: FILE:1: /)]);
});
