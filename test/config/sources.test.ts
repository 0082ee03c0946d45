import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import { stringify } from "smol-toml";

import { Secret } from "../../src/base/secret.ts";
import type { Config, DatabaseConfig, StoreConfig } from "../../src/config/config.ts";
import { variableOf } from "../../src/config/flat-names.ts";
import { passwordOf, PEM, Place, SHOP } from "./given.ts";

const place = await Place.make();
afterAll(async () => place.remove());

type Values = Record<string, string | number | boolean>;

const MINIMUM = { dbType: "pg", dbName: "shop", s3bucket: "acme", publicKey: PEM };

interface Flat {
  file?: Values;
  form?: "toml" | "json";
  environment?: Record<string, string>;
  flags?: Record<string, string | boolean>;
}

async function load({ file, form = "json", environment = {}, flags = {} }: Flat): Promise<Config> {
  const text =
    file === undefined ? {} : form === "json" ? { json: JSON.stringify(file) } : { toml: stringify(file) };
  return await place.load({ ...text, environment, flags, needs: ["recipients"] });
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

test("loadConfig() lets a stronger source replace a secret by its file, and the other way round", async () => {
  const path = `${place.folder}/password`;
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
    "hunter2",
    "from a variable",
    "hunter2",
  ]);
});

test("loadConfig() leaves ${ alone in variables and options", async () => {
  const config = await load({ file: MINIMUM, environment: { DBACKED_DB_PASSWORD: "a${HOME}" } });
  expect(passwordOf(config)).toBe("a${HOME}");
});

test("loadConfig() lets a file with tables name our variables itself", async () => {
  const toml = `${SHOP}password = "\${DBACKED_DB_PASSWORD}"\n`;
  expect(passwordOf(await place.load({ toml, environment: { DBACKED_DB_PASSWORD: "p" } }))).toBe("p");
});

test("loadConfig() takes DBACKED_PUBLIC_KEY before the file's recipients", async () => {
  const toml = "[encryption]\nrecipients = ['absent.pem']\n";
  const { recipients } = await place.load({
    toml,
    environment: { DBACKED_PUBLIC_KEY: PEM },
    needs: ["recipients"],
  });
  expect(recipients).toEqual([{ from: "DBACKED_PUBLIC_KEY", pem: PEM, label: true }]);
});
