import { expect, test } from "bun:test";
import { databaseIn, forDatabase, isUrl, splitPassword } from "../../src/setup/url.ts";

test.each([
  ["postgres://backup@db:5433/shop?sslmode=require", "shop"],
  ["postgres://backup@db/my%20shop", "my shop"],
  ["postgres://backup@db", null],
  ["postgres://backup@db/?sslmode=require", null],
  ["mongodb://a:1,b:2/events?replicaSet=rs0", "events"],
  ["mysql://db/*", "*"],
])("databaseIn() of %s is %p", (url, database) => {
  expect(databaseIn(url)).toBe(database);
  expect(isUrl(url)).toBe(true);
});

test.each([
  ["postgres://backup@db?sslmode=require", "a b/c", "postgres://backup@db/a%20b%2Fc?sslmode=require"],
  ["mongodb://a:1,b:2/events?replicaSet=rs0", "logs", "mongodb://a:1,b:2/logs?replicaSet=rs0"],
  ["postgres://db/shop", "*", "postgres://db/*"],
])("forDatabase() of %s and %s is %s", (url, database, expected) => {
  expect(forDatabase(url, database)).toBe(expected);
  expect(databaseIn(expected)).toBe(database);
});

test.each([
  ["postgres://backup:p%40ss@db/shop", "postgres://backup@db/shop", "p@ss"],
  ["postgres://backup:@db/shop", "postgres://backup@db/shop", null],
  ["postgres://backup@db:5432/shop", "postgres://backup@db:5432/shop", null],
  ["postgres://db:5432/a@b", "postgres://db:5432/a@b", null],
  ["mongodb://u:100%@a,b/x", "mongodb://u@a,b/x", "100%"],
])("splitPassword() of %s", (given, url, password) => {
  const split = splitPassword(given);
  expect([split.url, split.password?.reveal() ?? null]).toEqual([url, password]);
});

test.each(["localhost", "/var/run/postgresql", "db.internal", "[::1]"])(
  "isUrl() does not take %s for one",
  (text) => {
    expect(isUrl(text)).toBe(false);
  },
);
