import { afterAll, expect, test } from "bun:test";
import { FOLDER_STORE, Place, SHOP } from "./given.ts";

const place = await Place.make();
afterAll(async () => place.remove());

const given = (keys: string) => ({ toml: `${FOLDER_STORE}${SHOP}${keys}` });

test("loadConfig() reads what is to be kept, and where its days begin", async () => {
  const { databases } = await place.load(
    given('keep = { last = 7, daily = 14, within = "30d" }\nzone = "Europe/Paris"\npruneAfterBackup = true'),
  );
  expect(databases[0]).toMatchObject({
    retention: { keep: { last: 7, daily: 14, within: "30d" }, zone: "Europe/Paris" },
    pruneAfterBackup: true,
  });
});

test("loadConfig() has days begin in UTC, and keeps everything where nothing is said", async () => {
  expect((await place.load(given("keep = { hourly = 1 }"))).databases[0]?.retention?.zone).toBe("UTC");
  expect((await place.load(given(""))).databases[0]).toMatchObject({
    retention: null,
    pruneAfterBackup: false,
  });
});

test.each([
  ["keep = {}", /FILE:9: keep: says nothing of what to keep/],
  ["keep = { last = 0 }", /FILE:9: last: expected at least 1/],
  ["keep = { daily = 1.5 }", /FILE:9: daily: expected a whole number/],
  ["keep = { day = 3 }", /FILE:9: day: unknown key/],
  ['keep = { within = "3 days" }', /FILE:9: within: expected a time, as in "36h", "30d" or "8w"/],
  ["keep = 7", /FILE:9: keep: expected a table/],
  ['keep = { last = 1 }\nzone = "Mars"', /FILE:10: zone: expected a time zone/],
  ["pruneAfterBackup = true", /FILE:9: pruneAfterBackup: needs keep: without it nothing is ever removed/],
])("loadConfig() refuses %j", async (keys, expected) => {
  const [first = ""] = await place.mistakes(given(keys));
  expect(first).toMatch(expected);
});
