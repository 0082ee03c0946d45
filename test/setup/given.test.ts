import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DbackedError } from "../../src/base/error.ts";
import { Secret } from "../../src/base/secret.ts";
import {
  type Given,
  type GivenSources,
  type KeyAnswers,
  nameGiven,
  readGiven,
  requireAnswers,
} from "../../src/setup/given.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "given-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function read(sources: Partial<GivenSources>): Promise<Given> {
  return await readGiven({ flags: {}, environment: {}, file: null, ...sources });
}

test("readGiven() takes options before variables, and those before the file", async () => {
  const file = join(folder, "old.json");
  await Bun.write(
    file,
    JSON.stringify({
      dbType: "pg",
      dbHost: "file",
      dbPort: "5433",
      dbName: "Shop",
      dbPassword: "of file",
      cron: "0 1 * * *",
    }),
  );
  const environment = {
    DBACKED_DB_HOST: "variable",
    DBACKED_DB_PASSWORD_FILE: "pw",
    DBACKED_S3_BUCKET: "acme",
    OTHER: "x",
  };
  const given = await read({ file, environment, flags: { dbHost: "option", agentId: "web-1" } });
  expect(given).toEqual({
    top: { agentId: "web-1" },
    database: {
      name: "shop",
      type: "postgres",
      host: "option",
      port: 5433,
      database: "Shop",
      passwordFile: resolve("pw"),
      schedule: "0 1 * * *",
    },
    store: { name: "s3", type: "s3", bucket: "acme" },
    publicKey: null,
    variables: ["DBACKED_DB_HOST", "DBACKED_DB_PASSWORD_FILE", "DBACKED_S3_BUCKET"],
  });
});

test("readGiven() keeps secrets as such, and tells the type by the URL", async () => {
  const environment = { DBACKED_PING_URL: "https://ping.example/x", DBACKED_STORE_PATH: "/srv/backups" };
  const flags = { dbConnectionString: "sqlite:///srv/app.db", publicKey: "key.pem" };
  const { database, store, publicKey } = await read({ environment, flags });
  expect(database).toMatchObject({ name: "app.db", type: "sqlite", url: "sqlite:///srv/app.db" });
  expect(database["pingUrl"]).toBeInstanceOf(Secret);
  expect(store).toEqual({ name: "folder", type: "folder", path: "/srv/backups" });
  expect(publicKey).toBe("key.pem");
});

test.each<[string, string, string]>([
  ["tables", "[[stores]]\nname = 'x'\n", "a file with tables is a config already: use it with --config FILE"],
  ["unknown names", "dbHots = 'x'\n", "dbHots: unknown key (did you mean dbHost?)"],
])("readGiven() refuses a file with %s", async (_what, text, message) => {
  const file = join(folder, "wrong.toml");
  await Bun.write(file, text);
  expect(read({ file })).rejects.toThrow(message);
});

test("readGiven() refuses a password in an option", async () => {
  const flags = { dbConnectionString: "postgres://u:hunter2@h/d" };
  expect(read({ flags })).rejects.toMatchObject({
    kind: "usage",
    message: expect.not.stringContaining("hunter2"),
  });
});

test("requireAnswers() tells all that is missing at once, with the option and the variable", async () => {
  const nothing = await read({});
  const keys = { keyFolder: undefined, hasPassphrase: false };
  let failure: unknown;
  try {
    requireAnswers(nothing, keys);
  } catch (error) {
    failure = error;
  }
  expect(failure).toMatchObject({ kind: "usage" });
  for (const way of [
    "--db-type or DBACKED_DB_TYPE",
    "--db-name or DBACKED_DB_NAME",
    "--s3-bucket or DBACKED_S3_BUCKET",
    "--store-path or DBACKED_STORE_PATH",
    "--public-key or DBACKED_PUBLIC_KEY",
  ])
    expect((failure as Error).message).toContain(way);
});

test("requireAnswers() says how a file is named", async () => {
  const given = await read({ flags: { dbType: "sqlite", dbName: "/srv/app.db", storePath: "/b" } });
  expect(() => requireAnswers(given, { keyFolder: "keys", hasPassphrase: true })).toThrow(
    "which file: --db-connection-string or DBACKED_DB_CONNECTION_STRING, as in sqlite:///srv/app/app.db",
  );
});

test("nameGiven() says by which option a mistake was given", () => {
  const error = new DbackedError(
    "config",
    "database: unknown key\nport: expected a number\nzone: there is none",
  );
  expect(nameGiven(error)).toMatchObject({
    kind: "config",
    message:
      "--db-name or DBACKED_DB_NAME: means nothing for this type\n" +
      "--db-port or DBACKED_DB_PORT: expected a number\nzone: there is none",
  });
});

const typed = { keyFolder: "keys", hasPassphrase: true };
const untyped = { keyFolder: "keys", hasPassphrase: false };
const keyless = { keyFolder: undefined, hasPassphrase: false };

test.each<[string, Record<string, string>, KeyAnswers, boolean]>([
  ["a whole MongoDB server", { dbType: "mongodb", dbAlias: "all", s3bucket: "b" }, typed, true],
  ["no passphrase", { dbConnectionString: "postgres://h/d", s3bucket: "b" }, untyped, false],
  ["a public key", { dbType: "pg", dbName: "d", storePath: "/b", publicKey: "k.pem" }, keyless, true],
  [
    "no database of a server",
    { dbType: "pg", dbHost: "h", s3bucket: "b", publicKey: "k.pem" },
    keyless,
    false,
  ],
  ["two keys", { dbType: "pg", dbName: "d", s3bucket: "b", publicKey: "k.pem" }, typed, false],
])("requireAnswers() judges %s", async (_what, flags, keys, isEnough) => {
  const given = await read({ flags });
  const judge = () => requireAnswers(given, keys);
  if (isEnough) judge();
  else expect(judge).toThrow();
});
