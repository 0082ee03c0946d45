import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../scripts/services/service.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { sharedPostgres, sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import { smallDatabase } from "./sample-database.ts";
import { expectFailure } from "./scene.ts";
import { backUp, folderStore, postgresDatabase, s3Store, type Sections, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

const server = await sharedPostgres();
const database = postgresDatabase(server, await smallDatabase());

test.each([
  ["SeaweedFS", sharedSeaweed],
  ["Ceph RGW", sharedRgw],
] as const)("each reason why an S3 store cannot be used has its message on %s", async (_, start) => {
  const s3 = await start();
  const bucket = await makeBucket(s3);
  const wrong = [
    [{ endpoint: `http://127.0.0.1:${await freePort()}` }, /nobody listens at http/],
    [{ secretAccessKey: "wrong" }, /the secret key does not fit the access key/],
    [{ accessKeyId: "WRONG" }, /the access key is not known there/],
    [{ bucket: "there-is-none-of-this-name" }, /there is no such bucket/],
  ] as const;
  for (const [more, says] of wrong) {
    await using host = await workspace({ databases: [database], stores: [s3Store(s3, bucket, more)] });
    expectFailure(await host.run(["run", "--once"]), { exitCode: 6, says });
    expect(await Bun.file(host.signerFile).exists()).toBe(false);
  }
  const store = await bucket.open();
  expect((await store.list("", new AbortController().signal)).objects).toEqual([]);
});

test("a folder that is not there is not made", async () => {
  await using host = await workspace();
  await host.configure({ databases: [database], stores: [folderStore(join(host.folder, "not-mounted"))] });
  expectFailure(await host.run(["run", "--once"]), { exitCode: 6, says: /there is no such folder/ });
  expect(await readdir(host.folder)).not.toContain("not-mounted");
});

test.each<[string, (host: { publicKey: string; privateKey: string }) => Sections, number, RegExp]>([
  [
    "a public key that is not there",
    () => ({ databases: [database], encryption: { recipients: ["/nowhere/key.pem"] } }),
    3,
    /\/nowhere\/key\.pem/,
  ],
  [
    "a private key in the place of a public one",
    ({ privateKey }) => ({ databases: [database], encryption: { recipients: [privateKey] } }),
    7,
    /private key/,
  ],
  [
    "a second key that is broken",
    ({ publicKey }) => ({
      databases: [database],
      encryption: { recipients: [publicKey, "-----BEGIN NOTHING"] },
    }),
    7,
    /public key/,
  ],
  [
    "a database that is not there",
    () => ({ databases: [postgresDatabase(server, "nowhere")] }),
    4,
    /"nowhere"/,
  ],
  [
    "a server that is not there",
    () => ({ databases: [{ name: "shop", type: "postgres", url: "postgres://me@127.0.0.1:1/shop" }] }),
    4,
    /Connection refused[^]*hint: does PostgreSQL listen/,
  ],
  [
    "tools that are not there",
    () => ({ databases: [{ ...database, databaseToolsDirectory: "/nowhere" }] }),
    5,
    /no pg_dump in \/nowhere/,
  ],
])("%s stops the run before anything is stored", async (_, sections, exitCode, says) => {
  await using host = await workspace();
  await host.configure(sections(host));
  expectFailure(await host.run(["run", "--once"]), { exitCode, says });
  expect(await readdir(host.store)).toEqual([]);
});

test("one database that fails does not stop the others", async () => {
  const databases = [
    { ...database, name: "first" },
    postgresDatabase(server, "nowhere", { name: "second" }),
    { ...database, name: "third" },
  ];
  await using host = await workspace({ databases });
  const { exitCode, stdout } = await host.run(["run", "--once", "--json"]);
  expect(exitCode).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({
    backups: [{ database: "first" }, { database: "third" }],
    failures: [{ database: "second", kind: "database", message: expect.stringContaining("nowhere") }],
  });
  const listed = JSON.parse((await host.run(["list", "--json"])).stdout) as { database: string }[];
  expect(listed.map(({ database }) => database).toSorted()).toEqual(["first", "third"]);
});

test("another database under the same name is refused until it is adopted", async () => {
  await using host = await workspace({ databases: [database] });
  await backUp(host);
  await host.configure({ databases: [postgresDatabase(server, await createDatabase(server))] });
  expectFailure(await host.run(["run", "--once"]), { exitCode: 3, says: /another database[^]*--adopt/ });
  expect(await host.run(["run", "--once", "--adopt"])).toMatchObject({ exitCode: 0 });
  expect(JSON.parse((await host.run(["list", "--json"])).stdout)).toHaveLength(2);
  await host.configure({ databases: [database] });
  expectFailure(await host.run(["run", "--once"]), { exitCode: 3, says: /another database/ });
});

test("on the first run, too, a store that fails fails its own copies alone", async () => {
  await using host = await workspace();
  const nas = join(host.folder, "nas");
  const stores = [folderStore(host.store), folderStore(nas, { name: "nas" })];
  const forum = { ...database, name: "forum", stores: ["nas"] };
  await host.configure({ databases: [forum, database], stores });
  const first = await host.run(["run", "--once", "--json"]);
  expectFailure(first, { exitCode: 6, says: /shop: whether .*nas has backups under another key/ });
  expect(JSON.parse(first.stdout)).toMatchObject({
    backups: [{ database: "shop", store: "folder" }],
    failures: [
      { database: "forum", store: null },
      { database: "shop", store: "nas" },
    ],
  });
  // What was there all the time is another host's.
  await using other = await workspace({ databases: [database] });
  await backUp(other);
  await rename(other.store, nas);
  await host.configure({ databases: [database], stores });
  const second = await host.run(["run", "--once"]);
  expect(second).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("none counts here") });
  expect((await host.run(["run", "--once"])).stderr).not.toContain("none counts here");
});
