import { expect, test } from "bun:test";
import fc from "fast-check";
import { leaseKey, leasesOn, nextLease, parseLeaseKey } from "../../src/catalog/lease-key.ts";

const NOON = new Date("2026-11-23T12:00:00Z");

const objects = fc.record({
  lease: fc.integer({ min: 1, max: 20_000 }).map((number) => `20261123${String(number).padStart(4, "0")}`),
  sign: fc.oneof(fc.integer({ min: 0, max: 200_000 }), fc.constant("end" as const)),
});

test("parseLeaseKey() reads what leaseKey() writes", () => {
  fc.assert(
    fc.property(objects, (object) => {
      const key = leaseKey("shop", object);
      expect(key.startsWith(leasesOn("shop", NOON))).toBe(true);
      expect(parseLeaseKey("shop", key)).toEqual(object);
      expect(parseLeaseKey("shop.eu", key)).toBeNull();
    }),
  );
});

test.each([
  "1",
  "20261123000",
  "202611230001.",
  "202611230001.1",
  "202611230001.00000",
  "202611230001.end.1",
  "x",
])("parseLeaseKey() knows no %p", (name) => expect(parseLeaseKey("shop", `shop/lease/${name}`)).toBeNull());

test("nextLease() counts within a day, and begins anew on the next", () => {
  expect(nextLease(null, NOON)).toBe("202611230001");
  expect(nextLease("202611230001", NOON)).toBe("202611230002");
  expect(nextLease("202611239999", NOON)).toBe("2026112310000");
  expect(nextLease("202611220017", NOON)).toBe("202611230001");
});

test("keys of one lease sort as they are made", () => {
  const keys = [0, 1, 2, 10, 99_999, "end" as const].map((sign) =>
    leaseKey("shop", { lease: "202611230001", sign }),
  );
  expect(keys.toSorted()).toEqual(keys);
});
