import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../../src/catalog/manifest.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { sharedPostgres, sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import type { Finished } from "./binary.ts";
import { contentOf, largeDatabase, smallDatabase } from "./sample-database.ts";
import {
  backUp,
  envelopeIn,
  folderStore,
  postgresDatabase,
  s3Store,
  type Workspace,
  workspace,
} from "./workspace.ts";

setDefaultTimeout(60_000);

const server = await sharedPostgres();

/** A host that backs up `database`, to a folder unless `store` says otherwise. */
async function hostOf(database: string, store?: Record<string, unknown>): Promise<Workspace> {
  const databases = [postgresDatabase(server, database)];
  return await workspace(store === undefined ? { databases } : { databases, stores: [store] });
}

async function restoreLast(host: Workspace, more: readonly string[]): Promise<Finished> {
  return await host.run(["restore", "--last-backup", "--private-key-path", host.privateKey, ...more]);
}

/** A new database, and the words that restore into it. */
async function emptyTarget(): Promise<{ target: string; to: readonly string[] }> {
  const target = await createDatabase(server);
  return { target, to: ["--to", server.url(target)] };
}

const PLACES = {
  "a folder": async () => undefined,
  SeaweedFS: async () => {
    const s3 = await sharedSeaweed();
    return s3Store(s3, await makeBucket(s3), { prefix: "one/two" });
  },
  "Ceph RGW": async () => s3Store(await sharedRgw(), await makeBucket(await sharedRgw())),
};

test.each(Object.entries(PLACES))("what is backed up to %s is restored as it was", async (_, place) => {
  const source = await largeDatabase();
  await using host = await hostOf(source, await place());
  const { id } = await backUp(host);

  const listed: unknown = JSON.parse((await host.run(["list", "--json"])).stdout);
  expect(listed).toMatchObject([{ id, database: "shop", engine: "postgres", complete: true, doubt: null }]);
  const shown = JSON.parse((await host.run(["show", "--json", id.slice(0, 8)])).stdout) as {
    manifest: Manifest;
  };
  expect(shown.manifest).toMatchObject({ backup: id, dump: "pg-custom", compression: "zstd" });

  const { target, to } = await emptyTarget();
  expect(await restoreLast(host, to)).toMatchObject({ exitCode: 0, stdout: "" });
  expect(await contentOf(target)).toBe(await contentOf(source));
});

test("a backup to S3 writes not one byte to any file", async () => {
  const s3 = await sharedSeaweed();
  await using host = await hostOf(await largeDatabase(), s3Store(s3, await makeBucket(s3)));
  await host.run(["signer", "new"]);
  const { exitCode, stderr } = await host.run(["run", "--once"], { prefix: ["prlimit", "--fsize=0", "--"] });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect([...(await readdir(host.temporary)), ...(await readdir(host.cwd))]).toEqual([]);
});

test("an empty database is backed up and restored", async () => {
  const source = await createDatabase(server);
  await using host = await hostOf(source);
  await backUp(host);
  const { target, to } = await emptyTarget();
  expect(await restoreLast(host, to)).toMatchObject({ exitCode: 0 });
  expect(await contentOf(target)).toBe(await contentOf(source));
});

test("a full target is refused, and emptied first with --force", async () => {
  const source = await smallDatabase();
  await using host = await hostOf(source);
  await backUp(host);
  const target = await createDatabase(server, "CREATE TABLE left_over (id int); SELECT lo_create(4711);");
  const before = await contentOf(target);

  const refused = await restoreLast(host, ["--to", server.url(target)]);
  expect(refused).toMatchObject({ exitCode: 11, stderr: expect.stringMatching(/is not empty.*left_over/) });
  expect(await contentOf(target)).toBe(before);

  expect(await restoreLast(host, ["--to", server.url(target), "--force"])).toMatchObject({ exitCode: 0 });
  expect(await contentOf(target)).toBe(await contentOf(source));
});

test("--jobs restores by several connections and leaves no file behind", async () => {
  const source = await largeDatabase();
  await using host = await hostOf(source);
  await backUp(host);
  const { target, to } = await emptyTarget();
  expect(await restoreLast(host, [...to, "--jobs", "2"])).toMatchObject({ exitCode: 0 });
  expect(await contentOf(target)).toBe(await contentOf(source));
  expect(await readdir(host.temporary)).toEqual([]);
});

test("a target that does not exist is refused with the statement that makes it", async () => {
  await using host = await hostOf(await smallDatabase());
  await backUp(host);
  const refused = await restoreLast(host, ["--to", server.url("nowhere")]);
  expect(refused).toMatchObject({
    exitCode: 11,
    stderr: expect.stringContaining('CREATE DATABASE "nowhere"'),
  });
});

test("the dump comes out the same by every way", async () => {
  await using host = await hostOf(await smallDatabase());
  const { id } = await backUp(host);
  const key = ["--private-key-path", host.privateKey];
  const raw = await restoreLast(host, ["--raw-output"]);
  expect(raw.exitCode).toBe(0);
  const listing = Bun.spawn([join(server.binDirectory, "pg_restore"), "--list"], { stdin: raw.output });
  expect(await new Response(listing.stdout).text()).toContain("TABLE DATA public generated");

  const file = await envelopeIn(host, "shop");
  const outcomes = [
    await host.run(["decrypt", ...key, file]),
    await host.run(["decrypt", ...key], { stdin: Bun.file(file) }),
    await host.run(["decrypt", ...key, "--store", "folder", id]),
    await host.run(["restore", ...key, "--raw-input", "--raw-output"], { stdin: Bun.file(file) }),
  ];
  for (const { exitCode, output } of outcomes) {
    expect({ exitCode, same: Buffer.compare(output, raw.output) === 0 }).toEqual({ exitCode: 0, same: true });
  }
  const stdoutTo = join(host.folder, "dump");
  expect(await host.run(["decrypt", ...key, file], { stdoutTo })).toMatchObject({ exitCode: 0 });
  expect(Buffer.compare(await Bun.file(stdoutTo).bytes(), raw.output)).toBe(0);
});

test("an envelope from stdin is restored, and one that is cut short leaves nothing behind", async () => {
  const source = await smallDatabase();
  await using host = await hostOf(source);
  await backUp(host);
  const envelope = await Bun.file(await envelopeIn(host, "shop")).bytes();
  const args = ["restore", "--raw-input", "--private-key-path", host.privateKey];

  const { target, to } = await emptyTarget();
  expect(await host.run([...args, ...to], { stdin: envelope })).toMatchObject({ exitCode: 0 });
  expect(await contentOf(target)).toBe(await contentOf(source));

  const { target: untouched, to: there } = await emptyTarget();
  const before = await contentOf(untouched);
  expect(await host.run([...args, ...there], { stdin: envelope.slice(0, -1) })).toMatchObject({
    exitCode: 8,
  });
  expect(await contentOf(untouched)).toBe(before);
});

test("another private key opens nothing", async () => {
  await using host = await hostOf(await createDatabase(server));
  await backUp(host);
  const other = join(import.meta.dir, "..", "testdata", "envelopes", "keys", "test-bob.pem");
  const { to } = await emptyTarget();
  const refused = await host.run(["restore", "--last-backup", "--private-key-path", other, ...to]);
  expect(refused).toMatchObject({ exitCode: 7, stderr: expect.stringContaining("sealed for other keys") });
});

test("the backups of an unknown signer are refused until he is trusted", async () => {
  const source = await smallDatabase();
  await using maker = await hostOf(source);
  const { id } = await backUp(maker);
  const signer = (await maker.run(["signer", "show"])).stdout.trim();
  await using host = await workspace({ stores: [folderStore(maker.store)] });
  const { target, to } = await emptyTarget();

  const listed: unknown = JSON.parse((await host.run(["list", "--json"])).stdout);
  expect(listed).toMatchObject([{ id, doubt: `signed by ${signer}, not a trusted signer`, signer }]);
  const last = await restoreLast(host, to);
  expect(last).toMatchObject({ exitCode: 7, stderr: expect.stringContaining(signer) });
  const named = await host.run(["restore", id, "--private-key-path", host.privateKey, ...to]);
  expect(named).toMatchObject({ exitCode: 7, stderr: expect.stringContaining("not a trusted signer") });

  expect(await restoreLast(host, [...to, "--trust-signer", signer])).toMatchObject({ exitCode: 0 });
  expect(await contentOf(target)).toBe(await contentOf(source));
});

test("the source itself is only restored into on purpose", async () => {
  const source = await createDatabase(server, "CREATE TABLE t AS SELECT generate_series(1, 10) AS id");
  await using host = await hostOf(source);
  await backUp(host);
  const before = await contentOf(source);
  await server.query("DELETE FROM t WHERE id > 3", source);

  expect(await restoreLast(host, [])).toMatchObject({ exitCode: 2 });
  expect(await restoreLast(host, ["--to-source"])).toMatchObject({ exitCode: 2 });
  expect(await restoreLast(host, ["-y", "--force"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("--to-source"),
  });
  expect(await restoreLast(host, ["-y", "--to-source"])).toMatchObject({ exitCode: 11 });
  expect(await server.query("SELECT count(*) FROM t", source)).toBe("3\n");

  expect(await restoreLast(host, ["-y", "--to-source", "--force"])).toMatchObject({ exitCode: 0 });
  expect(await contentOf(source)).toBe(before);
});

test("what the role may not read is named, and only left out if that is accepted", async () => {
  const source = await createDatabase(
    server,
    `CREATE TABLE hidden (id serial PRIMARY KEY); CREATE TABLE seen (id int, h int REFERENCES hidden);
     INSERT INTO seen VALUES (1), (2); CREATE VIEW pair AS SELECT seen.id FROM seen JOIN hidden ON h = hidden.id`,
  );
  const role = `reader_${source.replaceAll("-", "_")}`;
  await server.query(`CREATE ROLE ${role} LOGIN; GRANT SELECT ON seen TO ${role}`, source);
  const url = `postgres://${role}@${server.host}:${server.port}/${source}`;
  await using host = await hostOf(source);
  await host.configure({ databases: [{ name: "shop", type: "postgres", url }] });
  const refused = await host.run(["run", "--once"]);
  expect(refused).toMatchObject({ exitCode: 10, stderr: expect.stringMatching(/hidden[^]*hint: GRANT/) });
  expect(await readdir(host.store)).toEqual([]);

  await host.configure({ databases: [{ name: "shop", type: "postgres", url, acceptIncomplete: true }] });
  const accepted = await host.run(["run", "--once"]);
  expect(accepted).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/shop: lacks .*hidden/) });
  const { id } = await backUp(host);
  const listed: unknown = JSON.parse((await host.run(["list", "--json"])).stdout);
  const gaps = { count: 4, kinds: ["constraint", "sequence", "table", "view"] };
  const said = { id, complete: false, doubt: null, tables: 1, rows: 2, gaps };
  expect(listed).toMatchObject([said, { complete: false }]);
  const list = await host.run(["list"]);
  expect(list.stdout).toContain("NO (4 gaps: constraint, sequence, table, view)");
  const shown = await host.run(["show", id, "--private-key-path", host.privateKey]);
  for (const line of [
    /^lacks +sequence "public"\."hidden_id_seq"/m,
    /view "public"\."pair"/,
    /^rows of +public\.seen +2$/m,
  ])
    expect(shown.stdout).toMatch(line);
  const { target, to } = await emptyTarget();
  expect(await restoreLast(host, to)).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("not complete"),
  });
  expect(
    await server.query(
      "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
      target,
    ),
  ).toBe("seen\n");
});
