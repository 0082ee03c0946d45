import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "smol-toml";

import { DbackedError } from "../../src/base/error.ts";
import { Secret } from "../../src/base/secret.ts";
import { flatFlags, FLAT_OPTIONS } from "../../src/cli/flat-options.ts";
import type { Config, DatabaseConfig, Need, StoreConfig } from "../../src/config/config.ts";
import { FLAT_NAMES, spell, variableOf } from "../../src/config/flat-names.ts";
import { loadConfig } from "../../src/config/load.ts";

const PEM = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";

const folder = await mkdtemp(join(tmpdir(), "dbacked-flat-"));
afterAll(async () => rm(folder, { recursive: true }));
await writeFile(join(folder, "password"), "from a file\n", { mode: 0o600 });

type Values = Record<string, string | number | boolean>;

interface Given {
  file?: Values;
  environment?: Record<string, string>;
  flags?: Record<string, string | boolean>;
  form?: "toml" | "json";
}

async function load(
  { file, environment = {}, flags = {}, form = "json" }: Given,
  needs: readonly Need[] = ["recipients"],
): Promise<Config> {
  const path = join(folder, `config.${form}`);
  if (file !== undefined)
    await writeFile(path, form === "json" ? JSON.stringify(file) : stringify(file), { mode: 0o600 });
  const sources = {
    environment,
    flags,
    file: file === undefined ? undefined : path,
    folder: join(folder, "none"),
  };
  return await loadConfig(sources, needs);
}

async function mistakes(given: Given): Promise<string[]> {
  try {
    await load(given, []);
    return ["accepted"];
  } catch (error) {
    if (!(error instanceof DbackedError)) throw error;
    const hint = error.hint === undefined ? [] : [`| ${error.hint}`];
    return [...error.message.replaceAll(`${folder}/`, "").split("\n"), ...hint];
  }
}

/** What can be compared: all but where it came from, with the secrets shown. */
function essence({ databases, stores, recipients, ...config }: Config): unknown {
  const entryOf = (entry: DatabaseConfig | StoreConfig): unknown => ({
    ...entry,
    open: null,
    options: new Map(Object.entries(entry.options as object).map(([key, value]) => [key, revealed(value)])),
  });
  return {
    databases: databases.map(entryOf),
    stores: stores.map(entryOf),
    recipients: recipients.map(({ pem }) => pem),
    agentId: config.agentId,
    trustedSigners: config.trustedSigners,
    warnings: config.warnings,
  };
}

function revealed(value: unknown): unknown {
  return value instanceof Secret ? value.reveal() : value;
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
  const config = await load({ file: FLAT_2018 });
  expect(config.agentId).toBe("web-1");
  expect(config.databases).toMatchObject([
    {
      name: "shop-db",
      type: "postgres",
      store: "s3",
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
    "s3accessKeyId --s3-access-key-id DBACKED_S3_ACCESS_KEY_ID",
    "s3secretAccessKey --s3-secret-access-key DBACKED_S3_SECRET_ACCESS_KEY",
    "s3secretAccessKeyFile --s3-secret-access-key-file DBACKED_S3_SECRET_ACCESS_KEY_FILE",
    "publicKey --public-key DBACKED_PUBLIC_KEY",
    "agentId --agent-id DBACKED_AGENT_ID",
    "subscriptionType --subscription-type DBACKED_SUBSCRIPTION_TYPE",
    "apikey --apikey DBACKED_APIKEY",
    "email --email DBACKED_EMAIL",
    "cron --cron DBACKED_CRON",
    "sendAnalytics --send-analytics DBACKED_SEND_ANALYTICS",
    "daemon --daemon DBACKED_DAEMON",
    "daemonName --daemon-name DBACKED_DAEMON_NAME",
  ]);
});

const text = fc
  .string({ unit: "grapheme-composite", minLength: 1, maxLength: 12 })
  .filter((value) => !value.includes("${"));
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const flat = fc.record(
  {
    dbType: fc.constantFrom("pg", "postgres"),
    dbName: word,
    publicKey: fc.constant(PEM),
    s3bucket: word,
    dbHost: word,
    dbPort: fc.integer({ min: 1, max: 65535 }).map(String),
    dbUsername: text,
    dbAlias: text.map((alias) => `a${alias}`),
    s3region: word,
    agentId: text,
    databaseToolsDirectory: text.map((name) => `/${name}`),
    dumperOptions: fc.constantFrom("--no-privileges", "--no-owner --no-comments"),
  },
  { requiredKeys: ["dbType", "dbName", "publicKey", "s3bucket"] },
);
const secrets = fc.record({ dbPassword: text }, { requiredKeys: [] });

test("loadConfig() makes the same of a flat config wherever it comes from", async () => {
  await fc.assert(
    fc.asyncProperty(flat, secrets, async (values, hidden) => {
      const all = { ...values, ...hidden };
      const environment = inEnvironment(all);
      const expected = essence(await load({ file: all }));
      expect(essence(await load({ file: all, form: "toml" }))).toEqual(expected);
      expect(essence(await load({ environment }))).toEqual(expected);
      expect(essence(await load({ flags: values, environment: inEnvironment(hidden) }))).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test("loadConfig() takes an option before a variable before the file, name by name", async () => {
  const source = fc.constantFrom("file" as const, "environment" as const, "flags" as const);
  const names = ["dbHost", "dbUsername", "s3region", "agentId"] as const;
  const choice = fc.record(
    Object.fromEntries(names.map((name) => [name, fc.uniqueArray(source, { minLength: 1 })])),
  );
  await fc.assert(
    fc.asyncProperty(choice, async (chosen) => {
      const base = { dbType: "pg", dbName: "shop", s3bucket: "b", publicKey: PEM };
      const given = { file: { ...base } as Values, environment: {} as Values, flags: {} as Values };
      const strongest: Record<string, string> = {};
      for (const [name, from] of Object.entries(chosen)) {
        for (const each of from) given[each][name] = `${name}-${each}`;
        const best = (["flags", "environment", "file"] as const).find((each) => from.includes(each));
        strongest[name] = `${name}-${best}`;
      }
      const { file, flags } = given;
      const config = await load({
        file,
        flags: flags as Record<string, string>,
        environment: inEnvironment(given.environment),
      });
      expect(essence(config)).toEqual(essence(await load({ file: { ...base, ...strongest } })));
    }),
    { numRuns: 60 },
  );
});

function inEnvironment(values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [variableOf(name), String(value)]));
}

const MINIMUM = { dbType: "pg", dbName: "shop", s3bucket: "acme", publicKey: PEM };

test("loadConfig() lets a stronger source replace a secret by its file, and the other way round", async () => {
  const path = join(folder, "password");
  const fromFile = await load({
    file: { ...MINIMUM, dbPassword: "x" },
    environment: { DBACKED_DB_PASSWORD_FILE: path },
  });
  const fromVariable = await load({
    file: { ...MINIMUM, dbPasswordFile: "password" },
    environment: { DBACKED_DB_PASSWORD: "from a variable" },
  });
  const relative = await load({ file: { ...MINIMUM, dbPasswordFile: "password" } });
  expect([fromFile, fromVariable, relative].map(passwordOf)).toEqual([
    "from a file",
    "from a variable",
    "from a file",
  ]);
});

function passwordOf({ databases: [database] }: Config): string | undefined {
  const { password } = (database?.options ?? {}) as { password?: Secret };
  return password?.reveal();
}

test.each<[Values, string]>([
  [{ dbName: "shop" }, "shop"],
  [{ dbName: "shop", dbAlias: "staging" }, "staging"],
  [{ dbName: "Ünïcode Shop!" }, "n-code-shop-"],
  [{ dbName: "x".repeat(80) }, "x".repeat(63)],
  [{ dbConnectionString: "postgres://backup@h:5432/my%20shop?sslmode=require" }, "my-shop"],
])("loadConfig() names the backups of %j %s", async (values, expected) => {
  const { dbName: _, ...rest } = MINIMUM;
  expect((await load({ file: { ...rest, ...values } })).databases[0]?.name).toBe(expected);
});

test("loadConfig() names the backups of an SQLite file after the file", async () => {
  const { dbName: _, ...rest } = MINIMUM;
  const file = { ...rest, dbType: "sqlite", dbConnectionString: "sqlite:///srv/app/App.db" };
  expect((await load({ file })).databases).toMatchObject([{ name: "app.db", type: "sqlite" }]);
});

test("loadConfig() takes an empty variable for one that is not set", async () => {
  expect((await load({ file: MINIMUM, environment: { DBACKED_DB_NAME: "" } })).databases[0]?.name).toBe(
    "shop",
  );
});

test("loadConfig() leaves ${ alone in variables and options", async () => {
  const config = await load({ file: MINIMUM, environment: { DBACKED_DB_PASSWORD: "a${HOME}" } });
  expect(passwordOf(config)).toBe("a${HOME}");
});

test.each<[Given, string[]]>([
  [{ file: { dbName: "shop" } }, ["config.json: dbType (DBACKED_DB_TYPE) is missing"]],
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
  [{ environment: { DBACKED_S3_REGION: "x" } }, ["environment: s3bucket (DBACKED_S3_BUCKET) is missing"]],
  [
    { environment: { DBACKED_DB_TYPE: "oracle", DBACKED_DB_NAME: "x" } },
    ["DBACKED_DB_TYPE: expected postgres or sqlite"],
  ],
  [{ file: { ...MINIMUM, dbPort: "hunter2" } }, ["config.json:1: dbPort: expected a number"]],
  [{ file: MINIMUM, environment: { DBACKED_DB_PORT: "hunter2" } }, ["DBACKED_DB_PORT: expected a number"]],
  [{ file: MINIMUM, flags: { dbPort: "0" } }, ["--db-port: expected at least 1"]],
  [
    { file: MINIMUM, environment: { DBACKED_DB_PASSWORD_FILE: "/absent" } },
    ["DBACKED_DB_PASSWORD_FILE: /absent cannot be read: no such file"],
  ],
  [
    { file: { ...MINIMUM, dbPassword: "a", dbPasswordFile: "password" } },
    ["config.json:1: dbPasswordFile: password is given too; keep one of them"],
  ],
  [{ file: { ...MINIMUM, dbtype: "pg" } }, ["config.json:1: dbtype: unknown key (did you mean dbType?)"]],
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
    { file: MINIMUM, environment: { DBACKED_CRON: "0 3 * * *" } },
    [
      "DBACKED_CRON: this version has no scheduler, so that nothing would be backed up by itself",
      "| call it from a crontab instead: 0 3 * * * dbacked run --once --quiet",
    ],
  ],
  [
    { file: { ...MINIMUM, authenticationDatabase: "admin" } },
    ["config.json:1: authenticationDatabase: only MongoDB has it", "| take authenticationDatabase out"],
  ],
  [
    { file: { ...MINIMUM, dbType: "mongodb" } },
    [
      "config.json:1: dbType: this version backs up postgres and sqlite, and no other type",
      "| use the engine's own dump program until then",
    ],
  ],
  [
    { file: MINIMUM, flags: { email: "a@b.c" } },
    [
      "--email: this version has no monitor, so that nobody would be told of a missing backup",
      "| take it out, and let your own monitoring look at `dbacked list --json`",
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
  expect(await mistakes(given)).toEqual(expected);
});

test("loadConfig() refuses to mix flat names with tables, from any source", async () => {
  const path = join(folder, "mixed.toml");
  const hint =
    "| the flat names describe a single database and its bucket; several are described by [[databases]] and [[stores]] alone";
  await writeFile(
    path,
    'dbName = "x"\npublicKey = "y"\n[[stores]]\nname = "local"\ntype = "folder"\npath = "/x"\n',
  );
  const attempt = async (environment: Record<string, string>): Promise<string[]> => {
    try {
      await loadConfig({ environment, flags: { s3bucket: "b" }, file: path }, []);
      return ["accepted"];
    } catch (error) {
      if (!(error instanceof DbackedError)) throw error;
      return [...error.message.replaceAll(`${folder}/`, "").split("\n"), `| ${error.hint}`];
    }
  };
  expect(await attempt({ DBACKED_DB_HOST: "h" })).toEqual([
    "mixed.toml:1: dbName: cannot be combined with [[stores]] in mixed.toml",
    "DBACKED_DB_HOST: cannot be combined with [[stores]] in mixed.toml",
    "--s3-bucket: cannot be combined with [[stores]] in mixed.toml",
    hint,
  ]);
});

test("loadConfig() lets a file with tables name our variables itself", async () => {
  const path = join(folder, "named.toml");
  const toml =
    '[[databases]]\nname = "a"\ntype = "postgres"\ndatabase = "a"\npassword = "${DBACKED_DB_PASSWORD}"\n';
  await writeFile(path, toml);
  const config = await loadConfig({ environment: { DBACKED_DB_PASSWORD: "p" }, file: path }, []);
  expect(passwordOf(config)).toBe("p");
});

test("loadConfig() takes DBACKED_PUBLIC_KEY before the file's recipients, and refuses two in one file", async () => {
  const path = join(folder, "keys.toml");
  await writeFile(path, "[encryption]\nrecipients = ['absent.pem']\n");
  const { recipients } = await loadConfig({ environment: { DBACKED_PUBLIC_KEY: PEM }, file: path }, [
    "recipients",
  ]);
  expect(recipients).toEqual([{ from: "DBACKED_PUBLIC_KEY", pem: PEM, label: true }]);
  await writeFile(path, "publicKey = 'x'\n[encryption]\nrecipients = ['absent.pem']\n");
  const refusal = await loadConfig({ environment: {}, file: path }, []).catch(String);
  expect(refusal).toEndWith(
    "keys.toml:1: publicKey: recipients of [encryption] are given too; keep one of them",
  );
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
