// The example of each command's help is run, on a machine with a small config.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { root } from "../../src/cli/root.ts";
import { listCommands } from "../../src/cli/tree.ts";
import { openHost, type Host } from "../pages/host.ts";
import { openSite, type Site, writeSmallRelease } from "../release/site.ts";

setDefaultTimeout(60_000);

const CONFIG = `
[encryption]
recipients = ["/root/keys/dbacked-public.pem"]

[[stores]]
name = "local"
type = "folder"
path = "/srv/backups"

[[stores]]
name = "nas"
type = "folder"
path = "/media/nas"

[[databases]]
name = "shop"
type = "sqlite"
url = "sqlite:///srv/app/shop.db"
stores = ["local"]
schedule = "0 3 * * *"
`;

/** What is run instead of an example that asks somebody, or needs a server; else it is run as it stands. */
const INSTEAD: Readonly<Record<string, (example: string) => string>> = {
  "dbacked init": (example) =>
    `DBACKED_CONFIG=/root/new.toml ${example} -y --db-type sqlite --db-connection-string sqlite:///srv/app/shop.db ` +
    "--db-alias second --store-path /srv/backups --public-key /root/keys/dbacked-public.pem",
  "dbacked restore": (example) => example.replace("postgres://me@localhost/", "sqlite:///srv/app/"),
  "dbacked show": (example) => example.replace("3f9a2c", "$(dbacked list --json | jq -r '.[0].id')"),
  "dbacked keygen": (example) => `${example} --no-passphrase`,
  "dbacked signer new": (example) => `rm /etc/dbacked/signer.pem; ${example}`,
  "dbacked daemon": (example) => `${example}; dbacked daemon stop`,
  "dbacked uninstall": (example) => `${example} --yes`,
};

let host: Host;
let site: Site;

beforeAll(async () => {
  host = await openHost();
  site = await openSite();
  await writeSmallRelease({ folder: site.folder, version: "9.9.9", key: null });
  await Bun.write(host.outside("/etc/dbacked/config.toml"), CONFIG);
  {
    using database = new Database(host.outside("/srv/app/shop.db"), { create: true });
    database.run("CREATE TABLE customers (name TEXT)");
  }
  const prepared = await host.run(`
    chmod 600 /etc/dbacked/config.toml
    mkdir /media/usb /media/nas
    dbacked keygen --out keys --no-passphrase
    cp keys/dbacked-private.pem .
    dbacked run --once
    cp /srv/backups/shop/*.dbk backup.dbk
  `);
  expect(prepared).toMatchObject({ code: 0 });
}, 60_000);

afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const named = [{ name: "dbacked", target: root }, ...(await listCommands(root, "dbacked"))];
// Those that take away what the others need come last.
const last = ["dbacked signer new", "dbacked uninstall"];
const sorted = named.toSorted((one, other) => last.indexOf(one.name) - last.indexOf(other.name));

test.each(sorted)("the example of `$name` works: $target.example", async ({ name, target: { example } }) => {
  const line = INSTEAD[name]?.(example) ?? example;
  const env = { DBACKED_PRIVATE_KEY: "/root/dbacked-private.pem", DBACKED_DOWNLOAD_URL: site.url };
  const { code, output } = await host.run(line, env);
  expect({ code, output }).toEqual({ code: 0, output });
});

test.each(named)("the example of `$name` is of that command", ({ name, target: { example } }) => {
  expect(example).toStartWith(name);
});
