import { afterAll, expect, test } from "bun:test";
import { readTarget } from "../../src/config/target.ts";
import { failureOf } from "../conformance/sample.ts";
import { FOLDER_STORE, Place, SHOP } from "./given.ts";

const place = await Place.make();
afterAll(async () => place.remove());

const PROD = SHOP.replace('database = "shop"', 'database = "*"');

test.each([
  [PROD, null, []],
  [PROD.replace('database = "*"', 'url = "postgres://backup@db/*?sslmode=require"'), null, []],
  [`${PROD}include = ["app_*", "shop"]\nexclude = ["app_?"]\n`, ["app_*", "shop"], ["app_?"]],
])("loadConfig() takes all databases of a server from %j", async (toml, include, exclude) => {
  const { databases } = await place.load({ toml: FOLDER_STORE + toml });
  expect(databases).toMatchObject([{ name: "shop", server: { include, exclude } }]);
});

test("loadConfig() takes all databases of a server from the names of 2018", async () => {
  const environment = { DBACKED_DB_TYPE: "pg", DBACKED_DB_NAME: "*" };
  const { databases } = await place.load({ environment: { ...environment, DBACKED_DB_ALIAS: "prod" } });
  expect(databases).toMatchObject([{ name: "prod", server: { include: null, exclude: [] } }]);
  expect(await place.mistakes({ environment })).toEqual([
    "DBACKED_DB_NAME: makes no name for backups: set dbAlias (DBACKED_DB_ALIAS)",
  ]);
});

test.each([
  [`${SHOP}include = ["a"]\n`, ['FILE:9: include: only goes with database = "*"']],
  [`${SHOP}exclude = ["a"]\n`, ['FILE:9: exclude: only goes with database = "*"']],
  [`${PROD}include = []\n`, ["FILE:9: include: expected at least one pattern"]],
  [`${PROD}exclude = [""]\n`, ["FILE:9: exclude: expected the name of a database, or a pattern"]],
  [`${PROD}exclude = "a"\n`, ["FILE:9: exclude: expected a list: [ … ]"]],
  [
    '[[databases]]\nname = "app"\ntype = "sqlite"\npath = "/srv/app.db"\ninclude = ["*"]\n',
    ['FILE:9: include: only goes with database = "*"'],
  ],
])("loadConfig() refuses %j", async (toml, expected) => {
  expect(await place.mistakes({ toml: FOLDER_STORE + toml })).toEqual(expected);
});

test("readTarget() refuses a whole server", async () => {
  const refusal = await failureOf(readTarget("postgres://me@h/*", { environment: {} }));
  expect(refusal).toMatchObject({ kind: "usage", message: expect.stringContaining("a whole server") });
});
