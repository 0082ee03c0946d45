import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { startPostgres, type Postgres as Server } from "../../../scripts/services/postgres.ts";
import { runProgram, temporaryFolder } from "../../../scripts/services/service.ts";
import { type Bytes, streamOf, utf8 } from "../../../src/base/bytes.ts";
import type { Database, Instance } from "../../../src/database/database.ts";
import { databaseDrivers } from "../../../src/database/registry.ts";
import { errorOf } from "../../conformance/sample.ts";
import { dumpOf, never, open, PLAN } from "./servers.ts";

setDefaultTimeout(30_000);

let source: Server;
let target: Server;

const ROLES = `
  CREATE ROLE grp; CREATE ROLE other NOLOGIN CONNECTION LIMIT 3;
  CREATE ROLE "Ünï "" x" LOGIN CREATEDB PASSWORD 'secret' VALID UNTIL '2031-01-01';
  GRANT grp TO "Ünï "" x" WITH ADMIN OPTION;
  SET ROLE "Ünï "" x"; GRANT grp TO other; RESET ROLE;
  GRANT pg_monitor TO other;
  ALTER ROLE other SET search_path TO a, "B c"; ALTER ROLE other SET work_mem = '5MB';
  COMMENT ON ROLE other IS E'it''s \\\\ a\\nnote; -- x';
  GRANT SET ON PARAMETER log_min_duration_statement TO other WITH GRANT OPTION;
  SET ROLE other; GRANT SET ON PARAMETER log_min_duration_statement TO grp; RESET ROLE;
  CREATE ROLE backup LOGIN PASSWORD 'x';
`;

beforeAll(async () => {
  [source, target] = await Promise.all([startPostgres(), startPostgres()]);
  await source.query(ROLES);
});

afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

function serverOf(url: string, more: Record<string, unknown> = {}): Instance {
  const { postgres } = databaseDrivers;
  const whole = url.replace(/\/[^/]*$/, "/*");
  const instance = postgres.instance(postgres.options.parse({ url: whole, ...more }));
  if (instance === null) throw new Error("it is no server");
  return instance;
}

function globalsOf(url: string, more: Record<string, unknown> = {}): Database {
  const globals = serverOf(url, more).globals();
  if (globals === null) throw new Error("there are no globals");
  return globals;
}

const asBackup = (): string => source.url("postgres").replace("postgres@", "backup@");

const KIND = { ...PLAN, kind: "pg-globals", tool: { name: "pg_dumpall", version: "15.1" } } as const;

async function restore(dump: Bytes, more: Partial<typeof PLAN> = {}): Promise<readonly string[]> {
  const { notices } = await open({ url: target.url("postgres") }).restore(
    streamOf(dump.slice()),
    { ...KIND, ...more },
    never,
  );
  return notices;
}

async function rolesOf(server: Server): Promise<string> {
  const text = await runProgram([
    join(server.binDirectory, "pg_dumpall"),
    "--globals-only",
    `--database=${server.url("postgres")}`,
  ]);
  return text.replaceAll(/^\\(?:un)?restrict .*\n/gm, "");
}

test("a server lists its databases, but no templates and none that let nobody in", async () => {
  const names = ["Größe 1%", "a", "closed", "model", "B"];
  for (const name of names) await source.query(`CREATE DATABASE "${name}"`);
  await source.query("ALTER DATABASE closed ALLOW_CONNECTIONS false; ALTER DATABASE model IS_TEMPLATE true");
  expect(await serverOf(source.url("postgres")).list(never)).toEqual(["B", "Größe 1%", "a", "postgres"]);
  await source.query("ALTER DATABASE model IS_TEMPLATE false");
  for (const name of names) await source.query(`DROP DATABASE "${name}"`);
});

test("a server is listed through template1 where there is no database postgres", async () => {
  await target.query("ALTER DATABASE postgres RENAME TO gone", "template1");
  expect(await serverOf(target.url("postgres")).list(never)).toEqual(["gone"]);
  const dump = await globalsOf(target.url("postgres")).dump(never);
  expect(dump.details.args).toContain("--database=template1");
  await dump.bytes.cancel();
  await target.query("ALTER DATABASE gone RENAME TO postgres", "template1");
});

test("a server that is not there says so once", async () => {
  const failure = await errorOf(serverOf("postgres://nobody@127.0.0.1:1/x").list(never));
  expect(failure).toMatchObject({ kind: "database", message: expect.stringContaining("Connection refused") });
});

test("a role without a right to passwords dumps the rest, and says what is missing", async () => {
  const globals = globalsOf(asBackup());
  const lacking = [{ kind: "password", object: "passwords of roles", isMinor: true }];
  expect((await globals.check(never)).gaps).toMatchObject(lacking);
  const dump = await globals.dump(never);
  const text = await new Response(dump.bytes).text();
  expect(text).toContain('ALTER ROLE "Ünï "" x" WITH');
  expect(text).not.toContain("SCRAM");
  expect(await dump.report).toMatchObject({ complete: false, gaps: lacking });

  const [{ mend = "" } = {}] = (await globals.check(never)).gaps;
  await source.query(mend);
  expect((await globals.check(never)).gaps).toEqual([]);
  expect(new TextDecoder().decode(await dumpOf(globals))).toContain("SCRAM");
  await source.query("REVOKE SELECT ON pg_authid FROM backup");

  await source.query("GRANT pg_read_all_data TO backup");
  expect(new TextDecoder().decode(await dumpOf(globals))).toContain("SCRAM");
  await source.query("REVOKE pg_read_all_data FROM backup");
});

test("roles come back in another server with passwords, memberships and settings", async () => {
  const dump = await dumpOf(globalsOf(source.url("postgres")));
  expect(await restore(dump)).toEqual(['roles left as they are, since they were there already: "postgres"']);
  expect(await rolesOf(target)).toBe(await rolesOf(source));

  await target.query("ALTER ROLE other CONNECTION LIMIT 7; ALTER ROLE other RESET work_mem;");
  await target.query("REVOKE pg_monitor FROM other");
  const changed = await rolesOf(target);
  await restore(dump);
  expect(await rolesOf(target)).toBe(changed);
  expect(await restore(dump, { force: true })).toContain(
    'roles left as they are, since they were there already: "postgres"',
  );
  expect(await rolesOf(target)).toBe(await rolesOf(source));
});

test("a restore of roles that fails leaves none of them behind, and shows no password", async () => {
  const before = await rolesOf(target);
  const script = "CREATE ROLE half;\nALTER ROLE half WITH LOGIN PASSWORD 'SCRAM-x' WITH;\n";
  const { kind, message } = await errorOf(restore(utf8(script)));
  expect({ kind, message }).toEqual({ kind: "database", message: expect.stringContaining("syntax error") });
  expect(message).not.toContain("SCRAM");
  expect(await rolesOf(target)).toBe(before);
});

test("what is no dump of roles is refused, and a database as a dump of roles too", async () => {
  expect(await errorOf(restore(utf8("\\! id\n")))).toMatchObject({ kind: "damaged" });
  const globals = globalsOf(target.url("postgres"));
  expect(await errorOf(globals.restore(streamOf(), PLAN, never))).toMatchObject({ kind: "target" });
});

test.each([
  ['"$REAL" "$@" | head -n 20', "its last line is missing"],
  ['"$REAL" "$@"; exit 3', "failed with exit code 3"],
])("a pg_dumpall that does %s makes no dump", async (script, said) => {
  await using folder = await temporaryFolder("tools");
  const tools = join(folder.path, "bin");
  await mkdir(tools);
  for (const name of ["psql", "pg_dump", "pg_restore"])
    await symlink(join(source.binDirectory, name), join(tools, name));
  const real = join(source.binDirectory, "pg_dumpall");
  const head = `#!/bin/sh\nREAL=${real}\n[ "$1" = --version ] && exec "$REAL" --version\n`;
  await Bun.write(join(tools, "pg_dumpall"), head + script);
  await chmod(join(tools, "pg_dumpall"), 0o755);
  const globals = globalsOf(source.url("postgres"), { databaseToolsDirectory: tools });
  expect((await errorOf(dumpOf(globals))).message).toContain(said);
});
