import { afterAll, expect, test } from "bun:test";
import { chmod, symlink } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import type { Gap } from "../../src/database/database.ts";
import { failureOf } from "../conformance/sample.ts";
import { createDatabase, open } from "../database/postgres/servers.ts";
import { sharedPostgres } from "../services.ts";
import { makeSite, never } from "./site.ts";

const server = await sharedPostgres();
const folder = await temporaryFolder("gaps");
afterAll(() => folder[Symbol.asyncDispose]());
await server.query("CREATE ROLE gaps_reader LOGIN");
const guarded = await createDatabase(
  server,
  "CREATE TABLE seen (id int); CREATE TABLE hidden (id int); GRANT SELECT ON seen TO gaps_reader",
);
const url = server.url(guarded).replace("postgres@", "gaps_reader@");

test("backUp() refuses a database with gaps, before anything is stored", async () => {
  await using site = await makeSite();
  expect(await failureOf(site.backUp({ database: open({ url }) }))).toMatchObject({
    kind: "incomplete",
    message: expect.stringContaining('would lack table "public"."hidden" (the role may not read it)'),
    hint: expect.stringContaining(
      'GRANT SELECT ON TABLE "public"."hidden" TO "gaps_reader";\nor set acceptIncomplete',
    ),
  });
  expect((await site.store.list("", never)).objects).toEqual([]);
});

test("backUp() makes a backup of what can be read, if that is accepted, and tells what it lacks", async () => {
  await using site = await makeSite();
  const told: Gap[] = [];
  const tellGaps = (gaps: readonly Gap[]) => void told.push(...gaps);
  const { manifest } = await site.backUp({ database: open({ url }), acceptIncomplete: true, tellGaps });
  expect(manifest).toMatchObject({
    complete: false,
    tables: 1,
    rows: 0,
    gaps: { count: 1, kinds: ["table"] },
  });
  expect(JSON.stringify(manifest)).not.toContain("hidden");
  expect(told.map(({ object }) => object)).toEqual(['table "public"."hidden"']);
});

test("backUp() stores nothing if the dump tells of a gap that nobody saw before", async () => {
  await using site = await makeSite();
  const script = `#!/bin/sh
[ "$1" = --version ] || echo "pg_dump: warning: subscriptions not dumped because current user is not a superuser" >&2
exec "${server.binDirectory}/pg_dump" "$@"
`;
  await Bun.write(join(folder.path, "pg_dump"), script);
  await chmod(join(folder.path, "pg_dump"), 0o755);
  for (const program of ["psql", "pg_restore"])
    await symlink(join(server.binDirectory, program), join(folder.path, program));
  const whole = await createDatabase(server, "CREATE TABLE seen (id int)");
  const database = open({ url: server.url(whole), databaseToolsDirectory: folder.path });
  expect(await failureOf(site.backUp({ database }))).toMatchObject({
    kind: "incomplete",
    message: expect.stringContaining("would lack subscriptions (current user is not a superuser)"),
    hint: expect.stringContaining("dump as a superuser"),
  });
  const left = (await site.store.list("", never)).objects.map(({ key }) => key);
  expect(left).toEqual(["shop/identity"]);
  const { manifest } = await site.backUp({ database, acceptIncomplete: true, adopt: true });
  expect(manifest.complete).toBe(false);
});
