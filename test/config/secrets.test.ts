import { afterAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Place, FOLDER_STORE, PRIVATE_PEM, SHOP, passwordOf } from "./given.ts";

const place = await Place.make();
const { folder } = place;
afterAll(async () => place.remove());

test("loadConfig() puts variables into strings, and into URLs so that they stay URLs", async () => {
  const environment = { USER_PASSWORD: "p@ss/w:rd?#%", HOST: "db.internal" };
  const url = '"postgres://backup:${USER_PASSWORD}@${HOST}:5432/shop"';
  const config = await place.load({
    toml: `${SHOP.replace('database = "shop"', `url = ${url}`)}${FOLDER_STORE}`,
    environment,
  });
  expect(config.databases[0]?.options).toMatchObject({ url: "postgres://backup@db.internal:5432/shop" });
  expect(passwordOf(config)).toBe("p@ss/w:rd?#%");
  expect((await place.load({ toml: 'agentId = "$${HOST} ${HOST}"', environment })).agentId).toBe(
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
  expect(await place.mistakes({ toml })).toEqual([`FILE:4: url: ${message}`]);
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
    const open = await place.load({ toml, environment, mode: 0o644 });
    const warning = `${open.path} holds a secret, and every user of this host can read it: chmod 600 ${open.path}`;
    expect(open.warnings).toEqual(expected ? [warning] : []);
    expect((await place.load({ toml, environment, mode: 0o640 })).warnings).toEqual([]);
  },
);

test("loadConfig() warns of a password's file that everybody can read", async () => {
  await writeFile(join(folder, "open-password"), "hunter2", { mode: 0o644 });
  const { warnings } = await place.load({ toml: `${SHOP}passwordFile = "open-password"` });
  const path = `${folder}/open-password`;
  expect(warnings).toEqual([
    `${path} holds a secret, and every user of this host can read it: chmod 600 ${path}`,
  ]);
});

test.each([
  [0o644, ["a passphrase", "a private key"]],
  [0o600, []],
])("loadConfig() warns of key files that everybody can read: mode %o", async (mode, held) => {
  const [key, passphrase] = [join(folder, `key-${mode}`), join(folder, `passphrase-${mode}`)];
  await writeFile(key, PRIVATE_PEM, { mode });
  await writeFile(passphrase, "x", { mode });
  const given = { privateKeyPath: key, passphraseFile: passphrase, needs: ["identity"] } as const;
  const { warnings } = await place.load(given);
  const open = "and every user of this host can read it: chmod 600";
  const files = [passphrase, key];
  expect(warnings).toEqual(held.map((what, at) => `${files[at]} holds ${what}, ${open} ${files[at]}`));
});
