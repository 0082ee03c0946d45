import { afterAll, expect, test } from "bun:test";
import { originOf, ownerOf } from "../../src/cli/origin.ts";
import { FOLDER_STORE, Place, SHOP } from "../config/given.ts";

const place = await Place.make();
afterAll(async () => place.remove());

const named = (name: string, database: string): string =>
  SHOP.replace('name = "shop"', `name = "${name}"`).replace('database = "shop"', `database = "${database}"`);

const { databases } = await place.load({
  toml: [FOLDER_STORE, named("prod", "*"), named("prod.eu", "*"), named("prod.eu.shop", "x"), SHOP].join(""),
});

test.each([
  ["shop", "shop"],
  ["prod.shop", "prod"],
  ["prod.%globals", "prod"],
  ["prod.eu.forum", "prod.eu"],
  ["prod.eu.shop", "prod.eu.shop"],
  ["prod", undefined],
  ["production.shop", undefined],
  ["shop.x", undefined],
])("ownerOf() of %s is %s", (set, owner) => {
  expect(ownerOf(databases, set)?.name).toBe(owner);
});

test.each([
  ["shop", '"shop" on the local socket'],
  ["prod.%43af%C3%A9", '"Café" on the local socket'],
  ["prod.%globals", "the roles and tablespaces of the local socket"],
  ["prod.eu.shop", '"x" on the local socket'],
])("originOf() finds where %s is from", async (set, label) => {
  const database = await originOf(databases, set)?.open();
  expect(database?.label).toBe(label);
});

test.each(["prod", "prod.Shop", "prod.%2", "other"])("originOf() knows no place for %s", (set) => {
  expect(originOf(databases, set)).toBeNull();
});
