import { expect, test } from "bun:test";
import { judgeDumperOptions } from "../../../src/database/mongodb/options.ts";
import { MONGODUMP_OPTIONS } from "../../../src/database/mongodb/dumper-options.ts";
import { testWithTools } from "./servers.ts";

test.each<[string, string[], string[]]>([
  ["--numParallelCollections=2 -j 3", ["--numParallelCollections=2", "--numParallelCollections=3"], []],
  ["--readPreference secondary", ["--readPreference=secondary"], []],
  [
    "-c orders -q '{}' --excludeCollection=a --excludeCollectionsWithPrefix=b --queryFile /q",
    [
      "--collection=orders",
      "--query={}",
      "--excludeCollection=a",
      "--excludeCollectionsWithPrefix=b",
      "--queryFile=/q",
    ],
    [
      "--collection=orders",
      "--query={}",
      "--excludeCollection=a",
      "--excludeCollectionsWithPrefix=b",
      "--queryFile=/q",
    ],
  ],
])("judgeDumperOptions() takes %s", (words, args, narrowed) => {
  expect(judgeDumperOptions(words)).toEqual({ args, narrowed });
});

test.each([
  "--uri=mongodb://h",
  "--config /x",
  "-h h",
  "--port 1",
  "-u u",
  "-p p",
  "-d db",
  "--db=db",
  "--out=-",
  "--archive=x",
  "--gzip",
  "--oplog",
  "--dumpDbUsersAndRoles",
  "--viewsAsCollections",
  "--quiet",
  "-vvv",
  "--tlsInsecure",
  "--no-such-option",
  "shop",
])("judgeDumperOptions() refuses %s", (words) => {
  expect(() => judgeDumperOptions(words)).toThrow("cannot be given to mongodump");
});

testWithTools("judgeDumperOptions() knows every option that mongodump tells of", async () => {
  const help = await new Response(Bun.spawn(["mongodump", "--help"]).stdout).text();
  const told = [...help.matchAll(/^\s+(?:\/?(?:-\w, *)?)?(?:-\w, )?--(\w+)/gm)].map(([, name]) => name ?? "");
  expect(told.length).toBeGreaterThan(30);
  const known = new Set(MONGODUMP_OPTIONS.map(({ long }) => long));
  expect(told.filter((name) => !known.has(name))).toEqual([]);
});
