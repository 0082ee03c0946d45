import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { waitUntil } from "../../scripts/services/service.ts";
import { sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import type { Finished } from "./binary.ts";
import {
  backUp,
  envelopeIn,
  s3Store,
  sqliteDatabase,
  sqliteUrl,
  type Workspace,
  workspace,
} from "./workspace.ts";

setDefaultTimeout(30_000);

const TRANSFERS = fileURLToPath(import.meta.resolve("./transfers.ts"));
const ACCOUNTS = 1000;
const LAST = "--last-backup";
const SUM = ACCOUNTS * 100;

/** A host with a bank in a database file whose name has to be quoted. */
async function bank(stores?: Record<string, unknown>[]): Promise<{ host: Workspace; path: string }> {
  const host = await workspace();
  const path = join(host.folder, "Größe 100%.db");
  await host.configure({ databases: [sqliteDatabase(path)], ...(stores && { stores }) });
  using database = new Database(path);
  database.run("PRAGMA journal_mode = WAL");
  database.run("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)");
  database.run("CREATE TABLE transfers (id INTEGER PRIMARY KEY, giver, taker, amount)");
  database.run(`
    WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ${ACCOUNTS})
    INSERT INTO accounts SELECT id, 100 FROM n`);
  return { host, path };
}

/** Another program that writes without a pause. */
async function startTransfers(path: string): Promise<AsyncDisposable> {
  const writer = Bun.spawn([process.execPath, TRANSFERS, path], { stdout: "pipe", stderr: "inherit" });
  await writer.stdout.getReader().read();
  return {
    [Symbol.asyncDispose]: async () => {
      writer.kill("SIGKILL");
      await writer.exited;
    },
  };
}

interface Books {
  integrity: string;
  sum: number;
  transfers: number;
  last: number;
}

function audit(path: string): Books {
  using database = new Database(path, { readonly: true });
  const { integrity_check: integrity } = database.query("PRAGMA integrity_check").get() as Record<
    string,
    string
  >;
  const books =
    "SELECT sum(balance) AS sum, (SELECT count(*) FROM transfers) AS transfers, (SELECT max(id) FROM transfers) AS last FROM accounts";
  return { integrity: integrity ?? "", ...(database.query(books).get() as Omit<Books, "integrity">) };
}

function countTransfers(path: string): number {
  using database = new Database(path, { readonly: true });
  database.run("PRAGMA busy_timeout = 10000");
  return Number(database.query("SELECT count(*) FROM transfers").values()[0]);
}

async function restore(host: Workspace, to: string, ...more: readonly string[]): Promise<Finished> {
  return await host.run(["restore", "--private-key-path", host.privateKey, "--to", sqliteUrl(to), ...more]);
}

test("every backup of a database that is written to is of one moment", async () => {
  const { host, path } = await bank();
  await using _ = host;
  await using _writing = await startTransfers(path);
  let before = 0;
  for (const name of ["one.db", "two.db", "three.db"]) {
    await waitUntil(() => countTransfers(path) > before, { what: "another transfer" });
    const { id } = await backUp(host);
    const copy = join(host.folder, name);
    expect(await restore(host, copy, id)).toMatchObject({ exitCode: 0, stdout: "" });
    const { transfers, last, ...books } = audit(copy);
    expect(books).toEqual({ integrity: "ok", sum: SUM });
    expect(transfers).toBe(last);
    expect(transfers).toBeGreaterThan(before);
    before = transfers;
  }
  expect((await readdir(host.folder)).filter((name) => name.includes("dbacked"))).toEqual([]);
  expect(await readdir(host.temporary)).toEqual([]);
});

test("a database file goes to S3 and comes back", async () => {
  const s3 = await sharedSeaweed();
  const { host, path } = await bank([s3Store(s3, await makeBucket(s3))]);
  await using _ = host;
  await backUp(host);
  const copy = join(host.folder, "copy.db");
  expect(await restore(host, copy, LAST)).toMatchObject({ exitCode: 0 });
  expect(audit(copy)).toEqual(audit(path));
});

test("decrypt gives the database file itself", async () => {
  const { host } = await bank();
  await using _ = host;
  const { id } = await backUp(host);
  const copy = join(host.folder, "decrypted.db");
  const args = ["decrypt", "--private-key-path", host.privateKey, "--store", "folder", id];
  expect(await host.run(args, { stdoutTo: copy })).toMatchObject({ exitCode: 0 });
  expect(audit(copy)).toMatchObject({ integrity: "ok", sum: SUM });
});

test("a file that holds something is only replaced with --force", async () => {
  const { host, path } = await bank();
  await using _ = host;
  await backUp(host);
  const target = join(host.folder, "target.db");
  {
    using database = new Database(target);
    database.run("PRAGMA journal_mode = WAL");
    database.run("CREATE TABLE mine (id)");
  }
  const before = await Bun.file(target).bytes();
  const refused = await restore(host, target, LAST);
  expect(refused).toMatchObject({ exitCode: 11, stderr: expect.stringMatching(/not empty.*mine/) });
  expect(Buffer.compare(await Bun.file(target).bytes(), before)).toBe(0);

  expect(await restore(host, target, LAST, "--force")).toMatchObject({ exitCode: 0 });
  expect(audit(target)).toEqual(audit(path));
});

test("a file that another program uses is not replaced, even with --force", async () => {
  const { host, path } = await bank();
  await using _ = host;
  await backUp(host);
  await using _writing = await startTransfers(path);
  const refused = await restore(host, path, LAST, "--force");
  expect(refused).toMatchObject({ exitCode: 11, stderr: expect.stringContaining("is in use") });
  expect(audit(path)).toMatchObject({ integrity: "ok", sum: SUM });
});

test("a damaged envelope replaces nothing", async () => {
  const { host, path } = await bank();
  await using _ = host;
  await backUp(host);
  const envelope = await envelopeIn(host, "app");
  const bytes = await Bun.file(envelope).bytes();
  bytes[bytes.length - 1000] = (bytes[bytes.length - 1000] ?? 0) ^ 1;
  await Bun.write(envelope, bytes);

  const before = audit(path);
  expect(await restore(host, path, LAST, "--force")).toMatchObject({ exitCode: 8 });
  expect(await restore(host, path, LAST, "--force", "--single-pass")).toMatchObject({ exitCode: 8 });
  expect(await restore(host, join(host.folder, "new.db"), LAST)).toMatchObject({ exitCode: 8 });
  expect(audit(path)).toEqual(before);
  expect(await readdir(host.folder)).not.toContain("new.db");
});
