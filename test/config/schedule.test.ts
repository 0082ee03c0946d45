import { afterAll, expect, test } from "bun:test";
import type { DatabaseConfig } from "../../src/config/config.ts";
import { judge } from "../../src/schedule/schedule.ts";
import { FOLDER_STORE, PEM, Place, SHOP } from "./given.ts";

const place = await Place.make();
afterAll(async () => place.remove());

async function database(toml: string): Promise<DatabaseConfig | undefined> {
  return (await place.load({ toml: `${FOLDER_STORE}${SHOP}${toml}` })).databases[0];
}

/** When it is due next, after 2026-11-23 12:00 in UTC. */
async function nextOf(given: DatabaseConfig | undefined): Promise<string | undefined> {
  const now = new Date("2026-11-23T12:00:00Z");
  return given?.schedule ? judge(given.schedule, now, now).next.toISOString().slice(0, 16) : undefined;
}

test.each([
  ['schedule = "0 3 * * *"', "2026-11-24T03:00"],
  ['schedule = "0 3 * * *"\nzone = "Europe/Paris"', "2026-11-24T02:00"],
  ['schedule = "6h"', "2026-11-23T18:00"],
  ["", undefined],
])("loadConfig() reads when %p is due", async (toml, expected) => {
  expect(await nextOf(await database(toml))).toBe(expected);
});

test("loadConfig() delays by the name, within the jitter", async () => {
  const [one, other] = await Promise.all([
    database('schedule = "0 3 * * *"\njitter = "20m"'),
    database('schedule = "0 3 * * *"\njitter = "20m"'),
  ]);
  const next = (await nextOf(one)) ?? "";
  expect(next > "2026-11-24T03:00" && next < "2026-11-24T03:20").toBe(true);
  expect(await nextOf(other)).toBe(next);
});

const FLAT = { dbType: "pg", dbName: "shop", s3bucket: "acme", publicKey: PEM };
const CRON = { environment: { DBACKED_CRON: "0 3 * * *" } };

test("`cron` of 2018 is meant by the clock of the host", async () => {
  const { databases } = await place.load({ json: JSON.stringify(FLAT), ...CRON });
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(databases[0]?.schedule).toMatchObject({ zone, delayMs: 0 });
});

const FORM =
  'expected an interval of a minute or more, as in "6h", or the five fields of cron, as in "0 3 * * *"';

test.each([
  ['schedule = "0 3 * *"', [`FILE:9: schedule: ${FORM}`]],
  ['schedule = "0 0 3 * * *"', [`FILE:9: schedule: ${FORM}`]],
  [
    'schedule = "61 3 * * *"',
    [`FILE:9: schedule: ${FORM}: Constraint error, got value 61 expected range 0-59`],
  ],
  ['schedule = "0 3 30 2 *"', [`FILE:9: schedule: ${FORM}: Invalid explicit day of month definition`]],
  ["schedule = 6", ["FILE:9: schedule: expected a text"]],
  [
    'schedule = "6h"\njitter = "5m"',
    ["FILE:10: jitter: means nothing for an interval, which begins with the last backup"],
  ],
  ['jitter = "5m"', ["FILE:9: jitter: only goes with schedule"]],
  ['zone = "UTC"', ["FILE:9: zone: only goes with schedule or keep"]],
  ['schedule = "6h"\nzone = "Mars/Olympus"', ['FILE:10: zone: expected a time zone, as in "Europe/Paris"']],
  ['leaseTimeout = "2s"', ['FILE:9: leaseTimeout: expected at least "5s"']],
])("loadConfig() refuses %p", async (toml, expected) => {
  expect(await place.mistakes({ toml: `${FOLDER_STORE}${SHOP}${toml}` })).toEqual(expected);
});
