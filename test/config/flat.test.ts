import { afterAll, expect, test } from "bun:test";

import { flatFlags, FLAT_OPTIONS } from "../../src/cli/flat-options.ts";
import type { Config } from "../../src/config/config.ts";
import { FLAT_NAMES, spell, variableOf } from "../../src/config/flat-names.ts";
import { PEM, Place } from "./given.ts";

const place = await Place.make();
afterAll(async () => place.remove());

type Values = Record<string, string | number | boolean>;

const MINIMUM = { dbType: "pg", dbName: "shop", s3bucket: "acme", publicKey: PEM };

async function load(file: Values, environment: Record<string, string> = {}): Promise<Config> {
  return await place.load({ json: JSON.stringify(file), environment, needs: ["recipients"] });
}

const FLAT_2018 = {
  subscriptionType: "free",
  agentId: "web-1",
  databaseToolsDirectory: "/opt/pg/bin",
  publicKey: PEM,
  s3accessKeyId: "AKIA",
  s3secretAccessKey: "hunter2",
  s3region: "eu-west-1",
  s3bucket: "acme",
  dbType: "pg",
  dbHost: "db.internal",
  dbPort: "5433",
  dbUsername: "backup",
  dbPassword: "hunter3",
  dbName: "Shop DB",
  dumperOptions: "--no-privileges --no-owner",
  sendAnalytics: false,
};

test("loadConfig() reads a flat file of 2018", async () => {
  const config = await load(FLAT_2018);
  expect(config.agentId).toBe("web-1");
  expect(config.databases).toMatchObject([
    {
      name: "shop-db",
      type: "postgres",
      stores: ["s3"],
      compression: { name: "zstd", level: 3 },
      options: {
        host: "db.internal",
        port: 5433,
        username: "backup",
        database: "Shop DB",
        databaseToolsDirectory: "/opt/pg/bin",
        dumperOptions: "--no-privileges --no-owner",
      },
    },
  ]);
  expect(config.stores).toMatchObject([
    { name: "s3", type: "s3", options: { bucket: "acme", region: "eu-west-1", accessKeyId: "AKIA" } },
  ]);
  expect(config.recipients).toMatchObject([{ pem: PEM, label: true }]);
  expect(config.warnings).toEqual(['backups of "Shop DB" go by the name shop-db']);
  expect(JSON.stringify(config)).not.toContain("hunter");
});

test("spell() and variableOf() spell all names as in 2018", () => {
  expect(Object.keys(FLAT_NAMES).map((name) => `${name} --${spell(name)} ${variableOf(name)}`)).toEqual([
    "dbType --db-type DBACKED_DB_TYPE",
    "dbConnectionString --db-connection-string DBACKED_DB_CONNECTION_STRING",
    "dbHost --db-host DBACKED_DB_HOST",
    "dbPort --db-port DBACKED_DB_PORT",
    "dbUsername --db-username DBACKED_DB_USERNAME",
    "dbPassword --db-password DBACKED_DB_PASSWORD",
    "dbPasswordFile --db-password-file DBACKED_DB_PASSWORD_FILE",
    "dbName --db-name DBACKED_DB_NAME",
    "dbAlias --db-alias DBACKED_DB_ALIAS",
    "authenticationDatabase --authentication-database DBACKED_AUTHENTICATION_DATABASE",
    "dumperOptions --dumper-options DBACKED_DUMPER_OPTIONS",
    "databaseToolsDirectory --database-tools-directory DBACKED_DATABASE_TOOLS_DIRECTORY",
    "s3bucket --s3-bucket DBACKED_S3_BUCKET",
    "s3region --s3-region DBACKED_S3_REGION",
    "s3endpoint --s3-endpoint DBACKED_S3_ENDPOINT",
    "s3prefix --s3-prefix DBACKED_S3_PREFIX",
    "s3accessKeyId --s3-access-key-id DBACKED_S3_ACCESS_KEY_ID",
    "s3secretAccessKey --s3-secret-access-key DBACKED_S3_SECRET_ACCESS_KEY",
    "s3secretAccessKeyFile --s3-secret-access-key-file DBACKED_S3_SECRET_ACCESS_KEY_FILE",
    "storePath --store-path DBACKED_STORE_PATH",
    "publicKey --public-key DBACKED_PUBLIC_KEY",
    "agentId --agent-id DBACKED_AGENT_ID",
    "pingUrl --ping-url DBACKED_PING_URL",
    "pingUrlFile --ping-url-file DBACKED_PING_URL_FILE",
    "subscriptionType --subscription-type DBACKED_SUBSCRIPTION_TYPE",
    "apikey --apikey DBACKED_APIKEY",
    "email --email DBACKED_EMAIL",
    "cron --cron DBACKED_CRON",
    "sendAnalytics --send-analytics DBACKED_SEND_ANALYTICS",
    "daemon --daemon DBACKED_DAEMON",
    "daemonName --daemon-name DBACKED_DAEMON_NAME",
  ]);
});

test.each<[Values, string]>([
  [{ dbName: "shop" }, "shop"],
  [{ dbName: "shop", dbAlias: "staging" }, "staging"],
  [{ dbName: "Ünïcode Shop!" }, "n-code-shop-"],
  [{ dbName: "x".repeat(80) }, "x".repeat(63)],
  [{ dbConnectionString: "postgres://backup@h:5432/my%20shop?sslmode=require" }, "my-shop"],
])("loadConfig() names the backups of %j %s", async (values, expected) => {
  const { dbName: _, ...rest } = MINIMUM;
  expect((await load({ ...rest, ...values })).databases[0]?.name).toBe(expected);
});

test("loadConfig() keeps backups in a folder if a path is all that is known of the store", async () => {
  const { s3bucket: _, ...rest } = MINIMUM;
  const { stores } = await load({ ...rest, storePath: "/srv/backups" });
  expect(stores).toMatchObject([{ name: "folder", type: "folder", options: { path: "/srv/backups" } }]);
  const both = load({ ...MINIMUM, storePath: "/srv/backups" });
  expect(both).rejects.toThrow("storePath: means nothing for s3");
});

test("loadConfig() names the backups of an SQLite file after the file", async () => {
  const { dbName: _, ...rest } = MINIMUM;
  const file = { ...rest, dbType: "sqlite", dbConnectionString: "sqlite:///srv/app/App.db" };
  expect((await load(file)).databases).toMatchObject([{ name: "app.db", type: "sqlite" }]);
});

test("loadConfig() reads a flat MongoDB database of 2018, from a file or the environment", async () => {
  const { dbName: _, dbType: __, ...rest } = MINIMUM;
  const variables = {
    DBACKED_DB_TYPE: "mongodb",
    DBACKED_DB_HOST: "db.internal",
    DBACKED_DB_PORT: "27018",
    DBACKED_DB_USERNAME: "backup",
    DBACKED_DB_PASSWORD: "hunter3",
    DBACKED_DB_NAME: "shop",
    DBACKED_AUTHENTICATION_DATABASE: "admin",
  };
  const given = { username: "backup", database: "shop", authenticationDatabase: "admin" };
  expect((await load(rest, variables)).databases).toMatchObject([
    { name: "shop", type: "mongodb", options: { host: "db.internal", port: 27018, ...given } },
  ]);
  const url = "mongodb://backup:hunter3@h1,h2:27018/events?replicaSet=rs0";
  const file = { ...rest, dbType: "mongodb", dbConnectionString: url, authenticationDatabase: "admin" };
  const config = await load(file);
  expect(config.databases).toMatchObject([
    { name: "events", type: "mongodb", options: { url: url.replace(":hunter3", "") } },
  ]);
  expect(JSON.stringify(config)).not.toContain("hunter");
});

test("loadConfig() takes an empty variable for one that is not set", async () => {
  expect((await load(MINIMUM, { DBACKED_DB_NAME: "" })).databases[0]?.name).toBe("shop");
});

test("flatFlags() passes on what was given, and FLAT_OPTIONS takes no secret", () => {
  expect(
    flatFlags({ dbType: "pg", daemon: false, sendAnalytics: true, other: "x", dbHost: undefined }),
  ).toEqual({
    dbType: "pg",
    sendAnalytics: true,
  });
  expect(["dbPassword", "s3secretAccessKey", "apikey"].map((name) => FLAT_OPTIONS[name])).toEqual([
    refused("set DBACKED_DB_PASSWORD, or give --db-password-file FILE"),
    refused("set DBACKED_S3_SECRET_ACCESS_KEY, or give --s3-secret-access-key-file FILE"),
    refused("set DBACKED_APIKEY"),
  ]);
});

function refused(instead: string): { kind: "refused"; why: string; instead: string } {
  return { kind: "refused", why: "no option takes a secret: every user of this host could read it", instead };
}
