import { afterAll, expect, test } from "bun:test";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { databaseDrivers, toolboxes } from "../../src/database/registry.ts";
import { installing, listInstalled, type Toolbox } from "../../src/database/toolbox.ts";
import type { ToolFamily } from "../../src/tool/find.ts";
import { familyIn, install } from "../tool/acme.ts";

const folder = await temporaryFolder("toolbox");
afterAll(() => folder[Symbol.asyncDispose]());
const never = new AbortController().signal;

const family = familyIn(folder.path);
const renamed: ToolFamily = { ...family, programs: ["acme-dump", "acme-restore"] };

const oldest = await install(folder.path, "a", "14.2");
const middle = await install(folder.path, "b", "15.1", [...family.programs, ...renamed.programs]);
const same = await install(folder.path, "c", "15.9");
const newest = await install(folder.path, "d", "18.10", renamed.programs);
await mkdir(join(folder.path, "e"));
await symlink(middle, join(folder.path, "e", "bin"));

test("listInstalled() says which servers each version is used for, and lists every folder once", async () => {
  const box: Toolbox = { product: "Acme", families: [family, renamed], choice: "fitting" };
  expect(await listInstalled(box, undefined, never)).toEqual([
    { ...at(oldest, "14.2"), servers: "servers up to version 14" },
    { ...at(middle, "15.1"), servers: "servers of version 15" },
    { ...at(same, "15.9"), servers: null },
    { ...at(newest, "18.10"), programs: renamed.programs, servers: "servers of version 16 to 18" },
  ]);
});

test("listInstalled() knows programs of which only the newest is used", async () => {
  const box: Toolbox = { product: "Acme", families: [family], choice: "newest" };
  const servers = (await listInstalled(box, undefined, never)).map((each) => [each.version, each.servers]);
  expect(servers).toEqual([
    ["14.2", null],
    ["15.1", null],
    ["15.9", "every server"],
  ]);
});

test("listInstalled() looks into the one folder that it is told, and finds nothing where nothing is", async () => {
  const box: Toolbox = { product: "Acme", families: [family], choice: "fitting" };
  expect(await listInstalled(box, same, never)).toMatchObject([{ servers: "servers up to version 15" }]);
  expect(await listInstalled(box, "/nowhere", never)).toEqual([]);
  expect(installing(box)).toBe("apt-get install acme-client-0");
});

test("every type of database has its programs, or needs none", () => {
  expect(Object.keys(toolboxes).toSorted()).toEqual(Object.keys(databaseDrivers).toSorted());
  const needless = Object.values(toolboxes)
    .flat()
    .filter((box) => installing(box) === null);
  expect(needless.map(({ product }) => product)).toEqual(["SQLite"]);
});

function at(directory: string, version: string) {
  return { directory, version, major: Number.parseInt(version, 10), programs: family.programs };
}
