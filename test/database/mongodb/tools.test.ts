import { afterAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MONGODB_TOOLS } from "../../../src/database/mongodb/tools.ts";
import { findTools } from "../../../src/tool/find.ts";
import { signal, testWithTools } from "./servers.ts";

const folder = await mkdtemp(join(tmpdir(), "dbacked-test-mongotools-"));
afterAll(() => rm(folder, { recursive: true }));

test.each<[string, string | null]>([
  ["mongodump version: 100.9.4\ngit version: 6d4f001\nGo version: go1.21.3\n", "100.9.4"],
  ["mongodump version: r4.2.24\ngit version: x", "4.2.24"],
  ["mongodump version: built-without-version-string\nGo version: go1.25", "100 (self-built)"],
  ["something else", null],
])("MONGODB_TOOLS read the version in %j", (said, version) => {
  expect(MONGODB_TOOLS.readVersion?.(said) ?? null).toBe(version);
});

test("findTools() takes the major version of MongoDB's tools", async () => {
  for (const program of MONGODB_TOOLS.programs) {
    await Bun.write(join(folder, program), "#!/bin/sh\necho 'mongodump version: 100.9.4'\n");
    await chmod(join(folder, program), 0o755);
  }
  expect(await findTools(MONGODB_TOOLS, folder, signal)).toEqual([
    { directory: folder, version: "100.9.4", major: 100 },
  ]);
});

testWithTools("findTools() finds those that are installed", async () => {
  const found = await findTools(MONGODB_TOOLS, undefined, signal);
  expect(found[0]?.major).toBe(100);
});
