import { expect, test } from "bun:test";
import fc from "fast-check";
import { globalsSetOf, memberOf, setOf } from "../../src/catalog/set.ts";

test.each([
  ["shop", "prod.shop"],
  ["Shop", "prod.%53hop"],
  ["Größe 1%", "prod.%47r%C3%B6%C3%9Fe%201%25"],
  ["%globals", "prod.%25globals"],
  ["a/b.c-d_e", "prod.a%2Fb.c-d_e"],
])("setOf() names the backups of %j", (database, set) => {
  expect(setOf("prod", database)).toBe(set);
});

test("memberOf() gives every name back", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1 });
  fc.assert(
    fc.property(name, (database) => {
      const set = setOf("prod", database);
      expect(set).toMatch(/^prod\.(?:[a-z0-9._-]|%[0-9A-F]{2})*$/);
      expect(set).not.toBe(globalsSetOf("prod"));
      expect(memberOf("prod", set)).toEqual({ database });
    }),
  );
});

test.each([
  ["prod.%globals", "globals"],
  ["prod.Shop", null],
  ["prod.%73hop", null],
  ["prod.%2", null],
  ["prod.%FF", null],
  ["shop", null],
])("memberOf() says what the set %s is of", (set, expected) => {
  expect(memberOf("prod", set)).toEqual(expected as null);
});
