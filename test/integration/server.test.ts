// All databases of a PostgreSQL server by one entry of the config.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { startPostgres, type Postgres } from "../../scripts/services/postgres.ts";
import { runProgram } from "../../scripts/services/service.ts";
import { createDatabase, EVERYTHING, print } from "../database/postgres/servers.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import type { Finished } from "./binary.ts";
import { folderStore, s3Store, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(120_000);

/** Names of databases, and of the sets of their backups. */
const SETS = {
  "100%": "prod.100%25",
  "Café Größe": "prod.%43af%C3%A9%20%47r%C3%B6%C3%9Fe",
  shop: "prod.shop",
} as const;

let server: Postgres;
let other: Postgres;

beforeAll(async () => {
  [server, other] = await Promise.all([startPostgres(), startPostgres()]);
  await server.query(`CREATE ROLE backup LOGIN PASSWORD 'x'; GRANT pg_read_all_data TO backup;
    CREATE ROLE "Ünï" LOGIN PASSWORD 'secret' CONNECTION LIMIT 3; GRANT backup TO "Ünï" WITH ADMIN OPTION;
    ALTER ROLE "Ünï" SET search_path TO a, b`);
  for (const name of Object.keys(SETS)) {
    await server.query(`CREATE DATABASE "${name}" TEMPLATE template0`);
    await server.query(`CREATE TABLE mine (name text); INSERT INTO mine VALUES ('${name}')`, name);
  }
  await server.query(EVERYTHING.replace(/SELECT lo_from_bytea[^]*/, ""), "shop");
  await server.query(`CREATE SCHEMA theirs AUTHORIZATION "Ünï"; ALTER TABLE tree OWNER TO "Ünï"`, "shop");
  // Row security and the like hide nothing from the least role then.
  await server.query("ALTER ROLE backup BYPASSRLS");
});

afterAll(async () => {
  await Promise.all([server.stop(), other.stop()]);
});

/** An entry for all databases of the server but `postgres`, by the least role. */
function entry(more: Record<string, unknown> = {}): Record<string, unknown> {
  const { host, port } = server;
  const where = { type: "postgres", host, port, username: "backup", database: "*" };
  return { name: "prod", ...where, exclude: ["postgres"], ...more };
}

interface Report {
  backups: { id: string; database: string; complete: boolean }[];
  failures: { database: string; kind: string; message: string }[];
}

async function runAll(host: Workspace, names: readonly string[] = []): Promise<Report & Finished> {
  const finished = await host.run(["run", "--once", "--json", ...names]);
  return { ...finished, ...(JSON.parse(finished.stdout) as Report) };
}

const setsIn = (made: readonly { database: string }[]) => made.map(({ database }) => database);

async function restore(host: Workspace, ...args: readonly string[]): Promise<Finished> {
  return await host.run(["restore", "--private-key-path", host.privateKey, ...args]);
}

/** Restores the newest backup of a set into a new database of the other server, and gives what that holds then. */
async function restored(host: Workspace, set: string): Promise<string> {
  const target = await createDatabase(other);
  const args = ["--last-backup", "--database", set, "--to", other.url(target)];
  const { exitCode, stderr } = await restore(host, ...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
  return await print(other, target);
}

async function rolesOf(from: Postgres): Promise<string> {
  const pgDumpall = join(from.binDirectory, "pg_dumpall");
  const text = await runProgram([pgDumpall, "--globals-only", `--database=${from.url("postgres")}`]);
  return text.replaceAll(/^\\(?:un)?restrict .*\n/gm, "");
}

test("every database and the roles are backed up and come back", async () => {
  await using host = await workspace({ databases: [entry({ username: server.superuser })] });
  const { exitCode, backups, failures, stderr } = await runAll(host);
  expect({ exitCode, failures }).toEqual({ exitCode: 0, failures: [] });
  expect(setsIn(backups)).toEqual(["prod.%globals", ...Object.values(SETS)]);
  expect(backups.filter(({ complete }) => !complete)).toEqual([]);
  for (const set of setsIn(backups)) expect(stderr).toContain(`${set}: backup `);

  const roles = ["--last-backup", "--database", "prod.%globals", "--to", other.url("postgres")];
  expect(await restore(host, ...roles)).toMatchObject({ exitCode: 0 });
  expect(await rolesOf(other)).toBe(await rolesOf(server));
  for (const [name, set] of Object.entries(SETS))
    expect(await restored(host, set)).toBe(await print(server, name));

  const again = await restore(host, ...roles);
  expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("left as they are") });
});

test("a new database is picked up, and a dropped one can still be restored", async () => {
  await using host = await workspace({ databases: [entry()] });
  await server.query("CREATE DATABASE gone TEMPLATE template0");
  await server.query("CREATE TABLE last (words text); INSERT INTO last VALUES ('bye')", "gone");
  const content = await print(server, "gone");
  expect(setsIn((await runAll(host)).backups)).toContain("prod.gone");
  await server.query("DROP DATABASE gone");
  await server.query("CREATE DATABASE fresh TEMPLATE template0");
  const second = await runAll(host);
  expect(setsIn(second.backups)).toEqual([
    "prod.%globals",
    SETS["100%"],
    SETS["Café Größe"],
    "prod.fresh",
    "prod.shop",
  ]);
  expect(await restored(host, "prod.gone")).toBe(content);
  await server.query("DROP DATABASE fresh");

  const listed = async (...args: readonly string[]) => {
    const { stdout } = await host.run(["list", "--json", ...args]);
    return setsIn(JSON.parse(stdout) as { database: string }[]);
  };
  expect(await listed()).toHaveLength(10);
  expect(await listed("--database", "prod")).toHaveLength(10);
  expect(await listed("--database", "prod.gone")).toEqual(["prod.gone"]);
  const vague = await restore(host, "--last-backup", "--database", "prod", "--to", other.url("x"));
  expect(vague).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/of which database\?.*prod\.gone/),
  });

  // A host that only restores does not know what the entries are.
  await host.configure({ identity: { trustedSigners: [await signerOf(host)] } });
  expect(await listed("--database", "prod")).toHaveLength(10);
  expect(await restored(host, "prod.gone")).toBe(content);
});

async function signerOf(host: Workspace): Promise<string> {
  return (await host.run(["signer", "show"])).stdout.trim();
}

test("a role that may not read passwords backs up the rest of the roles, and says so", async () => {
  await server.query("CREATE ROLE poor LOGIN");
  await server.query("GRANT SELECT ON mine TO poor", "100%");
  await using host = await workspace({ databases: [entry({ username: "poor", include: ["100%"] })] });
  const { exitCode, backups, stderr } = await runAll(host);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
  expect(backups.map(({ database, complete }) => ({ database, complete }))).toEqual([
    { database: "prod.%globals", complete: false },
    { database: SETS["100%"], complete: true },
  ]);
  expect(stderr).toContain("prod.%globals: lacks passwords of roles (the role may not read them)");
  expect((await host.run(["list"])).stdout).toMatch(/prod\.%globals.*NO \(1 gap: password\)/);
  await server.query("DROP OWNED BY poor", "100%");
  await server.query("DROP ROLE poor");
});

test("one database that the role may not enter fails alone", async () => {
  await using host = await workspace({ databases: [entry()] });
  await server.query("REVOKE CONNECT ON DATABASE shop FROM PUBLIC");
  const { exitCode, backups, failures } = await runAll(host);
  expect(exitCode).toBe(4);
  expect(setsIn(backups)).toEqual(["prod.%globals", SETS["100%"], SETS["Café Größe"]]);
  expect(failures).toMatchObject([
    {
      database: "prod.shop",
      kind: "database",
      message: expect.stringContaining("permission denied"),
      hint: expect.stringContaining('GRANT CONNECT ON DATABASE "shop" TO'),
    },
  ]);
  await server.query("GRANT CONNECT ON DATABASE shop TO PUBLIC");
});

test("run takes the name of the server, or of one of its databases", async () => {
  await using host = await workspace({ databases: [entry()] });
  expect(setsIn((await runAll(host, [SETS["100%"]])).backups)).toEqual([SETS["100%"]]);
  expect((await runAll(host, ["prod"])).backups).toHaveLength(4);
  const absent = await runAll(host, ["prod.nothing", "prod.shop"]);
  expect(absent).toMatchObject({
    exitCode: 4,
    backups: [{ database: "prod.shop" }],
    failures: [{ database: "prod.nothing", kind: "database" }],
  });
  const unknown = await host.run(["run", "--once", "pord"]);
  expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("did you mean prod?") });
});

test("what include names and is not there, what it leaves nothing of, and a name that is taken are failures", async () => {
  const databases = [
    entry({ include: ["shop", "away"] }),
    entry({ name: "empty", include: ["nothing_*"] }),
    entry({ name: "down", port: 1 }),
    { ...entry({ name: "prod.shop", database: "100%" }), exclude: undefined },
  ];
  await using host = await workspace({ databases: databases.map((each) => withoutVoid(each)) });
  const { exitCode, backups, failures } = await runAll(host);
  expect(exitCode).toBe(3);
  expect(setsIn(backups)).toEqual(["prod.%globals", "empty.%globals", "prod.shop"]);
  expect(failures).toMatchObject([
    { database: "prod.shop", kind: "config", message: expect.stringContaining('the entry "prod.shop"') },
    { database: "prod.away", kind: "database", message: expect.stringContaining('No database "away"') },
    { database: "empty", kind: "database" },
    { database: "down", kind: "database", message: expect.stringContaining("Connection refused") },
  ]);
});

function withoutVoid(table: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).filter(([, value]) => value !== undefined));
}

test("restore goes into the database that was backed up, and into no other", async () => {
  await using host = await workspace({ databases: [entry({ username: server.superuser })] });
  await runAll(host);
  const before = await print(server, "Café Größe");
  await server.query("DELETE FROM mine", "Café Größe");
  const set = SETS["Café Größe"];
  const args = ["--last-backup", "--database", set, "--force", "-y", "--to-source"];
  expect(await restore(host, ...args)).toMatchObject({ exitCode: 0 });
  expect(await print(server, "Café Größe")).toBe(before);
  const roles = await restore(host, "--last-backup", "--database", "prod.%globals", "-y", "--to-source");
  expect(roles).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("left as they are") });
  const whole = await restore(
    host,
    "--last-backup",
    "--database",
    set,
    "--to",
    other.url("x").replace("x", "*"),
  );
  expect(whole).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("a whole server") });
});

const PLACES = {
  SeaweedFS: sharedSeaweed,
  "Ceph RGW": sharedRgw,
};

test.each(Object.entries(PLACES))("sets with odd names are kept on %s", async (_, start) => {
  const s3 = await start();
  const stores = [s3Store(s3, await makeBucket(s3))];
  await using host = await workspace({ databases: [entry({ include: ["100%", "Café*"] })], stores });
  expect((await runAll(host)).backups).toHaveLength(3);
  expect((await runAll(host)).backups).toHaveLength(3);
  expect(await restored(host, SETS["100%"])).toBe(await print(server, "100%"));
  expect(await restored(host, SETS["Café Größe"])).toBe(await print(server, "Café Größe"));
});

test("two hosts with a server of the same name do not take each other's backups for their own", async () => {
  await using host = await workspace({ databases: [entry({ include: ["shop"] })] });
  await runAll(host);
  await other.query("CREATE ROLE backup LOGIN; GRANT pg_read_all_data TO backup").catch(() => {});
  await other.query("CREATE DATABASE shop");
  await host.configure({
    databases: [entry({ include: ["shop"], port: other.port })],
    stores: [folderStore(host.store)],
  });
  const { exitCode, failures } = await runAll(host);
  expect({ exitCode, failures }).toMatchObject({
    exitCode: 3,
    failures: [{ database: "prod.%globals" }, { database: "prod.shop" }],
  });
});
