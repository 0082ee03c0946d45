import { afterAll, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";

import { DbackedError } from "../../src/base/error.ts";
import { Secret } from "../../src/base/secret.ts";
import type { Config, Need } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Sources } from "../../src/config/sources.ts";
import { readTarget } from "../../src/config/target.ts";

const PEM = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
const PRIVATE_PEM = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";
const SIGNER = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

const folder = await mkdtemp(join(tmpdir(), "dbacked-config-"));
afterAll(async () => rm(folder, { recursive: true }));
await writeFile(join(folder, "public.pem"), PEM);
await writeFile(join(folder, "private.pem"), PRIVATE_PEM, { mode: 0o600 });
await writeFile(join(folder, "password"), "hunter2\n", { mode: 0o600 });
await writeFile(join(folder, "open-password"), "hunter2", { mode: 0o644 });
await writeFile(join(folder, "two-lines"), "hunter2\nhunter3\n");
await writeFile(join(folder, "empty"), "\n");

interface Given extends Partial<Sources> {
  toml?: string;
  json?: unknown;
  needs?: readonly Need[];
  mode?: number;
}

let files = 0;

async function load(given: Given): Promise<Config> {
  const { toml, json, needs = [], mode = 0o600, ...sources } = given;
  const path = join(folder, `${files++}.${toml === undefined ? "json" : "toml"}`);
  const text = toml ?? (typeof json === "string" ? json : JSON.stringify(json, null, 1));
  const hasFile = toml !== undefined || json !== undefined;
  if (hasFile) await writeFile(path, text, { mode });
  return await loadConfig(
    { environment: {}, folder: join(folder, "nowhere"), file: hasFile ? path : undefined, ...sources },
    needs,
  );
}

/** What is said about a bad config: lines, without the file's path, and `| hint` lines. */
async function mistakes(given: Given): Promise<string[]> {
  try {
    await load(given);
  } catch (error) {
    if (!(error instanceof DbackedError)) throw error;
    expect(error.message).not.toMatch(/hunter\d/);
    const place = new RegExp(`${folder}/\\d+\\.(toml|json)`, "g");
    const short = (text: string): string => text.replaceAll(place, "FILE").replaceAll(folder, "FOLDER");
    const hints = error.hint === undefined ? [] : error.hint.split("\n").map((hint) => `| ${hint}`);
    return [...short(error.message).split("\n"), ...hints.map(short)];
  }
  return ["accepted"];
}

const FULL = `
agentId = "web-1"
[encryption]
recipients = ["public.pem", { path = "public.pem", label = false }, """${PEM}"""]
[signing]
keyFile = "keys/signer.pem"
[[stores]]
name = "offsite"
type = "s3"
bucket = "acme"
region = "eu-west-1"
accessKeyId = "AKIA"
secretAccessKey = "\${S3_KEY}"
[[stores]]
name = "local"
type = "folder"
path = "/srv/backups"
[[databases]]
name = "shop"
type = "postgres"
url = "postgres://backup@db.internal/shop"
passwordFile = "password"
compression = 9
stores = ["offsite"]
dumperOptions = ["--no-privileges"]
[[databases]]
name = "app.db"
type = "sqlite"
url = "sqlite:///srv/app/app.db"
stores = ["local"]
compression = "none"
acceptIncomplete = true
[identity]
privateKey = "private.pem"
trustedSigners = ["${SIGNER}", { key = "${SIGNER}", storedBefore = 2026-11-22T02:00:00Z }]
`;

test("loadConfig() reads the structured form", async () => {
  const needs = ["databases", "stores", "recipients", "signer", "identity"] as const;
  const config = await load({ toml: FULL, environment: { S3_KEY: "hunter2" }, needs });
  expect(config.agentId).toBe("web-1");
  expect(config.databases).toMatchObject([
    {
      name: "shop",
      type: "postgres",
      store: "offsite",
      compression: { name: "zstd", level: 9 },
      acceptIncomplete: false,
      options: { url: "postgres://backup@db.internal/shop", dumperOptions: ["--no-privileges"] },
    },
    { name: "app.db", type: "sqlite", store: "local", compression: { name: "none" }, acceptIncomplete: true },
  ]);
  expect(config.stores).toMatchObject([
    { name: "offsite", type: "s3", options: { bucket: "acme", region: "eu-west-1", accessKeyId: "AKIA" } },
    { name: "local", type: "folder", options: { path: "/srv/backups" } },
  ]);
  expect(passwordOf(config)).toBe("hunter2");
  expect(config.recipients).toEqual([
    { from: join(folder, "public.pem"), pem: PEM, label: true },
    { from: join(folder, "public.pem"), pem: PEM, label: false },
    { from: `${config.path}:4: recipients`, pem: PEM, label: true },
  ]);
  expect(config.signer).toEqual({ file: join(folder, "keys/signer.pem") });
  expect(config.identity?.pem.reveal()).toBe(PRIVATE_PEM);
  expect(config.trustedSigners.map(({ storedBefore }) => storedBefore)).toEqual([
    null,
    new Date("2026-11-22T02:00:00Z"),
  ]);
  expect(config.warnings).toEqual([]);
});

test("loadConfig() shows no secret in whatever form it is printed", async () => {
  const needs = ["recipients", "identity"] as const;
  const config = await load({
    toml: FULL.replace("private.pem", "private.pem"),
    environment: {
      S3_KEY: "hunter2",
      DBACKED_PRIVATE_KEY_PASSPHRASE: "hunter2",
      DBACKED_SIGNER_KEY: PRIVATE_PEM,
    },
    needs,
  });
  for (const text of [
    JSON.stringify(config),
    inspect(config, { depth: 9, showHidden: true }),
    Bun.inspect(config),
  ])
    expect(text).not.toContain("hunter2");
});

function passwordOf({ databases: [database] }: Config): string | undefined {
  const { password } = (database?.options ?? {}) as { password?: unknown };
  return password instanceof Secret ? password.reveal() : undefined;
}

const FOLDER_STORE = '[[stores]]\nname = "local"\ntype = "folder"\npath = "/srv/backups"\n';
const SHOP = '[[databases]]\nname = "shop"\ntype = "postgres"\ndatabase = "shop"\n';

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
    ["FILE:5: bucket: unknown key", "FILE:4: path: expected an absolute path, as in /srv/backups"],
  ],
  ["[[stores]]\nname = 'a'\ntype = 'folder'\n", ["FILE:1: [[stores]]: path is missing"]],
  [
    `[[stores]]\nname = 'A b'\ntype = 'folder'\npath = '/x'\n`,
    [
      "FILE:2: name: expected small letters, digits, dots, dashes and underscores, 63 at most, no mark at the front",
    ],
  ],
  [FOLDER_STORE + FOLDER_STORE, ['FILE:6: name: "local" is taken']],
  [
    `${FOLDER_STORE}${SHOP}port = "hunter2"\ncompresion = 3\n`,
    ["FILE:10: compresion: unknown key (did you mean compression?)", "FILE:9: port: expected a number"],
  ],
  [
    `${FOLDER_STORE}${SHOP}compression = 99\n`,
    ['FILE:9: compression: expected a level from 1 (fast) to 19 (small), or "none"'],
  ],
  [`${FOLDER_STORE}${SHOP}stores = ["other"]\n`, ['FILE:9: stores: there is no store "other"']],
  [`${FOLDER_STORE}${SHOP}stores = []\n`, ["FILE:9: stores: expected the name of a store"]],
  [
    `${FOLDER_STORE}${FOLDER_STORE.replace("local", "other")}${SHOP}`,
    [
      "FILE:9: [[databases]]: its backups would go to 2 stores, and this version keeps each in one",
      '| name one store in each of [[databases]], as in stores = ["local"]',
    ],
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
  expect(await mistakes({ toml })).toEqual(expected);
});

test("loadConfig() reports all mistakes at once", async () => {
  const toml = `colour = 1\n[encryption]\nrecipients = 3\n${FOLDER_STORE}name2 = 1\n${SHOP}port = 0\nsocket = "x"\nusername = "\${ABSENT}"\n`;
  expect(await mistakes({ toml, environment: { DBACKED_DB_HOTS: "x" }, needs: ["identity"] })).toEqual([
    "FILE:15: username: ${ABSENT} is not set in the environment",
    "DBACKED_DB_HOTS: unknown variable (did you mean DBACKED_DB_HOST?)",
    "FILE:1: colour: unknown key",
    "FILE:8: name2: unknown key (did you mean name?)",
    "FILE:14: socket: expected an absolute path",
    "FILE:13: port: expected at least 1",
    "FILE:3: recipients: expected a list: [ … ]",
    "FILE: there is no private key: give --private-key-path, or set DBACKED_PRIVATE_KEY, or privateKey in [identity]",
  ]);
});

const NO_SCHEDULER = "this version has no scheduler, so that nothing would be backed up by itself";
const CRONTAB = "| call it from a crontab instead: 0 3 * * * dbacked run --once --quiet";
const NO_MONITOR = "this version has no monitor, so that nobody would be told of a missing backup";
const OWN_MONITOR = "| take it out, and let your own monitoring look at `dbacked list --json`";

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
  ['cron = "0 3 * * *"', [`FILE:1: cron: ${NO_SCHEDULER}`, CRONTAB]],
  ["daemon = true", [`FILE:1: daemon: ${NO_SCHEDULER}`, CRONTAB]],
  ['daemonName = "x"', [`FILE:1: daemonName: ${NO_SCHEDULER}`, CRONTAB]],
  [
    `${SHOP}schedule = "6h"\nzone = "UTC"`,
    [`FILE:5: schedule: ${NO_SCHEDULER}`, `FILE:6: zone: ${NO_SCHEDULER}`, CRONTAB],
  ],
  [
    `${SHOP}keep = { last = 3 }`,
    [
      "FILE:5: keep: this version removes no backups",
      "| take keep out, and let a lifecycle rule of the bucket remove old backups",
    ],
  ],
  [
    SHOP.replace('"postgres"', '"mysql"'),
    [
      "FILE:3: type: this version backs up postgres and sqlite, and no other type",
      "| use the engine's own dump program until then",
    ],
  ],
  [
    SHOP.replace('database = "shop"', 'database = "*"\ninclude = []'),
    [
      "FILE:5: include: this version does not look for the databases of a server",
      "FILE:4: database: this version does not look for the databases of a server",
      "| write one [[databases]] entry for each database",
    ],
  ],
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
  expect(await mistakes({ toml })).toEqual(expected);
});

test("loadConfig() accepts what asks for nothing", async () => {
  expect(
    await mistakes({ toml: 'subscriptionType = "free"\nsendAnalytics = false\ndaemon = false\n' }),
  ).toEqual(["accepted"]);
});

test.each<[string, Need[], string[]]>([
  [
    "# nothing",
    ["databases", "stores", "recipients", "signer", "identity"],
    [
      "FILE: there is no database: add [[databases]], or set DBACKED_DB_TYPE",
      "FILE: there is no store: add [[stores]], or set DBACKED_S3_BUCKET",
      "FILE: there is no public key to seal backups for: add recipients in [encryption], or set DBACKED_PUBLIC_KEY",
      "FILE: there is no private key: give --private-key-path, or set DBACKED_PRIVATE_KEY, or privateKey in [identity]",
    ],
  ],
  ["[encryption]\nrecipients = ['absent.pem']", [], ["accepted"]],
  [
    "[encryption]\nrecipients = ['absent.pem']",
    ["recipients"],
    ["FILE:2: recipients: FOLDER/absent.pem cannot be read: no such file"],
  ],
  ["[identity]\nprivateKey = 'absent.pem'", [], ["accepted"]],
  [
    "[identity]\nprivateKey = 'absent.pem'",
    ["identity"],
    ["FILE:2: privateKey: FOLDER/absent.pem cannot be read: no such file"],
  ],
  [FOLDER_STORE, ["stores"], ["accepted"]],
])("loadConfig() wants only what the command needs: %j for %j", async (toml, needs, expected) => {
  expect(await mistakes({ toml, needs })).toEqual(expected);
});

test("loadConfig() tells how to start when there is nothing at all", async () => {
  const [message, hint] = await mistakes({ needs: ["stores"] });
  expect(message).toBe("There is no configuration");
  expect(hint).toStartWith("| write /etc/dbacked/config.toml, or name another file with --config");
  expect(await load({})).toMatchObject({ path: null, databases: [], stores: [], signer: null });
});

test("loadConfig() finds config.toml or config.json in its folder, and refuses both", async () => {
  const place = join(folder, "etc");
  await mkdir(place);
  await writeFile(join(place, "config.json"), JSON.stringify({ agentId: "json" }));
  expect(await load({ folder: place })).toMatchObject({ agentId: "json", path: join(place, "config.json") });
  await writeFile(join(place, "config.toml"), 'agentId = "toml"');
  expect(await mistakes({ folder: place })).toEqual([
    "FOLDER/etc/config.toml and FOLDER/etc/config.json are both there",
    "| remove one of them",
  ]);
});

test("loadConfig() takes --config before DBACKED_CONFIG, and wants the file to be there", async () => {
  const [first, second] = [join(folder, "first.toml"), join(folder, "second.toml")];
  await writeFile(first, 'agentId = "first"');
  await writeFile(second, 'agentId = "second"');
  const environment = { DBACKED_CONFIG: first };
  expect((await load({ environment })).agentId).toBe("first");
  expect((await load({ environment, file: second })).agentId).toBe("second");
  expect(await mistakes({ file: join(folder, "absent.toml") })).toEqual([
    "FOLDER/absent.toml: cannot be read: no such file",
  ]);
  expect(await mistakes({ file: join(folder, "config.yaml") })).toEqual([
    "FOLDER/config.yaml: its name must end in .toml or .json",
  ]);
});

test("loadConfig() tells the line of a syntax error", async () => {
  expect(await mistakes({ json: '{\n"dbPassword": "hunter2\n}' })).toEqual(["FILE:2: expected a value"]);
  const [message] = await mistakes({ toml: 'a = 1\nb = "hunter2\n' });
  expect(message).toStartWith("FILE:2: ");
});

test("loadConfig() puts variables into strings, and into URLs so that they stay URLs", async () => {
  const environment = { USER_PASSWORD: "p@ss/w:rd?#%", HOST: "db.internal" };
  const url = '"postgres://backup:${USER_PASSWORD}@${HOST}:5432/shop"';
  const config = await load({
    toml: `${SHOP.replace('database = "shop"', `url = ${url}`)}${FOLDER_STORE}`,
    environment,
  });
  expect(config.databases[0]?.options).toMatchObject({ url: "postgres://backup@db.internal:5432/shop" });
  expect(passwordOf(config)).toBe("p@ss/w:rd?#%");
  expect((await load({ toml: 'agentId = "$${HOST} ${HOST}"', environment })).agentId).toBe(
    "${HOST} db.internal",
  );
});

test.each([
  [
    '"postgres://backup:hunter2@h/shop"\npassword = "hunter3"',
    "there is a password in the URL and one beside it; keep one of them",
  ],
  [
    '"postgres://backup:%zzhunter2@h/shop"',
    "the password in the URL is not percent-encoded; use password or passwordFile",
  ],
  [
    '"postgres://backup:hunter2/x@h/shop"',
    "the password in the URL is not percent-encoded; use password or passwordFile",
  ],
  [
    '"postgres://backup@h/shop?password=hunter2"',
    "a password in the query of a URL would show; use password or passwordFile",
  ],
])("loadConfig() refuses the url %s", async (url, message) => {
  const toml = SHOP.replace('database = "shop"', `url = ${url}`) + FOLDER_STORE;
  expect(await mistakes({ toml })).toEqual([`FILE:4: url: ${message}`]);
});

test.each<[string, Record<string, string>, boolean]>([
  [`${SHOP}password = "hunter2"`, {}, true],
  [`${SHOP}password = "\${P}"`, { P: "hunter2" }, false],
  [SHOP.replace('database = "shop"', 'url = "postgres://a:hunter2@h/db"'), {}, true],
  [SHOP.replace('database = "shop"', 'url = "postgres://a@h/db"'), {}, false],
  [SHOP.replace('database = "shop"', 'url = "postgres://a:${P}@h/db"'), { P: "hunter2" }, false],
  [`[identity]\nprivateKey = """${PRIVATE_PEM}"""`, {}, true],
  ["[identity]\nprivateKey = 'private.pem'", {}, false],
])(
  "loadConfig() warns of a secret in a file that everybody can read: %j",
  async (toml, environment, expected) => {
    const open = await load({ toml, environment, mode: 0o644 });
    const warning = `${open.path} holds a secret, and every user of this host can read it: chmod 600 ${open.path}`;
    expect(open.warnings).toEqual(expected ? [warning] : []);
    expect((await load({ toml, environment, mode: 0o640 })).warnings).toEqual([]);
  },
);

test("loadConfig() warns of a password's file that everybody can read", async () => {
  await chmod(join(folder, "open-password"), 0o644);
  const { warnings } = await load({ toml: `${SHOP}passwordFile = "open-password"` });
  expect(warnings).toEqual([
    `${folder}/open-password holds a secret, and every user of this host can read it`,
  ]);
});

test("loadConfig() keeps the signer beside the file, unless DBACKED_SIGNER_KEY has it", async () => {
  expect((await load({ toml: FOLDER_STORE })).signer).toEqual({ file: join(folder, "signer.pem") });
  const inline = await load({ environment: { DBACKED_SIGNER_KEY: PRIVATE_PEM.replaceAll("\n", "\\n") } });
  expect(inline.signer !== null && "pem" in inline.signer ? inline.signer.pem.reveal() : null).toBe(
    PRIVATE_PEM,
  );
  const environment = { DBACKED_SIGNER_KEY: join(folder, "other.pem"), DBACKED_S3_BUCKET: "b" };
  expect((await load({ environment })).signer).toEqual({ file: join(folder, "other.pem") });
  expect(await mistakes({ environment: { DBACKED_S3_BUCKET: "b" }, needs: ["signer"] })).toEqual([
    "environment: there is no file to keep the signing key beside: set DBACKED_SIGNER_KEY",
  ]);
});

test("loadConfig() takes the private key from the strongest source", async () => {
  const toml = "[identity]\nprivateKey = 'absent.pem'\n";
  const environment = { DBACKED_PRIVATE_KEY: PRIVATE_PEM, DBACKED_PRIVATE_KEY_PASSPHRASE: "hunter3" };
  const needs = ["identity"] as const;
  const fromVariable = await load({ toml, environment, needs });
  expect(fromVariable.identity?.from).toBe("DBACKED_PRIVATE_KEY");
  expect(fromVariable.identity?.pem.reveal()).toBe(PRIVATE_PEM);
  expect(fromVariable.identity?.passphrase?.reveal()).toBe("hunter3");
  const privateKeyPath = join(folder, "private.pem");
  const passphraseFile = join(folder, "password");
  const fromOption = await load({ toml, environment, needs, privateKeyPath, passphraseFile });
  expect(fromOption.identity?.from).toBe(privateKeyPath);
  expect(fromOption.identity?.passphrase?.reveal()).toBe("hunter2");
});

test("readTarget() reads a URL, and the password from its variable", async () => {
  const environment = { DBACKED_TO_PASSWORD: "hunter2", DBACKED_DATABASE_TOOLS_DIRECTORY: "/opt/pg/bin" };
  const { type, options } = await readTarget("postgresql://me@h/new", { environment });
  expect(type).toBe("postgres");
  expect(options).toMatchObject({ url: "postgresql://me@h/new", databaseToolsDirectory: "/opt/pg/bin" });
  expect((options as { password: Secret }).password.reveal()).toBe("hunter2");
  expect((await readTarget("sqlite:///srv/new.db", { environment: {} })).type).toBe("sqlite");
});

test.each<[string, string]>([
  ["shop", "usage: --to needs a URL, as in postgres://role@host/database"],
  ["mysql://h/db", "usage: --to needs a URL, as in postgres://role@host/database"],
  [
    "postgres://me:hunter2@h/db",
    "usage: --to: no option takes a secret, and there is a password in this URL",
  ],
])("readTarget() refuses %j", async (url, expected) => {
  const refusal = await readTarget(url, { environment: {} }).catch((error: DbackedError) => error);
  expect(refusal instanceof DbackedError ? `${refusal.kind}: ${refusal.message}` : "accepted").toBe(expected);
});
