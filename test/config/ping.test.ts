import { afterAll, expect, test } from "bun:test";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import { FOLDER_STORE, type Given, Place, SHOP } from "./given.ts";

const place = await Place.make();
afterAll(() => place.remove());

const URL_2 = "https://hc-ping.com/hunter2";
const CRM = SHOP.replace('"shop"', '"crm"');

function urls({ databases }: Config): (string | null)[] {
  return databases.map(({ pingUrl }) => pingUrl?.reveal() ?? null);
}

test.each<[string, Given, (string | null)[]]>([
  ["none", { toml: FOLDER_STORE + SHOP }, [null]],
  ["its own", { toml: `${FOLDER_STORE}${SHOP}pingUrl = "${URL_2}"` }, [URL_2]],
  ["the one at the top", { toml: `pingUrl = "${URL_2}"\n${FOLDER_STORE}${SHOP}` }, [URL_2]],
  [
    "one with a name in it",
    { toml: `pingUrl = "${URL_2}/{name}?create=1"\n${FOLDER_STORE}${SHOP}${CRM}` },
    [`${URL_2}/shop?create=1`, `${URL_2}/crm?create=1`],
  ],
  [
    "its own before the one at the top",
    { toml: `pingUrl = "${URL_2}"\n${FOLDER_STORE}${SHOP}${CRM}pingUrl = "${URL_2}3"` },
    [URL_2, `${URL_2}3`],
  ],
  [
    "one from a variable of any name",
    {
      toml: `${FOLDER_STORE}${SHOP}pingUrl = "https://hc-ping.com/\${KEY}"`,
      environment: { KEY: "hunter2" },
    },
    [URL_2],
  ],
  [
    "DBACKED_PING_URL before the file",
    {
      toml: `pingUrl = "https://other.example/"\n${FOLDER_STORE}${SHOP}`,
      environment: { DBACKED_PING_URL: URL_2 },
    },
    [URL_2],
  ],
  [
    "variables alone",
    {
      environment: {
        DBACKED_DB_TYPE: "pg",
        DBACKED_DB_NAME: "shop",
        DBACKED_S3_BUCKET: "b",
        DBACKED_S3_REGION: "eu-west-1",
        DBACKED_PING_URL: URL_2,
      },
    },
    [URL_2],
  ],
])("loadConfig() takes a ping URL: %s", async (_, given, expected) => {
  const config = await place.load(given);
  expect(urls(config)).toEqual(expected);
  expect(JSON.stringify(config)).not.toContain("hunter2");
  expect(config.warnings).toEqual([]);
});

test("loadConfig() reads a ping URL from a file, beside the config or from a variable", async () => {
  const file = join(place.folder, "shop.ping");
  await writeFile(file, `${URL_2}\n`, { mode: 0o600 });
  for (const given of [
    { toml: `${FOLDER_STORE}${SHOP}pingUrlFile = "shop.ping"` },
    { toml: `pingUrlFile = "shop.ping"\n${FOLDER_STORE}${SHOP}` },
    {
      toml: `pingUrl = "https://other.example"\n${FOLDER_STORE}${SHOP}`,
      environment: { DBACKED_PING_URL_FILE: file },
    },
  ])
    expect(urls(await place.load(given))).toEqual([URL_2]);
});

test.each([
  [`${FOLDER_STORE}${SHOP}pingUrl = "${URL_2}"`, /^FILE holds a secret/],
  [
    `pingUrl = "http://hc.example/hunter2"\n${FOLDER_STORE}${SHOP}`,
    /pingUrl: pings to hc\.example go by http: others on the way can read them/,
  ],
])("loadConfig() warns: %#", async (toml, warning) => {
  const { warnings, path } = await place.load({ toml, mode: 0o644 });
  const shown = warnings.map((each) => each.replaceAll(path ?? "", "FILE"));
  expect(shown.some((each) => warning.test(each))).toBe(true);
  expect(shown.join()).not.toContain("hunter");
});

test("loadConfig() warns of a file with the URL that everybody can read", async () => {
  const file = join(place.folder, "open.ping");
  await writeFile(file, URL_2);
  await chmod(file, 0o644);
  const { warnings } = await place.load({ toml: `pingUrlFile = "open.ping"\n${FOLDER_STORE}${SHOP}` });
  expect(warnings).toEqual([
    `${file} holds a secret, and every user of this host can read it: chmod 600 ${file}`,
  ]);
});

const SAME = 'the same for "shop" and "crm": a good backup of one would hide that the other failed';
const EACH_ITS_OWN =
  "| give each its own check, or write {name} where the name of the database belongs in the URL";

test.each<[Given, string[]]>([
  [
    { toml: `${FOLDER_STORE}${SHOP}pingUrl = "hunter2"` },
    ["FILE:9: pingUrl: expected a URL that begins with https:// or http://"],
  ],
  [{ toml: `${FOLDER_STORE}${SHOP}pingUrl = 5` }, ["FILE:9: pingUrl: expected a text"]],
  [{ toml: `pingUrl = 5\n${FOLDER_STORE}${SHOP}` }, ["FILE:1: pingUrl: expected a text"]],
  [
    { toml: `pingUrl = "ftp://hunter2"\n${FOLDER_STORE}${SHOP}` },
    ["FILE:1: pingUrl: expected a URL that begins with https:// or http://"],
  ],
  [
    { toml: `pingUrl = "${URL_2}"\n${FOLDER_STORE}${SHOP}${CRM}` },
    [`FILE:1: pingUrl: ${SAME}`, EACH_ITS_OWN],
  ],
  [
    { toml: `${FOLDER_STORE}${SHOP}pingUrl = "${URL_2}"\n${CRM}pingUrl = "${URL_2}"` },
    [`FILE:14: pingUrl: ${SAME}`, EACH_ITS_OWN],
  ],
  [
    { toml: `pingUrl = "${URL_2}"\npingUrlFile = "x"\n${FOLDER_STORE}${SHOP}` },
    ["FILE:2: pingUrlFile: pingUrl is given too; keep one of them"],
  ],
  [
    { toml: `pingUrlFile = "nowhere"\n${FOLDER_STORE}${SHOP}` },
    ["FILE:1: pingUrlFile: FOLDER/nowhere cannot be read: no such file"],
  ],
  [
    { toml: `${FOLDER_STORE}${SHOP}`, environment: { DBACKED_PING_URL: "hunter2" } },
    ["DBACKED_PING_URL: expected a URL that begins with https:// or http://"],
  ],
])("loadConfig() refuses a wrong ping URL: %#", async (given, expected) => {
  expect(await place.mistakes(given)).toEqual(expected);
});
