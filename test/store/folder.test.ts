import { describe, expect, test } from "bun:test";
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { streamOf } from "../../src/base/bytes.ts";
import { FolderStore } from "../../src/store/folder.ts";
import { NotFound } from "../../src/store/store.ts";
import { folderFailure } from "../../src/store/folder/failure.ts";
import { renameOnce } from "../../src/store/folder/temporary-file.ts";
import { runProgram, temporaryFolder } from "../../scripts/services/service.ts";
import { failureOf, sample } from "../conformance/sample.ts";
import { exclusiveCreateTest, exclusivePutTest, storeSuite, type Subject } from "../conformance/store.ts";

const never = new AbortController().signal;

storeSuite("a folder", twoFolders);
exclusivePutTest("a folder", twoFolders);
exclusiveCreateTest("a folder", twoFolders);

async function twoFolders(): Promise<Subject> {
  const folder = await temporaryFolder("folder");
  const [path, beside] = [join(folder.path, "one"), join(folder.path, "two")];
  await Promise.all([mkdir(path), mkdir(beside)]);
  return {
    store: new FolderStore({ path }),
    neighbour: new FolderStore({ path: beside }),
    leftovers: async () => (await readdir(path, { recursive: true })).filter((name) => name.endsWith(".tmp")),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("FolderStore", () => {
  test("is not made where there is no folder, and names the command that makes it", async () => {
    await using folder = await temporaryFolder("folder");
    const path = join(folder.path, "absent");
    const store = new FolderStore({ path });
    const tries = [
      store.put("x", streamOf(sample(5)), { id: "1" }, never),
      store.create("x", sample(5), never),
      store.get("x", null, never),
      store.list("", never),
      store.remove(["x"], never),
    ];
    for (const failure of await Promise.all(tries.map(failureOf)))
      expect(failure).toMatchObject({ kind: "store", hint: expect.stringContaining(`mkdir -m 700 ${path}`) });
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("says so when its path is a file", async () => {
    await using folder = await temporaryFolder("folder");
    const path = join(folder.path, "file");
    await writeFile(path, "");
    expect(await failureOf(new FolderStore({ path }).list("", never))).toMatchObject({
      message: `${path} is not a folder`,
    });
  });

  test("writes nothing behind a symbolic link, where it would never be listed", async () => {
    await using folder = await temporaryFolder("folder");
    const [path, elsewhere] = [join(folder.path, "store"), join(folder.path, "elsewhere")];
    await Promise.all([mkdir(join(path, "deep"), { recursive: true }), mkdir(elsewhere)]);
    await Promise.all([symlink(elsewhere, join(path, "shop")), symlink(elsewhere, join(path, "deep/shop"))]);
    await symlink(join(folder.path, "nowhere"), join(path, "broken"));
    const store = new FolderStore({ path });
    for (const set of ["shop", "deep/shop", "broken"]) {
      const refused = {
        kind: "store",
        message: expect.stringContaining(`${join(path, set)} is a symbolic link`),
      };
      const put = store.put(`${set}/x.dbk`, streamOf(sample(5)), { id: "1" }, never);
      expect(await failureOf(put)).toMatchObject(refused);
      expect(await failureOf(store.create(`${set}/identity`, sample(5), never))).toMatchObject(refused);
    }
    expect(await readdir(elsewhere)).toEqual([]);
    await writeFile(join(path, "file"), "");
    expect(await failureOf(store.create("file/x", sample(5), never))).toMatchObject({
      message: `${join(path, "file")} is not a folder`,
    });
  });

  test("does not wait at a pipe that somebody put into an object's place", async () => {
    await using folder = await temporaryFolder("folder");
    await runProgram(["mkfifo", join(folder.path, "identity")]);
    const store = new FolderStore({ path: folder.path });
    expect(store.get("identity", null, never)).rejects.toBeInstanceOf(NotFound);
  });

  test("is written through a link to itself", async () => {
    await using folder = await temporaryFolder("folder");
    const [path, link] = [join(folder.path, "store"), join(folder.path, "link")];
    await mkdir(path);
    await symlink(path, link);
    const store = new FolderStore({ path: link });
    expect(await store.create("shop/identity", sample(5), never)).toBe("created");
    expect((await store.list("shop/", never)).objects).toHaveLength(1);
  });

  test("makes files that only their owner can read", async () => {
    await using folder = await temporaryFolder("folder");
    await new FolderStore({ path: folder.path }).create("shop/lease/1", sample(5), never);
    const modes = await Promise.all(
      ["shop", "shop/lease", "shop/lease/1"].map(
        async (name) => (await stat(join(folder.path, name))).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });

  test("clears what a process that died has left, and spares what is being written", async () => {
    await using folder = await temporaryFolder("folder");
    const [old, young] = [".dbacked-old.tmp", ".dbacked-young.tmp"].map((name) => join(folder.path, name));
    await Promise.all([writeFile(old ?? "", "half"), writeFile(young ?? "", "half")]);
    await utimes(old ?? "", new Date(), new Date(Date.now() - 13 * 3_600_000));
    const store = new FolderStore({ path: folder.path });
    await store.create("x", sample(5), never);
    expect((await readdir(folder.path)).toSorted()).toEqual([".dbacked-young.tmp", "x"]);
    expect((await store.list("", never)).objects.map(({ key }) => key)).toEqual(["x"]);
  });
});

test.each([
  ["ENOSPC", "the disk is full (ENOSPC)", "df -h /srv/backups"],
  ["EROFS", "it is mounted read-only (EROFS)", "findmnt -T /srv/backups"],
  ["EACCES", "access denied (EACCES)", "ls -ld /srv/backups"],
])("folderFailure() says for %s what it means, and what to do", (code, why, hint) => {
  const cause = Object.assign(new Error(code), { code });
  const failure = folderFailure("write x.dbk to", "/srv/backups", cause);
  expect(failure.message).toBe(`Cannot write x.dbk to /srv/backups: ${why}`);
  expect(failure).toMatchObject({ kind: "store", cause, hint: expect.stringContaining(hint) });
});

test("renameOnce() renames, but never over another file", async () => {
  await using folder = await temporaryFolder("folder");
  const [one, two, target] = ["one", "two", "target"].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  await Promise.all([writeFile(one, "one"), writeFile(two, "two")]);
  const renamed = await Promise.all([renameOnce(one, target), renameOnce(two, target)]);
  expect(renamed.filter(Boolean)).toHaveLength(1);
  expect(await readFile(target, "utf8")).toBe(renamed[0] ? "one" : "two");
  expect(await readdir(folder.path)).toHaveLength(2);
});
