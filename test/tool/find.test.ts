import { afterAll, expect, test } from "bun:test";
import { chmod, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { log } from "../../src/base/log.ts";
import { chooseTools, findTools } from "../../src/tool/find.ts";
import { familyIn, install } from "./acme.ts";

const folder = await temporaryFolder("find");
afterAll(() => folder[Symbol.asyncDispose]());
const never = new AbortController().signal;

const family = familyIn(folder.path);

const old = await install(folder.path, "14", "14.2");
const middle = await install(folder.path, "16", "16.10");
const newest = await install(folder.path, "9", "19beta1");
await install(folder.path, "17", "17.1", ["acme_dump"]);

test("findTools() lists complete families, the oldest first", async () => {
  const found = await findTools(family, undefined, never);
  expect(found).toEqual([
    { directory: old, version: "14.2", major: 14 },
    { directory: middle, version: "16.10", major: 16 },
    { directory: newest, version: "19", major: 19 },
  ]);
});

test("findTools() searches nothing else when it is told the folder", async () => {
  expect(await findTools(family, middle, never)).toMatchObject([{ major: 16 }]);
  expect(await findTools(family, "/nowhere", never)).toEqual([]);
});

test("findTools() says which program does not answer", async () => {
  const directory = join(folder.path, "hanging");
  await mkdir(directory);
  for (const program of family.programs) {
    await Bun.write(join(directory, program), "#!/bin/sh\nsleep 100\n");
    await chmod(join(directory, program), 0o755);
  }
  const failure = await findTools(family, directory, never, 200).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    kind: "tool",
    message: `${directory}/acme_dump did not say its version within 0.2 seconds`,
  });
});

test("findTools() says once which program is broken, and finds the others", async () => {
  const [script, folders] = ["#!/bin/sh\necho no such library >&2\nexit 3\n", ["a", "b"]];
  const said: unknown[] = [];
  const { reporters } = log.options;
  log.setReporters([{ log: ({ args }) => said.push(...args) }]);
  try {
    for (const name of folders) await mkdir(join(folder.path, "broken", name), { recursive: true });
    for (const program of family.programs) {
      const file = join(folder.path, "broken/a", program);
      await Bun.write(file, script);
      await chmod(file, 0o755);
      await symlink(file, join(folder.path, "broken/b", program));
    }
    const places = { ...family, usualPlaces: [...family.usualPlaces, join(folder.path, "broken/*")] };
    expect((await findTools(places, undefined, never)).map(({ major }) => major)).toEqual([14, 16, 19]);
    expect(said).toEqual([
      expect.stringMatching(
        /broken\/[ab]\/acme_dump is not used, since `.* --version` fails: .*no such library/s,
      ),
    ]);
  } finally {
    log.setReporters(reporters);
  }
});

test("chooseTools() takes the oldest that is new enough", async () => {
  const found = await findTools(family, undefined, never);
  const need = (major: number) => ({ major, reason: "the server is", only: undefined });
  expect(chooseTools(family, found, need(10)).version).toBe("14.2");
  expect(chooseTools(family, found, need(15)).version).toBe("16.10");
  expect(chooseTools(family, found, need(17)).version).toBe("19");
});

test.each([
  [undefined, "acme_dump 19 is the newest on this host, which is too old: the server is version 20.1"],
  ["/nowhere", "no acme_dump in /nowhere: the server is version 20.1"],
])("chooseTools() says what to install when there is none (only: %p)", async (only, message) => {
  const found = await findTools(family, only, never);
  const choose = () => chooseTools(family, found, { major: 20, reason: "the server is version 20.1", only });
  expect(choose).toThrow(message);
  try {
    choose();
  } catch (error) {
    expect(error).toMatchObject({
      kind: "tool",
      hint: "apt-get install acme-client-20, or set databaseToolsDirectory to where acme_dump, acme_restore are",
    });
  }
});
