import { join } from "node:path";
import type { Postgres } from "../../scripts/services/postgres.ts";
import { runProgram } from "../../scripts/services/service.ts";
import { createDatabase, EVERYTHING } from "../database/postgres/servers.ts";
import { sharedPostgres } from "../services.ts";

/** Its name says whether names are quoted on every way through the program. */
const SMALL = 'Größe "shop" 1%';

/** A database with a bit of everything; changed by nobody. */
export const smallDatabase: () => Promise<string> = once(async (server) => {
  await server.query(`CREATE DATABASE "${SMALL.replaceAll('"', '""')}" TEMPLATE template0`);
  await server.query(EVERYTHING, SMALL);
  return SMALL;
});

/** The same with pgbench's tables: 200,000 rows. */
export const largeDatabase: () => Promise<string> = once(async (server) => {
  const name = await createDatabase(server, EVERYTHING);
  await runProgram([join(server.binDirectory, "pgbench"), "-i", "-q", "-s", "2", server.url(name)]);
  return name;
});

/** A table of 20 MiB of random bytes: a dump that becomes about 20 MiB again when it is compressed. */
export const noisyDatabase: () => Promise<string> = once((server) =>
  createDatabase(
    server,
    `CREATE EXTENSION pgcrypto; CREATE TABLE noise (id int PRIMARY KEY, data bytea);
     INSERT INTO noise SELECT g, gen_random_bytes(1024) FROM generate_series(1, 20 * 1024) g;`,
  ),
);

/** What tells the content of one database from that of another. */
export async function contentOf(database: string): Promise<string> {
  const server = await sharedPostgres();
  const pgDump = join(server.binDirectory, "pg_dump");
  // Newer versions write a line that is random.
  const script = `set -eo pipefail; "$0" "$1" | sed -E '/^\\\\(un)?restrict /d' | sha256sum`;
  return await runProgram(["bash", "-c", script, pgDump, server.url(database)]);
}

function once(make: (server: Postgres) => Promise<string>): () => Promise<string> {
  let made: Promise<string> | undefined;
  return async () => await (made ??= make(await sharedPostgres()));
}
