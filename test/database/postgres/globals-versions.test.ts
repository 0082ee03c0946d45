import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Postgres, startPostgres } from "../../../scripts/services/postgres.ts";
import { streamOf } from "../../../src/base/bytes.ts";
import type { Database } from "../../../src/database/database.ts";
import { databaseDrivers } from "../../../src/database/registry.ts";
import { errorOf } from "../../conformance/sample.ts";
import { dumpOf, never, open, PLAN } from "./servers.ts";
import { hasVersions, programsOf } from "../../versions.ts";

setDefaultTimeout(60_000);

const MAJORS = [10, 14, 15, 16, 18] as const;
type Major = (typeof MAJORS)[number];

const PLAN_18 = { ...PLAN, kind: "pg-globals", tool: { name: "pg_dumpall", version: "18.6" } } as const;

describe.skipIf(!hasVersions)("roles of PostgreSQL 10 to 18", () => {
  const servers = new Map<Major, Postgres>();

  beforeAll(async () => {
    for (const major of MAJORS) {
      const binDirectory = programsOf(`postgres-${major}`);
      const server = await startPostgres({ binDirectory, settings: { shared_buffers: "16MB" } });
      servers.set(major, server);
      await server.query(rolesFor(major));
    }
  });

  afterAll(async () => {
    await Promise.all([...servers.values()].map((server) => server.stop()));
  });

  const server = (major: Major): Postgres => {
    const found = servers.get(major);
    if (found === undefined) throw new Error(`no server of version ${major}`);
    return found;
  };

  test.each([
    [10, 18],
    [14, 16],
    [15, 18],
    [16, 18],
    [10, 14],
  ] as const)("those of version %i are restored into %i", async (from, to) => {
    const dump = await dumpOf(globalsOf(server(from)));
    await targetOf(server(to)).restore(streamOf(dump), PLAN_18, never);
    expect(await print(server(to), from)).toBe(await print(server(from), from));
  });

  test("those that say what an older server does not know change nothing there", async () => {
    const dump = await dumpOf(globalsOf(server(16)));
    const failure = await errorOf(targetOf(server(14)).restore(streamOf(dump), PLAN_18, never));
    expect(failure).toMatchObject({ kind: "database", message: expect.stringContaining("Cannot restore") });
    expect(await print(server(14), 16)).toBe("");
  });
});

const OPTIONS = { databaseToolsDirectory: hasVersions ? programsOf("postgres-18") : "/nowhere" };

function globalsOf(server: Postgres): Database {
  const { postgres } = databaseDrivers;
  const { host, port, superuser } = server;
  const options = postgres.options.parse({ ...OPTIONS, host, port, username: superuser, database: "*" });
  const globals = postgres.instance(options)?.globals();
  if (globals === null || globals === undefined) throw new Error("there are no globals");
  return globals;
}

function targetOf(server: Postgres): Database {
  return open({ ...OPTIONS, url: server.url("postgres") });
}

/** Each version's have names of their own. */
function rolesFor(major: Major): string {
  return `
    CREATE ROLE of${major}_group;
    CREATE ROLE "of${major} Größe" LOGIN CREATEDB CONNECTION LIMIT 3 PASSWORD 'secret' VALID UNTIL '2031-01-01';
    CREATE ROLE of${major}_third;
    GRANT of${major}_group TO "of${major} Größe" WITH ADMIN OPTION;
    SET ROLE "of${major} Größe"; GRANT of${major}_group TO of${major}_third; RESET ROLE;
    GRANT pg_monitor TO of${major}_third;
    ALTER ROLE of${major}_third SET search_path TO a, "B c";
    COMMENT ON ROLE of${major}_third IS 'it''s';
    ${major >= 15 ? `GRANT SET ON PARAMETER log_min_duration_statement TO of${major}_third;` : ""}`;
}

/** The roles of one version, as a server has them. */
async function print(server: Postgres, major: Major): Promise<string> {
  return await server.query(
    `SELECT rolname, rolcanlogin, rolcreatedb, rolconnlimit, rolvaliduntil, rolpassword,
       shobj_description(oid, 'pg_authid'), (SELECT setconfig FROM pg_db_role_setting WHERE setrole = r.oid),
       (SELECT array_agg(m.roleid::regrole || ' ' || m.admin_option ORDER BY 1)
         FROM pg_auth_members m WHERE m.member = r.oid)
     FROM pg_authid r WHERE rolname LIKE 'of${major}%' ORDER BY rolname`,
  );
}
