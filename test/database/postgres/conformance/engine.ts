import { join } from "node:path";
import { startPostgres, type Postgres } from "../../../../scripts/services/postgres.ts";
import { runProgram } from "../../../../scripts/services/service.ts";
import type { Deed, Engine, Place, Question } from "../../../conformance/database/engine.ts";
import { leastRole } from "../../least-role.ts";
import { shared } from "../../../services.ts";

const PASSWORD = "se cret/@:%";

/** The usual server: it asks for a password and has a certificate for `localhost` and 127.0.0.1. */
export const usual: () => Promise<Postgres> = shared("postgres conformance", () =>
  startPostgres({ password: PASSWORD, tls: true }),
);

/** One with room for the locks of 10,000 tables. */
const raised = shared("postgres with many locks", () =>
  startPostgres({ password: PASSWORD, settings: { max_locks_per_transaction: "1024" } }),
);

export const engine: Engine = engineOf(usual);

export const raisedEngine: Engine = engineOf(raised);

/** PostgreSQL, dumped by the least role and restored by the superuser. */
function engineOf(server: () => Promise<Postgres>): Engine {
  return { name: "PostgreSQL", type: "postgres", make: (name) => make(server, name), content };
}

/** A database, and where it is. */
interface PostgresPlace extends Place {
  server: Postgres;
}

let made = 0;

async function make(start: () => Promise<Postgres>, name = `place-${(made += 1)}`): Promise<PostgresPlace> {
  const server = await start();
  await server.query(`CREATE DATABASE ${quoted(name)} TEMPLATE template0`);
  await grant(server, name);
  const { host, port, superuser } = server;
  const writing = { host, port, username: superuser, password: PASSWORD, database: name };
  return { server, name, writing, reading: { ...writing, username: "backup" } };
}

const granted = new WeakSet<Postgres>();

/** Runs the documentation's statements; the role itself is made once. */
async function grant(server: Postgres, database: string): Promise<void> {
  const statements = await leastRole("postgres", { shop: quoted(database) });
  for (const statement of statements.split(/(?<=;)\s*/)) {
    if (statement.startsWith("CREATE ROLE") && granted.has(server)) continue;
    if (statement !== "") await server.query(statement, database);
  }
  if (!granted.has(server)) await server.query(`ALTER ROLE backup PASSWORD '${PASSWORD}'`);
  granted.add(server);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** All that a database holds, as pg_dump writes it in plain text, without the line that is random. */
async function content(place: Place): Promise<string> {
  const { server, name } = place as PostgresPlace;
  const script = `set -eo pipefail; "$0" "$1" | sed -E '/^\\\\(un)?restrict /d' | sha256sum`;
  return await runProgram(["bash", "-c", script, join(server.binDirectory, "pg_dump"), server.url(name)]);
}

/** Runs statements as the superuser. */
export function sql(statements: string): Deed {
  return (place) => (place as PostgresPlace).server.query(statements, place.name);
}

/** Asks, and gives what psql prints. */
export function rows(query: string): Question {
  return async (place) => (await (place as PostgresPlace).server.query(query, place.name)).trimEnd();
}

/** The server of a place. */
export function serverOf(place: Place): Postgres {
  return (place as PostgresPlace).server;
}
