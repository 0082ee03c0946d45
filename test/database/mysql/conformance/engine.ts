import { startMariadb } from "../../../../scripts/services/mariadb.ts";
import type { MysqlServer } from "../../../../scripts/services/mysql.ts";
import { requireProgram, runProgram } from "../../../../scripts/services/service.ts";
import type { Deed, Engine, Place, Question } from "../../../conformance/database/engine.ts";
import { shared } from "../../../services.ts";
import { leastRole } from "../../least-role.ts";

const PASSWORD = "se cret/@:%#'\"";

/** Takes large values. Not synced, and in one file, many tables are made in half the time. */
const SETTINGS = { "max-allowed-packet": "1G", "debug-no-sync": "1", "innodb-file-per-table": "0" };

/** The usual server: it has a certificate for `localhost` and 127.0.0.1. */
export const usual: () => Promise<MysqlServer> = shared("mariadb conformance", () => start({}));

/** One whose disk seems to be small. At a limit on the size of its files the server would die. */
const small = shared("mariadb with little room", () =>
  start({ "innodb-data-file-path": "ibdata1:12M:autoextend:max:24M" }),
);

export const engine: Engine = engineOf(usual);

export const smallEngine: Engine = engineOf(small);

async function start(settings: Record<string, string>): Promise<MysqlServer> {
  const server = await startMariadb({ tls: true, settings: { ...SETTINGS, ...settings } });
  await server.query("CREATE USER restorer@'%'; GRANT ALL ON *.* TO restorer@'%'; CREATE USER backup@'%'");
  for (const user of ["restorer", "backup"])
    await server.query(`ALTER USER ${user}@'%' IDENTIFIED BY '${PASSWORD.replaceAll("'", "''")}'`);
  return server;
}

/** MariaDB, dumped by the least role and restored by an account that may do everything. */
function engineOf(server: () => Promise<MysqlServer>): Engine {
  return { name: "MariaDB", type: "mysql", make: (name) => make(server, name), content };
}

/** A database, and where it is. */
interface MysqlPlace extends Place {
  server: MysqlServer;
}

let made = 0;

async function make(start: () => Promise<MysqlServer>, name = `place_${(made += 1)}`): Promise<MysqlPlace> {
  const server = await start();
  await server.query(`CREATE DATABASE ${quoted(name)} CHARACTER SET utf8mb4`);
  await grant(server, name);
  const { host, port } = server;
  const writing = { host, port, username: "restorer", password: PASSWORD, database: name };
  return { server, name, writing, reading: { ...writing, username: "backup" } };
}

/** Runs the documentation's statements; the account itself exists already. */
async function grant(server: MysqlServer, database: string): Promise<void> {
  // A backtick ends a name, and what is a wildcard in it is not meant as one.
  const shop = database.replaceAll("`", "``").replaceAll(/[\\_%]/g, String.raw`\$&`);
  const statements = await leastRole("mysql", { shop });
  const grants = statements.split("\n").filter((line) => !line.startsWith("CREATE USER"));
  await server.query(grants.join("\n"));
}

function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** The server of a place. */
export function serverOf(place: Place): MysqlServer {
  return (place as MysqlPlace).server;
}

/** All that a database holds, as the dump program writes it. */
async function content(place: Place): Promise<string> {
  const { socket, superuser } = serverOf(place);
  const dump = requireProgram("mariadb-dump", "mariadb-client");
  const who = ["--no-defaults", `--socket=${socket}`, `--user=${superuser}`];
  const what = ["--routines", "--events", "--triggers", "--hex-blob", "--max-allowed-packet=1G"];
  const argv = [dump, ...who, ...what, "--skip-comments", "--skip-extended-insert", "--", place.name];
  return await runProgram(["bash", "-c", 'set -eo pipefail; "$@" | sha256sum', "bash", ...argv]);
}

/** Runs statements as the superuser. */
export function sql(statements: string): Deed {
  return (place) => serverOf(place).query(statements, place.name);
}

/** Asks, and gives what the client prints. */
export function rows(query: string): Question {
  return async (place) => (await serverOf(place).query(query, place.name)).trimEnd();
}
