import { afterAll, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";

import type { Need } from "../../src/config/config.ts";
import { usualFolders } from "../../src/config/config-file.ts";
import { Place, FOLDER_STORE, PEM, PRIVATE_PEM, SIGNER, passwordOf, SHOP } from "./given.ts";

const place = await Place.make();
const { folder } = place;
afterAll(async () => place.remove());

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
readBack = "sample"
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
stallTimeout = "90s"
[identity]
privateKey = "private.pem"
trustedSigners = ["${SIGNER}", { key = "${SIGNER}", storedBefore = 2026-11-22T02:00:00Z }]
`;

test("loadConfig() reads the structured form", async () => {
  const needs = ["databases", "stores", "recipients", "signer", "identity"] as const;
  const config = await place.load({ toml: FULL, environment: { S3_KEY: "hunter2" }, needs });
  expect(config.agentId).toBe("web-1");
  expect(config.databases).toMatchObject([
    {
      name: "shop",
      type: "postgres",
      stores: ["offsite"],
      compression: { name: "zstd", level: 9 },
      acceptIncomplete: false,
      stallMs: 3_600_000,
      options: { url: "postgres://backup@db.internal/shop", dumperOptions: ["--no-privileges"] },
    },
    {
      name: "app.db",
      type: "sqlite",
      stores: ["local"],
      compression: { name: "none" },
      acceptIncomplete: true,
      stallMs: 90_000,
    },
  ]);
  expect(config.stores).toMatchObject([
    {
      name: "offsite",
      type: "s3",
      readBack: "sample",
      options: { bucket: "acme", region: "eu-west-1", accessKeyId: "AKIA" },
    },
    { name: "local", type: "folder", readBack: "full", options: { path: "/srv/backups" } },
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

test("loadConfig() sends a database to every store, or to those that it names, in their own order", async () => {
  const stores = ["one", "two", "three"].map((name) => FOLDER_STORE.replace("local", name)).join("");
  const [shop, app] = [SHOP, SHOP.replace("shop", "app")];
  const { databases } = await place.load({
    toml: `${stores}${shop}${app}stores = ["three", "one"]\n`,
    needs: ["databases"],
  });
  expect(databases.map((database) => database.stores)).toEqual([
    ["one", "two", "three"],
    ["one", "three"],
  ]);
});

test("loadConfig() reads a private key that is not needed, if there is one", async () => {
  const needs = ["stores", "identity-if-any"] as const;
  const environment = { S3_KEY: "hunter2" };
  expect((await place.load({ toml: FULL, environment, needs })).identity).not.toBeNull();
  expect((await place.load({ toml: FOLDER_STORE, needs })).identity).toBeNull();
});

test("loadConfig() shows no secret in whatever form it is printed", async () => {
  const needs = ["recipients", "identity"] as const;
  const config = await place.load({
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
  expect(await place.mistakes({ toml, needs })).toEqual(expected);
});

test("loadConfig() tells how to start when there is nothing at all", async () => {
  const [message, hint] = await place.mistakes({ needs: ["stores"] });
  expect(message).toBe("There is no configuration");
  expect(hint).toStartWith(
    "| `dbacked init` asks what it takes, and writes one. Or write /etc/dbacked/config.toml, or ~/.config/dbacked/config.toml",
  );
  expect(await place.load({})).toMatchObject({ path: null, databases: [], stores: [], signer: null });
});

test("loadConfig() finds config.toml or config.json in its folder, and refuses both", async () => {
  const etc = join(folder, "etc");
  await mkdir(etc);
  await writeFile(join(etc, "config.json"), JSON.stringify({ agentId: "json" }));
  expect(await place.load({ folders: [etc] })).toMatchObject({
    agentId: "json",
    path: join(etc, "config.json"),
  });
  await writeFile(join(etc, "config.toml"), 'agentId = "toml"');
  expect(await place.mistakes({ folders: [etc] })).toEqual([
    "FOLDER/etc/config.toml and FOLDER/etc/config.json are both there",
    "| remove one of them",
  ]);
});

test("loadConfig() looks into one folder after another, and passes over one that nobody may look into", async () => {
  const [own, host] = [join(folder, "own"), join(folder, "host")];
  for (const each of [own, host]) await mkdir(each);
  await writeFile(join(host, "config.toml"), 'agentId = "host"');
  const folders = [own, host];
  expect((await place.load({ folders })).agentId).toBe("host");
  await writeFile(join(own, "config.json"), '{ "agentId": "own" }');
  expect((await place.load({ folders })).agentId).toBe("own");
  // That a part of its path is no folder stands for a home that belongs to somebody else, which root could look into.
  const closed = join(host, "config.toml", "dbacked");
  expect((await place.load({ folders: [closed, host] })).agentId).toBe("host");
  expect(await place.mistakes({ folders: [closed] })).toEqual([
    "FOLDER/host/config.toml/dbacked/config.toml: cannot be read: a part of its path is no folder",
  ]);
});

test.each<[Record<string, string>, boolean, readonly string[]]>([
  [{ HOME: "/home/me" }, false, ["/home/me/.config/dbacked", "/etc/dbacked"]],
  [{ HOME: "/home/me", XDG_CONFIG_HOME: "/home/me/etc" }, false, ["/home/me/etc/dbacked", "/etc/dbacked"]],
  [{ HOME: "/home/me", XDG_CONFIG_HOME: "etc" }, false, ["/home/me/.config/dbacked", "/etc/dbacked"]],
  [{ HOME: "/home/me", XDG_CONFIG_HOME: "" }, false, ["/home/me/.config/dbacked", "/etc/dbacked"]],
  [{ HOME: "" }, false, ["/etc/dbacked"]],
  [{}, false, ["/etc/dbacked"]],
  [{ HOME: "/root", XDG_CONFIG_HOME: "/root/etc" }, true, ["/etc/dbacked"]],
])("usualFolders() of %j, root %j", (environment, isRoot, expected) => {
  expect(usualFolders(environment, isRoot)).toEqual(expected);
});

test("loadConfig() takes --config before DBACKED_CONFIG, and wants the file to be there", async () => {
  const [first, second] = [join(folder, "first.toml"), join(folder, "second.toml")];
  await writeFile(first, 'agentId = "first"');
  await writeFile(second, 'agentId = "second"');
  const environment = { DBACKED_CONFIG: first };
  expect((await place.load({ environment })).agentId).toBe("first");
  expect((await place.load({ environment, file: second })).agentId).toBe("second");
  expect(await place.mistakes({ file: join(folder, "absent.toml") })).toEqual([
    "FOLDER/absent.toml: cannot be read: no such file",
  ]);
  expect(await place.mistakes({ file: join(folder, "config.yaml") })).toEqual([
    "FOLDER/config.yaml: its name must end in .toml or .json",
  ]);
});

test("loadConfig() tells the line of a syntax error", async () => {
  expect(await place.mistakes({ json: '{\n"dbPassword": "hunter2\n}' })).toEqual([
    "FILE:2: expected a value",
  ]);
  const [message] = await place.mistakes({ toml: 'a = 1\nb = "hunter2\n' });
  expect(message).toStartWith("FILE:2: ");
});

test("loadConfig() keeps the signer beside the file, unless DBACKED_SIGNER_KEY has it", async () => {
  expect((await place.load({ toml: FOLDER_STORE })).signer).toEqual({ file: join(folder, "signer.pem") });
  const inline = await place.load({
    environment: { DBACKED_SIGNER_KEY: PRIVATE_PEM.replaceAll("\n", "\\n") },
  });
  expect(inline.signer !== null && "pem" in inline.signer ? inline.signer.pem.reveal() : null).toBe(
    PRIVATE_PEM,
  );
  const environment = { DBACKED_SIGNER_KEY: join(folder, "other.pem"), DBACKED_S3_BUCKET: "b" };
  expect((await place.load({ environment })).signer).toEqual({ file: join(folder, "other.pem") });
  expect(await place.mistakes({ environment: { DBACKED_S3_BUCKET: "b" }, needs: ["signer"] })).toEqual([
    "environment: there is no file to keep the signing key beside: set DBACKED_SIGNER_KEY",
  ]);
});

test("loadConfig() takes the private key from the strongest source", async () => {
  const toml = "[identity]\nprivateKey = 'absent.pem'\n";
  const environment = { DBACKED_PRIVATE_KEY: PRIVATE_PEM, DBACKED_PRIVATE_KEY_PASSPHRASE: "hunter3" };
  const needs = ["identity"] as const;
  const fromVariable = await place.load({ toml, environment, needs });
  expect(fromVariable.identity?.from).toBe("DBACKED_PRIVATE_KEY");
  expect(fromVariable.identity?.pem.reveal()).toBe(PRIVATE_PEM);
  expect(fromVariable.identity?.passphrase?.reveal()).toBe("hunter3");
  const privateKeyPath = join(folder, "private.pem");
  const passphraseFile = join(folder, "password");
  const fromOption = await place.load({ toml, environment, needs, privateKeyPath, passphraseFile });
  expect(fromOption.identity?.from).toBe(privateKeyPath);
  expect(fromOption.identity?.passphrase?.reveal()).toBe("hunter2");
});
