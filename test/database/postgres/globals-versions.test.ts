import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type Postgres, startPostgres } from "../../../scripts/services/postgres.ts";
import { runProgram } from "../../../scripts/services/service.ts";
import { streamOf } from "../../../src/base/bytes.ts";
import { databaseDrivers } from "../../../src/database/registry.ts";
import { hasVersions, programsOf } from "../../versions.ts";
import { dumpOf, never, open, PLAN } from "./servers.ts";

setDefaultTimeout(60_000);

const MAJORS = [10, 14, 15, 16, 18] as const;
type Major = (typeof MAJORS)[number];

const ROLES = `
  CREATE ROLE grp; CREATE ROLE other CONNECTION LIMIT 3;
  CREATE ROLE lead LOGIN PASSWORD 'secret' VALID UNTIL '2031-01-01';
  GRANT grp TO lead WITH ADMIN OPTION;
  SET ROLE lead; GRANT grp TO other; RESET ROLE;
  GRANT pg_monitor TO other;
  ALTER ROLE other SET work_mem = '5MB';
  COMMENT ON ROLE other IS 'a note';`;

describe.skipIf(!hasVersions)("roles of PostgreSQL 10 to 18", () => {
  const sources = new Map<Major, Postgres>();
  let targets: Postgres[] = [];

  const start = (major: Major) => startPostgres({ binDirectory: programsOf(`postgres-${major}`) });

  beforeAll(async () => {
    await Promise.all(
      MAJORS.map(async (major) => {
        const server = await start(major);
        sources.set(major, server);
        await server.query(ROLES);
      }),
    );
  });

  afterAll(async () => {
    await Promise.all([...sources.values(), ...targets].map((server) => server.stop()));
  });

  test.each<[Major, Major]>([
    [10, 10],
    [10, 14],
    [10, 18],
    [14, 16],
    [15, 18],
    [16, 18],
    [18, 18],
  ])("from version %d to %d", async (from, to) => {
    const source = sources.get(from);
    if (source === undefined) throw new Error(`no server of version ${from}`);
    const target = await start(to);
    targets = [...targets, target];
    const { postgres } = databaseDrivers;
    const whole = {
      url: source.url("x").replace(/x$/, "*"),
      databaseToolsDirectory: programsOf("postgres-18"),
    };
    const globals = postgres.instance(postgres.options.parse(whole))?.globals();
    if (globals === null || globals === undefined) throw new Error("there are no globals");
    const plan = { ...PLAN, kind: "pg-globals", tool: { name: "pg_dumpall", version: "18.1" } } as const;
    const { notices } = await open({ url: target.url("postgres") }).restore(
      streamOf(await dumpOf(globals)),
      plan,
      never,
    );
    expect(notices).toContain('roles left as they are, since they were there already: "postgres"');
    expect(await rolesOf(target, from)).toBe(await rolesOf(source, from));
  });
});

/** Before version 16 it does not matter who granted a membership, and nobody dumps it any more. */
async function rolesOf(server: Postgres, from: Major): Promise<string> {
  const program = join(programsOf("postgres-18"), "pg_dumpall");
  const text = await runProgram([program, "--globals-only", `--database=${server.url("postgres")}`]);
  const roles = text.replaceAll(/^\\(?:un)?restrict .*\n/gm, "").replaceAll(/\n+/g, "\n");
  if (from >= 16) return roles;
  return roles.replaceAll(/ WITH INHERIT TRUE(?= GRANTED)|, INHERIT TRUE| GRANTED BY [^;]+/g, "");
}
