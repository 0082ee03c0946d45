import { afterAll, expect, test } from "bun:test";

import type { Sources } from "../../src/config/sources.ts";
import { PEM, Place } from "./given.ts";

const place = await Place.make();
afterAll(async () => place.remove());

/** A flat file, and the other sources. */
interface Given extends Pick<Partial<Sources>, "environment" | "flags"> {
  file?: Record<string, string>;
}

const MINIMUM = { dbType: "pg", dbName: "shop", s3bucket: "acme", publicKey: PEM };

test.each<[Given, string[]]>([
  [{ file: { dbName: "shop" } }, ["FILE: dbType (DBACKED_DB_TYPE) is missing"]],
  [
    { environment: { DBACKED_DB_TYPE: "pg" } },
    ["environment: dbName (DBACKED_DB_NAME): expected a url, or the name of a database"],
  ],
  [
    { environment: { DBACKED_DB_TYPE: "pg", DBACKED_DB_NAME: "店舗" } },
    ["DBACKED_DB_NAME: makes no name for backups: set dbAlias (DBACKED_DB_ALIAS)"],
  ],
  [
    { environment: { DBACKED_DB_TYPE: "sqlite", DBACKED_DB_NAME: "app.db" } },
    [
      "DBACKED_DB_NAME: means nothing for sqlite",
      "environment: dbConnectionString (DBACKED_DB_CONNECTION_STRING): expected either a url or a path",
    ],
  ],
  [
    { environment: { DBACKED_DB_TYPE: "mongodb", DBACKED_DB_HOST: "db" } },
    ["DBACKED_DB_TYPE: makes no name for the backups of a whole server: set dbAlias (DBACKED_DB_ALIAS)"],
  ],
  [
    { file: { dbType: "mongodb", dbConnectionString: "mongodb://db/" } },
    ["FILE:1: dbType: makes no name for the backups of a whole server: set dbAlias (DBACKED_DB_ALIAS)"],
  ],
  [{ environment: { DBACKED_S3_REGION: "x" } }, ["environment: s3bucket (DBACKED_S3_BUCKET) is missing"]],
  [
    { environment: { DBACKED_DB_TYPE: "oracle", DBACKED_DB_NAME: "x" } },
    ["DBACKED_DB_TYPE: expected mariadb, mongodb, mysql, postgres or sqlite"],
  ],
  [{ file: { ...MINIMUM, dbPort: "hunter2" } }, ["FILE:1: dbPort: expected a number"]],
  [{ file: MINIMUM, environment: { DBACKED_DB_PORT: "hunter2" } }, ["DBACKED_DB_PORT: expected a number"]],
  [{ file: MINIMUM, flags: { dbPort: "0" } }, ["--db-port: expected at least 1"]],
  [
    { file: MINIMUM, environment: { DBACKED_DB_PASSWORD_FILE: "/absent" } },
    ["DBACKED_DB_PASSWORD_FILE: /absent cannot be read: no such file"],
  ],
  [
    { file: { ...MINIMUM, dbPassword: "a", dbPasswordFile: "password" } },
    ["FILE:1: dbPasswordFile: password is given too; keep one of them"],
  ],
  [{ file: { ...MINIMUM, dbtype: "pg" } }, ["FILE:1: dbtype: unknown key (did you mean dbType?)"]],
  [
    { file: MINIMUM, environment: { DBACKED_S3_BUKET: "x" } },
    ["DBACKED_S3_BUKET: unknown variable (did you mean DBACKED_S3_BUCKET?)"],
  ],
  [
    { file: MINIMUM, environment: { DBACKED_PORT_80_TCP: "x", DBACKED_SERVICE_HOST: "x", DBACKEDX: "y" } },
    ["accepted"],
  ],
  [
    { file: MINIMUM, environment: { DBACKED_SEND_ANALYTICS: "perhaps" } },
    ["DBACKED_SEND_ANALYTICS: expected true or false"],
  ],
  [
    { file: MINIMUM, environment: { DBACKED_CRON: "0 3 * *" } },
    [
      'DBACKED_CRON: expected an interval of a minute or more, as in "6h", or the five fields of cron, as in "0 3 * * *"',
    ],
  ],
  [
    { file: { ...MINIMUM, authenticationDatabase: "admin" } },
    ["FILE:1: authenticationDatabase: means nothing for postgres"],
  ],
  [
    { file: MINIMUM, flags: { email: "a@b.c" } },
    [
      "--email: this version has no monitor, so that nobody would be told of a missing backup",
      "| take it out, and let a check of healthchecks.io or the like be told: pingUrl (docs/alerts.md)",
    ],
  ],
  [
    { flags: { dbConnectionString: "postgres://a:hunter2@h/db" } },
    [
      "--db-connection-string: no option takes a secret, and there is a password in this URL",
      "| leave it out, and set DBACKED_DB_PASSWORD",
    ],
  ],
])("loadConfig() refuses the flat config %j", async (given, expected) => {
  const { file, ...sources } = given;
  const json = file === undefined ? undefined : JSON.stringify(file);
  expect(await place.mistakes({ ...sources, json })).toEqual(expected);
});

test("loadConfig() refuses to mix flat names with tables, from any source", async () => {
  const toml = 'dbName = "x"\npublicKey = "y"\n[[stores]]\nname = "local"\ntype = "folder"\npath = "/x"\n';
  const given = { toml, environment: { DBACKED_DB_HOST: "h" }, flags: { s3bucket: "b" } };
  expect(await place.mistakes(given)).toEqual([
    "FILE:1: dbName: cannot be combined with [[stores]] in FILE",
    "DBACKED_DB_HOST: cannot be combined with [[stores]] in FILE",
    "--s3-bucket: cannot be combined with [[stores]] in FILE",
    "| the flat names describe a single database and its bucket; several are described by [[databases]] and [[stores]] alone",
  ]);
});

test("loadConfig() refuses a public key beside recipients in the same file", async () => {
  const toml = "publicKey = 'x'\n[encryption]\nrecipients = ['absent.pem']\n";
  expect(await place.mistakes({ toml })).toEqual([
    "FILE:1: publicKey: recipients of [encryption] are given too; keep one of them",
  ]);
});
