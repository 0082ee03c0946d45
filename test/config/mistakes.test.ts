import { afterAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Place, FOLDER_STORE, SHOP } from "./given.ts";

const place = await Place.make();
afterAll(async () => place.remove());
await writeFile(join(place.folder, "two-lines"), "hunter2\nhunter3\n");
await writeFile(join(place.folder, "empty"), "\n");

test.each<[string, string[]]>([
  ["colour = 1\n", ["FILE:1: colour: unknown key"]],
  ["[encrytion]\nrecipients = []\n", ["FILE:1: [encrytion]: unknown key (did you mean encryption?)"]],
  [
    "[encryption]\nrecipents = []\n",
    [
      "FILE:1: [encryption]: recipients is missing",
      "FILE:2: recipents: unknown key (did you mean recipients?)",
    ],
  ],
  ["[encryption]\nrecipients = []\n", ["FILE:2: recipients: expected at least one public key"]],
  ["[encryption]\nrecipients = 'x'\n", ["FILE:2: recipients: expected a list: [ … ]"]],
  [
    "[encryption]\nrecipients = [\n'x',\n3]\n",
    ["FILE:4: recipients: expected a key in PEM, a path to one, or { path, label = false }"],
  ],
  [
    "[identity]\npassphrase = 'hunter2'\n",
    ["FILE:2: passphrase: cannot stand in a file: set DBACKED_PRIVATE_KEY_PASSPHRASE, or its _FILE twin"],
  ],
  ["[signing]\nkeyfile = 'x'\n", ["FILE:2: keyfile: unknown key (did you mean keyFile?)"]],
  ["identity = 3\n", ["FILE:1: identity: expected a table"]],
  [
    "[identity]\ntrustedSigners = ['ed25519:hunter2']\n",
    [
      'FILE:2: trustedSigners: expected "ed25519:…", or { key = "ed25519:…", storedBefore = 2026-11-22T02:00:00Z }',
    ],
  ],
  ["stores = []\n", ["FILE:1: stores: expected at least one entry"]],
  ["databases = ['hunter2']\n", ["FILE:1: [[databases]]: expected a table"]],
  ["[[stores]]\n", ["FILE:1: [[stores]]: name is missing", "FILE:1: [[stores]]: type is missing"]],
  ["[[stores]]\nname = 'a'\ntype = 'ftp'\n", ["FILE:3: type: expected folder or s3"]],
  [
    "[[stores]]\nname = 'a'\ntype = 'folder'\npath = 'srv'\nbucket = 'x'\n",
    ["FILE:4: path: expected an absolute path, as in /srv/backups", "FILE:5: bucket: unknown key"],
  ],
  ["[[stores]]\nname = 'a'\ntype = 'folder'\n", ["FILE:1: [[stores]]: path is missing"]],
  [`${FOLDER_STORE}readBack = 'some'\n`, ["FILE:5: readBack: expected full, sample or off"]],
  [
    `[[stores]]\nname = 'A b'\ntype = 'folder'\npath = '/x'\n`,
    [
      "FILE:2: name: expected small letters, digits, dots, dashes and underscores, 63 at most, no mark at the front",
    ],
  ],
  [FOLDER_STORE + FOLDER_STORE, ['FILE:6: name: "local" is taken']],
  [
    `${FOLDER_STORE}${SHOP}port = "hunter2"\ncompresion = 3\n`,
    ["FILE:9: port: expected a number", "FILE:10: compresion: unknown key (did you mean compression?)"],
  ],
  [
    `${FOLDER_STORE}${SHOP}compression = 99\n`,
    ['FILE:9: compression: expected a level from 1 (fast) to 19 (small), or "none"'],
  ],
  ...["1", "0s", "31d", "1h30m"].map((time): [string, string[]] => [
    `${FOLDER_STORE}${SHOP}stallTimeout = "${time}"\n`,
    ['FILE:9: stallTimeout: expected a time, as in "90s", "15m", "1h" or "2d", at most "30d"'],
  ]),
  [`${FOLDER_STORE}${SHOP}stores = ["other"]\n`, ['FILE:9: stores: there is no store "other"']],
  [`${FOLDER_STORE}${SHOP}stores = []\n`, ["FILE:9: stores: expected the name of a store"]],
  [
    `${FOLDER_STORE}${SHOP}stores = ["local", "nas", "s3"]\n`,
    ['FILE:9: stores: there is no store "nas"', 'FILE:9: stores: there is no store "s3"'],
  ],
  [
    `${FOLDER_STORE}[[databases]]\nname = "x"\ntype = "postgres"\n`,
    ["FILE:5: [[databases]]: database: expected a url, or the name of a database"],
  ],
  [`${FOLDER_STORE}${SHOP}password = 3\n`, ["FILE:9: password: expected a text"]],
  [
    `${FOLDER_STORE}${SHOP}password = "hunter2"\npasswordFile = "password"\n`,
    ["FILE:10: passwordFile: password is given too; keep one of them"],
  ],
  [
    `${FOLDER_STORE}${SHOP}passwordFile = "absent"\n`,
    ["FILE:9: passwordFile: FOLDER/absent cannot be read: no such file"],
  ],
  [`${FOLDER_STORE}${SHOP}passwordFile = "empty"\n`, ["FILE:9: passwordFile: FOLDER/empty is empty"]],
  [
    `${FOLDER_STORE}${SHOP}passwordFile = "two-lines"\n`,
    ["FILE:9: passwordFile: FOLDER/two-lines has more than one line"],
  ],
  [
    `${FOLDER_STORE}${SHOP}passwordFile = "."\n`,
    ["FILE:9: passwordFile: FOLDER cannot be read: it is a folder"],
  ],
  [
    `${FOLDER_STORE}${SHOP}password = "\${ABSENT}"\n`,
    ["FILE:9: password: ${ABSENT} is not set in the environment"],
  ],
  [
    `${FOLDER_STORE}${SHOP}password = "\${hunter2-}"\n`,
    ["FILE:9: password: expected ${NAME}, the name of a variable; write $${ for ${ itself"],
  ],
  [
    `${FOLDER_STORE}${SHOP}password = "\${hunter2"\n`,
    ["FILE:9: password: expected ${NAME}, the name of a variable; write $${ for ${ itself"],
  ],
])("loadConfig() refuses %j", async (toml, expected) => {
  expect(await place.mistakes({ toml })).toEqual(expected);
});

test("loadConfig() reports all mistakes at once", async () => {
  const toml = `colour = 1\n[encryption]\nrecipients = 3\n${FOLDER_STORE}name2 = 1\n${SHOP}port = 0\nsocket = "x"\nusername = "\${ABSENT}"\n`;
  expect(await place.mistakes({ toml, environment: { DBACKED_DB_HOTS: "x" }, needs: ["identity"] })).toEqual([
    "FILE:1: colour: unknown key",
    "FILE:3: recipients: expected a list: [ … ]",
    "FILE:8: name2: unknown key (did you mean name?)",
    "FILE:13: port: expected at least 1",
    "FILE:14: socket: expected an absolute path",
    "FILE:15: username: ${ABSENT} is not set in the environment",
    "DBACKED_DB_HOTS: unknown variable (did you mean DBACKED_DB_HOST?)",
    "FILE: there is no private key: give --private-key-path, or set DBACKED_PRIVATE_KEY, or privateKey in [identity]",
  ]);
});

const NO_MONITOR = "this version has no monitor, so that nobody would be told of a missing backup";
const OWN_MONITOR =
  "| take it out, and let a check of healthchecks.io or the like be told: pingUrl (docs/alerts.md)";

test.each<[string, string[]]>([
  ['email = "a@b.c"', [`FILE:1: email: ${NO_MONITOR}`, OWN_MONITOR]],
  ['apikey = "hunter2"', [`FILE:1: apikey: ${NO_MONITOR}`, OWN_MONITOR]],
  ["[monitor]\nurl = 'x'", [`FILE:1: [monitor]: ${NO_MONITOR}`, OWN_MONITOR]],
  ['subscriptionType = "pro"', [`FILE:1: subscriptionType: ${NO_MONITOR}`, OWN_MONITOR]],
  ['subscriptionType = "gold"', ["FILE:1: subscriptionType: expected free or pro"]],
  [
    "sendAnalytics = true",
    [
      "FILE:1: sendAnalytics: this version sends no analytics",
      "| take sendAnalytics out, or set it to false",
    ],
  ],
  ['sendAnalytics = "maybe"', ["FILE:1: sendAnalytics: expected true or false"]],
  [
    `[[stores]]\nname = "x"\ntype = "s3"\nbucket = "b"\nobjectLockDays = 3`,
    ["FILE:5: objectLockDays: this version locks no objects", "| set a default retention on the bucket"],
  ],
  [
    "[identity]\nunwrapCommand = ['x']\nunwrapKey = 'y'",
    [
      "FILE:2: unwrapCommand: this version calls no program to unwrap keys",
      "FILE:3: unwrapKey: this version calls no program to unwrap keys",
      "| give privateKey, the private key itself, where backups are opened",
    ],
  ],
])("loadConfig() refuses what it cannot act on yet: %j", async (toml, expected) => {
  expect(await place.mistakes({ toml })).toEqual(expected);
});

test("loadConfig() accepts what asks for nothing", async () => {
  expect(
    await place.mistakes({ toml: 'subscriptionType = "free"\nsendAnalytics = false\ndaemon = false\n' }),
  ).toEqual(["accepted"]);
});
