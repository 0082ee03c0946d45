import { Database as Connection } from "bun:sqlite";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder, type Service } from "../../../../scripts/services/service.ts";
import type { Deed, Engine, Place, Question } from "../../../conformance/database/engine.ts";
import { shared } from "../../../services.ts";

interface Folder extends Service {
  path: string;
}

const folder = shared<Folder>("sqlite conformance", async () => {
  const { path, [Symbol.asyncDispose]: remove } = await temporaryFolder("sqlite");
  const stop = async () => await remove();
  return { path, stop, [Symbol.asyncDispose]: stop };
});

let made = 0;

/** SQLite, in files of a folder of its own. There is no role: who may read the file may dump it. */
export const engine: Engine = {
  name: "SQLite",
  type: "sqlite",
  async make(name = "app.db") {
    const directory = join((await folder()).path, String((made += 1)));
    await mkdir(directory);
    const options = { path: join(directory, name) };
    return { name: options.path, reading: options, writing: options };
  },
  content: async ({ name }) => {
    if (!(await Bun.file(name).exists())) return "";
    using connection = new Connection(name, { readonly: true });
    const schema = connection.query("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2");
    const tables = connection.query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY 1",
    );
    const digest = new Bun.CryptoHasher("sha256");
    for (const table of tables.all()) digestRows(connection, table.name, digest);
    return JSON.stringify([schema.values(), digest.digest("hex")], null, 1);
  },
};

/** Every value with its type, bytes as bytes and the rest as SQLite itself writes it. */
function digestRows(connection: Connection, table: string, digest: Bun.CryptoHasher): void {
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const columns = connection
    .query<{ name: string }, [string]>("SELECT name FROM pragma_table_xinfo(?)")
    .all(table)
    .map(({ name }) => quoted(name))
    .map((name) => `typeof(${name}), iif(typeof(${name}) = 'blob', ${name}, quote(${name}))`);
  for (const row of connection.query(`SELECT ${columns.join(", ")} FROM ${quoted(table)}`).iterate())
    for (const value of Object.values(row as object)) digest.update(value as string | Uint8Array);
}

/** Runs statements. */
export function sql(statements: string): Deed {
  return async ({ name }) => {
    using connection = new Connection(name);
    connection.run(statements);
  };
}

/** Asks, and gives the rows as JSON. */
export function rows(query: string): Question {
  return async ({ name }: Place) => {
    using connection = new Connection(name, { readonly: true });
    return JSON.stringify(connection.query(query).values());
  };
}
