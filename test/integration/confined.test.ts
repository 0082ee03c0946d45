// The program lives with what its unit takes away: here its system calls, address families and capabilities.
import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unitText } from "../../src/host/unit.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { sharedPostgres, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import { postgresDatabase, s3Store, sqliteDatabase, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

const CONFINED = fileURLToPath(import.meta.resolve("./confined.py"));

test("a backup by pg_dump to S3, and one of an SQLite file, need no more than the unit allows", async () => {
  await using host = await workspace();
  const unit = join(host.folder, "dbacked.service");
  const usual = { program: "/usr/local/bin/dbacked", config: null, environmentFile: null, name: null };
  await Bun.write(unit, unitText({ ...usual, user: "root", writes: [host.store] }));
  const [server, seaweed] = [await sharedPostgres(), await sharedSeaweed()];
  const file = join(host.folder, "app.db");
  {
    using database = new Database(file);
    database.run("CREATE TABLE t AS SELECT 1 AS id");
  }
  const shop = await createDatabase(server, "CREATE TABLE orders AS SELECT 1 AS id");
  await host.configure({
    databases: [
      postgresDatabase(server, shop, { databaseToolsDirectory: server.binDirectory }),
      sqliteDatabase(file),
    ],
    stores: [s3Store(seaweed, await makeBucket(seaweed))],
  });
  const { exitCode, stderr } = await host.run(["run", "--once"], { prefix: ["python3", CONFINED, unit] });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("app: backup ") });
});

test("these tests do confine: without AF_UNIX an agent cannot tell systemd that it is ready", async () => {
  await using host = await workspace();
  const unit = join(host.folder, "dbacked.service");
  await Bun.write(
    unit,
    "RestrictAddressFamilies=AF_INET\nSystemCallFilter=@system-service\nCapabilityBoundingSet=\n",
  );
  const env = { NOTIFY_SOCKET: join(host.folder, "none") };
  const refused = await host.run(["daemon"], { env, prefix: ["python3", CONFINED, unit] });
  expect(refused.stderr).toContain("The service manager cannot be told");
});
