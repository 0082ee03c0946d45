import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type Postgres, startPostgres } from "../../scripts/services/postgres.ts";
import { runProgram } from "../../scripts/services/service.ts";
import { streamOf } from "../../src/base/bytes.ts";
import type { Manifest } from "../../src/catalog/manifest.ts";
import { errorOf } from "../conformance/sample.ts";
import { leastRole } from "../database/least-role.ts";
import { createDatabase, dumpOf, EVERYTHING, never, open, PLAN } from "../database/postgres/servers.ts";
import { hasVersions, programsOf } from "../versions.ts";
import { expectFailure } from "./scene.ts";
import { type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

const MAJORS = [10, 11, 12, 13, 14, 15, 16, 17, 18] as const;
type Major = (typeof MAJORS)[number];

/** Clients that the program finds on PATH, besides those that the machine has installed. */
const CLIENTS = ["postgres-client-17", "postgres-18"] as const;

/** What some version brought, and later ones have. */
const NEWS: Partial<Record<Major, string>> = {
  11: "CREATE PROCEDURE twice() LANGUAGE sql AS 'SELECT 1; SELECT 2';",
  14: "CREATE TABLE ranges (m int4multirange); INSERT INTO ranges VALUES ('{[1,3),[5,8)}');",
  15: "CREATE TABLE one_null (a int UNIQUE NULLS NOT DISTINCT); INSERT INTO one_null VALUES (NULL);",
  17: "CREATE TABLE documents (d jsonb); INSERT INTO documents VALUES ('{\"a\": [1, null]}');",
  18: "CREATE TABLE virtual (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL); INSERT INTO virtual VALUES (21);",
};

/** A server with a database that holds a bit of everything, and a role that may read it. */
interface Place {
  server: Postgres;
  database: string;
  /** Its backup. */
  id: string;
}

describe.skipIf(!hasVersions)("PostgreSQL 10 to 18", () => {
  const places = new Map<Major, Place>();
  let host: Workspace;

  beforeAll(async () => {
    host = await workspace();
    await Promise.all(MAJORS.map(async (major) => places.set(major, await makePlace(major))));
    const databases = [...places].map(([major, place]) => databaseOf(major, place));
    await host.configure({ databases });
    const { exitCode, stdout, stderr } = await run(["run", "--once", "--json"]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const { backups } = JSON.parse(stdout) as { backups: { id: string; database: string }[] };
    for (const { id, database } of backups) place(Number(database.slice(1)) as Major).id = id;
  });

  afterAll(async () => {
    await Promise.all([...places.values()].map(({ server }) => server.stop()));
    await host[Symbol.asyncDispose]();
  });

  const place = (major: Major): Place => {
    const found = places.get(major);
    if (found === undefined) throw new Error(`no server of version ${major}`);
    return found;
  };

  const run = (args: readonly string[]) => {
    const path = [...CLIENTS.map(programsOf), process.env["PATH"]].join(":");
    return host.run(args, { env: { PATH: path } });
  };

  /** Restores a backup of one version into a new database of another. */
  const restoreInto = async (to: Major, from: Major): Promise<string> => {
    const { server } = place(to);
    const target = await createDatabase(server);
    const key = ["--private-key-path", host.privateKey];
    const { exitCode, stderr } = await run(["restore", place(from).id, ...key, "--to", server.url(target)]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    return target;
  };

  test.each(MAJORS)("version %i is dumped by the oldest client that is new enough", async (major) => {
    const { stdout } = await run(["show", "--json", place(major).id]);
    const { manifest } = JSON.parse(stdout) as { manifest: Manifest };
    expect(manifest).toMatchObject({ complete: true, consistent: "snapshot" });
    expect(Number.parseInt(manifest.tool.version, 10)).toBe(await oldestClient(major));
  });

  test.each(MAJORS)("a database of version %i is restored as it was", async (major) => {
    const { server, database } = place(major);
    const target = await restoreInto(major, major);
    expect(await print(server, target)).toBe(await print(server, database));
  });

  test.each([10, 13, 15, 17] as const)("a database of version %i is restored into 18", async (major) => {
    const { server, database } = place(major);
    const target = await restoreInto(18, major);
    expect(await print(place(18).server, target, ["--data-only"])).toBe(
      await print(server, database, ["--data-only"]),
    );
    expect(await objectsOf(place(18).server, target)).toBe(await objectsOf(server, database));
  });

  const withClientsOf18 = (server: Postgres, database: string) =>
    open({ url: server.url(database), databaseToolsDirectory: programsOf("postgres-18") });

  const plan = { ...PLAN, tool: { name: "pg_dump", version: "18.6" } };

  test.each([10, 14] as const)("clients of 18 dump and restore a database of version %i", async (major) => {
    const { server, database } = place(major);
    const dump = await dumpOf(withClientsOf18(server, database));
    const target = await createDatabase(server);
    await withClientsOf18(server, target).restore(streamOf(dump), plan, never);
    expect(await print(server, target)).toBe(await print(server, database));
  });

  test("an older server takes a dump of 18 that holds nothing newer than itself", async () => {
    const database = await createDatabase(place(18).server, EVERYTHING);
    const dump = await dumpOf(withClientsOf18(place(18).server, database));
    const { server } = place(13);
    const target = await createDatabase(server);
    await withClientsOf18(server, target).restore(streamOf(dump), plan, never);
    expect(await objectsOf(server, target)).toBe(await objectsOf(place(18).server, database));
  });

  test("an older server that does not know what a dump holds is left as it was", async () => {
    const dump = await dumpOf(withClientsOf18(place(18).server, place(18).database));
    const { server } = place(13);
    const target = await createDatabase(server);
    const failure = await errorOf(withClientsOf18(server, target).restore(streamOf(dump), plan, never));
    expect(failure).toMatchObject({ kind: "database", message: expect.stringContaining("Cannot restore") });
    expect(await objectsOf(server, target)).toBe("");
  });

  test("the lock table of 18 is as large as its slots for workers make it", async () => {
    const settings = {
      max_locks_per_transaction: "10",
      max_connections: "10",
      max_worker_processes: "0",
      max_wal_senders: "0",
      wal_level: "minimal",
      autovacuum_worker_slots: "200",
    };
    await using server = await startPostgres({ binDirectory: programsOf("postgres-18"), settings });
    const tables = "FOR i IN 1..500 LOOP EXECUTE format('CREATE TABLE t%s ()', i); END LOOP;";
    const database = await createDatabase(server, `DO $$ BEGIN ${tables} END $$`);
    await dumpOf(open({ url: server.url(database), databaseToolsDirectory: programsOf("postgres-18") }));
  });

  test("a server that is newer than every client is refused", async () => {
    const databaseToolsDirectory = programsOf("postgres-client-17");
    await host.configure({ databases: [{ ...databaseOf(18, place(18)), databaseToolsDirectory }] });
    expectFailure(await run(["run", "--once"]), {
      exitCode: 5,
      says: /pg_dump 17\.\d+ is the newest in .*, which is too old: the server is version 18\.[^]*apt-get install postgresql-client-18/,
    });
  });
});

/** The documentation's least role backs it up. */
function databaseOf(major: Major, { server, database }: Place): Record<string, unknown> {
  const url = server.url(database).replace("postgres@", "backup@");
  return { name: `v${major}`, type: "postgres", url };
}

async function makePlace(major: Major): Promise<Place> {
  const server = await startPostgres({
    binDirectory: programsOf(`postgres-${major}`),
    settings: { shared_buffers: "16MB" },
  });
  const news = MAJORS.map((each) => (each <= major ? (NEWS[each] ?? "") : ""));
  const database = await createDatabase(server, [everythingFor(major), ...news].join("\n"));
  await server.query(await rightsFor(major, database), database);
  return { server, database, id: "" };
}

/** What older versions do not know is left out or said in their words. */
function everythingFor(major: Major): string {
  const for11 = major >= 12 ? EVERYTHING : EVERYTHING.replace("GENERATED ALWAYS AS (a * 2) STORED", "");
  return major >= 11
    ? for11
    : for11.replace(/CREATE PROCEDURE.*/, "").replace("EXECUTE FUNCTION", "EXECUTE PROCEDURE");
}

async function rightsFor(major: Major, database: string): Promise<string> {
  const now = await leastRole("postgres", { shop: `"${database}"` });
  const more = "GRANT SELECT ON LARGE OBJECT 70001, 70002, 70003 TO backup; ALTER ROLE backup BYPASSRLS;";
  if (major >= 14) return now + more;
  const schemas = ["public", '"Größe, ""quoted"" "'];
  const before = await Promise.all(
    schemas.map((schema) => leastRole("postgres before 14", { public: schema, owner: "postgres" })),
  );
  return [now.replace(/GRANT pg_read_all_data.*/, ""), ...before, more].join("\n");
}

/** The oldest client, of those that are installed and those on PATH, that is no older than a server. */
async function oldestClient(server: Major): Promise<number> {
  const installed = new Bun.Glob("*/bin/pg_restore").scan({ cwd: "/usr/lib/postgresql" });
  const majors = [17, 18, ...(await Array.fromAsync(installed)).map((path) => Number.parseInt(path, 10))];
  return Math.min(...majors.filter((major) => major >= server));
}

/** All that a database holds, as the newest pg_dump writes it, without what is random or says the server's version. */
async function print(server: Postgres, database: string, options: readonly string[] = []): Promise<string> {
  const text = await runProgram([
    join(programsOf("postgres-18"), "pg_dump"),
    ...options,
    server.url(database),
  ]);
  return text.replaceAll(/^(?:\\(?:un)?restrict|-- Dumped from) .*\n/gm, "");
}

/** The names of all that has a definition, which versions write in different words. */
async function objectsOf(server: Postgres, database: string): Promise<string> {
  return await server.query(
    `SELECT i.type, i.identity FROM (
       SELECT 'pg_class'::regclass AS class, oid, relnamespace AS schema FROM pg_class
       UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
       UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type WHERE typtype IN ('d', 'e')
     ) o JOIN pg_namespace n ON n.oid = o.schema, pg_identify_object(o.class, o.oid, 0) i
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
       SELECT FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')
     UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL SELECT 'constraint', conname FROM pg_constraint WHERE conrelid >= 16384 AND contype <> 'n'
     UNION ALL SELECT 'policy', polname FROM pg_policy
     ORDER BY 1, 2`,
    database,
  );
}
