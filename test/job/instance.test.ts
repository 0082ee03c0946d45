import { expect, test } from "bun:test";
import type { Instance } from "../../src/database/database.ts";
import { databaseDrivers } from "../../src/database/registry.ts";
import { findMembers, type Server } from "../../src/job/instance.ts";
import { failureOf } from "../conformance/sample.ts";
import { never } from "./site.ts";

/** A folder whose files are the databases. */
function folderOf(names: readonly string[], hasGlobals = false): Instance {
  const { sqlite } = databaseDrivers;
  const open = (name: string) => sqlite.create(sqlite.options.parse({ path: `/srv/${name}` }));
  return {
    label: "/srv",
    list: async () => names,
    open,
    globals: () => (hasGlobals ? open("globals") : null),
  };
}

async function membersOf(names: readonly string[], more: Partial<Server> = {}): Promise<string[]> {
  const server = { name: "prod", instance: folderOf(names), include: null, exclude: [], ...more };
  const members = await findMembers(server, never);
  return await Promise.all(
    members.map(async ({ set, open }) => {
      const opened = (async () => open())();
      const said = await opened.then(
        ({ label }) => label,
        ({ message }: Error) => message,
      );
      return `${set}: ${said}`;
    }),
  );
}

test("findMembers() gives every database, and what belongs to none", async () => {
  expect(await membersOf(["Shop", "forum"], { instance: folderOf(["Shop", "forum"], true) })).toEqual([
    "prod.%globals: /srv/globals",
    "prod.%53hop: /srv/Shop",
    "prod.forum: /srv/forum",
  ]);
});

test("findMembers() says what cannot be backed up, and goes on", async () => {
  const long = "Ü".repeat(50);
  expect(await membersOf(["shop", long], { include: ["shop", long, "gone"] })).toEqual([
    "prod.shop: /srv/shop",
    expect.stringMatching(/^prod\.(?:%C3%9C){50}: The name of the database "Ü+" is too long/),
    'prod.gone: No database "gone" was found on /srv, and it is included',
  ]);
});

test.each<[readonly string[], Partial<Server>]>([
  [["shop"], { include: ["x*"] }],
  [["shop"], { exclude: ["shop"] }],
  [[], {}],
])("findMembers() of %j with %j: there is nothing to back up", async (names, more) => {
  expect(await membersOf(names, more)).toEqual(["prod: No database on /srv is to be backed up"]);
});

test("findMembers() fails if the databases cannot be listed", async () => {
  const instance = { ...folderOf([]), list: () => Promise.reject(new Error("no")) };
  const server = { name: "prod", instance, include: null, exclude: [] };
  expect(await failureOf(findMembers(server, never))).toMatchObject({ message: "no" });
});
