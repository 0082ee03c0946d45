// One database and one bucket, described as in 2018: by variables alone, and by a flat JSON file.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";

import { temporaryFolder, type TemporaryFolder } from "../../scripts/services/service.ts";
import { run } from "../integration/binary.ts";
import { sharedKeys } from "../integration/workspace.ts";
import { sharedPostgres, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";

const TIMEOUT_MS = 60_000;
const ROWS = "1|Ada\n2|Grace";

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder("flat");
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

/** A new bucket, as the names of 2018 have it. They know no endpoint, but the variables of AWS do. */
async function describeBucket(): Promise<{ s3: Record<string, string>; aws: Record<string, string> }> {
  const { endpoint, accessKeyId, secretAccessKey } = await sharedSeaweed();
  const bucket = await makeBucket(await sharedSeaweed());
  return {
    s3: {
      s3bucket: bucket.name,
      s3region: "us-east-1",
      s3accessKeyId: accessKeyId,
      s3secretAccessKey: secretAccessKey,
    },
    aws: { AWS_ENDPOINT_URL_S3: endpoint },
  };
}

/** The same as variables: `s3accessKeyId` → `DBACKED_S3_ACCESS_KEY_ID`. */
function asVariables(names: Record<string, string>): Record<string, string> {
  const spell = (name: string): string => name.replace(/^s3/, "S3_").replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_");
  return Object.fromEntries(
    Object.entries(names).map(([name, value]) => [`DBACKED_${spell(name).toUpperCase()}`, value]),
  );
}

async function succeed(args: readonly string[], env: Record<string, string>): Promise<string> {
  const { exitCode, stdout, stderr } = await run(args, { cwd: folder.path, env });
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: expect.any(String) });
  return stdout;
}

test(
  "variables alone describe an SQLite file and a bucket",
  async () => {
    const { s3, aws } = await describeBucket();
    const keys = await sharedKeys();
    const source = join(folder.path, "shop.db");
    const target = join(folder.path, "restored.db");
    using database = new Database(source);
    database.run("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)");
    database.run("INSERT INTO customers (name) VALUES ('Ada'), ('Grace')");
    await Bun.write(join(folder.path, "made", "config.toml"), "");
    await succeed(["signer", "new", "--config", "made/config.toml"], {});
    const env = {
      ...aws,
      ...asVariables({ ...s3, dbType: "sqlite", dbConnectionString: `sqlite://${source}` }),
      DBACKED_PUBLIC_KEY: await Bun.file(keys.publicKey).text(),
      DBACKED_SIGNER_KEY: await Bun.file(join(folder.path, "made", "signer.pem")).text(),
    };

    await succeed(["run", "--once"], env);
    const [listed] = JSON.parse(await succeed(["list", "--json"], env)) as Record<string, unknown>[];
    expect(listed).toMatchObject({ database: "shop.db", engine: "sqlite", store: "s3", doubt: null });
    const opener = { ...env, DBACKED_PRIVATE_KEY: await Bun.file(keys.privateKey).text() };
    await succeed(["restore", "--last-backup", "--to", `sqlite://${target}`], opener);

    using restored = new Database(target, { readonly: true });
    const rows = restored.query("SELECT id, name FROM customers").values();
    expect(rows.map((row) => row.join("|")).join("\n")).toBe(ROWS);
  },
  TIMEOUT_MS,
);

test(
  "a flat JSON file describes a PostgreSQL database and a bucket, and options stand above it",
  async () => {
    const { s3, aws } = await describeBucket();
    const keys = await sharedKeys();
    const server = await sharedPostgres();
    const [source, target] = [`flat_${process.pid}`, `flat_${process.pid}_restored`];
    for (const name of [source, target]) await server.query(`CREATE DATABASE ${name}`);
    await server.query("CREATE TABLE customers (id serial PRIMARY KEY, name text)", source);
    await server.query("INSERT INTO customers (name) VALUES ('Ada'), ('Grace')", source);
    const file = join(folder.path, "config.json");
    const config = {
      subscriptionType: "free",
      agentId: "host-1",
      ...s3,
      dbType: "pg",
      dbHost: server.host,
      dbPort: String(server.port),
      dbUsername: server.superuser,
      dbName: "overruled",
      dbAlias: "Shop",
      dumperOptions: "--no-privileges",
      databaseToolsDirectory: server.binDirectory,
      publicKey: await Bun.file(keys.publicKey).text(),
      sendAnalytics: false,
      daemon: false,
    };
    await Bun.write(file, JSON.stringify(config));
    const env = { ...aws, DBACKED_CONFIG: file };

    await succeed(["run", "--once", "--db-name", source], env);
    const listed = JSON.parse(await succeed(["list", "--json"], env)) as Record<string, unknown>[];
    expect(listed).toMatchObject([{ database: "shop", engine: "postgres", tables: 1, doubt: null }]);
    const to = ["--to", server.url(target), "--private-key-path", keys.privateKey];
    await succeed(["restore", "--last-backup", "--database", "shop", ...to], env);

    expect((await server.query("SELECT * FROM customers ORDER BY id", target)).trim()).toBe(ROWS);
    for (const name of [source, target]) await server.query(`DROP DATABASE ${name}`);
  },
  TIMEOUT_MS,
);
