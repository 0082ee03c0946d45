import { Database as Connection } from "bun:sqlite";
import { expect } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { sqliteUrl, type Workspace } from "../integration/workspace.ts";

/** The SQLite file of a host. */
export function fileOf(host: Workspace): string {
  return join(host.folder, "app.db");
}

/** Adds a row of so many random bytes to it, and gives what tells its content from others. */
export function grow(host: Workspace, bytes: number): string {
  using connection = new Connection(fileOf(host));
  connection.run("CREATE TABLE IF NOT EXISTS noise (data BLOB)");
  connection.run("INSERT INTO noise VALUES (randomblob(?))", [bytes]);
  return contentOf(connection);
}

/** Everything that lies in a folder of backups, but who was at work there when. */
export async function lookInto(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => !/\/lease(?:\/|$)/.test(name)).toSorted();
}

/** Restores a backup into a new file, and compares. */
export async function expectRestored(host: Workspace, id: string, content: string): Promise<void> {
  const target = join(host.folder, `restored-${id}.db`);
  const args = ["restore", id, "--force", "--private-key-path", host.privateKey, "--to", sqliteUrl(target)];
  expect(await host.run(args)).toMatchObject({ exitCode: 0 });
  using connection = new Connection(target, { readonly: true });
  expect(contentOf(connection)).toBe(content);
}

function contentOf(connection: Connection): string {
  const hash = new Bun.CryptoHasher("sha256");
  for (const { data } of connection.query<{ data: Uint8Array }, []>("SELECT data FROM noise ORDER BY rowid"))
    hash.update(`${data.length} `).update(data);
  return hash.digest("hex");
}
