import { join } from "node:path";
import { startMariadb } from "../services/mariadb.ts";
import { startMongodb } from "../services/mongodb.ts";
import { startPostgres } from "../services/postgres.ts";
import { requireProgram, runProgram } from "../services/service.ts";

/** A database that is full, and the commands that dump it. */
export interface Subject extends AsyncDisposable {
  /** What it holds, for the table. */
  holds: string;
  /** The config's word for the engine. */
  type: string;
  url: string;
  /** How the dump program is called in the table. */
  program: string;
  /** The shell command that writes the uncompressed dump to stdout. */
  command: string;
  /** What the program does by itself to make it small: the words for the table, and the command. Not every program does. */
  small?: { program: string; command: string };
}

/** Rows like those of a shop, for each unit of scale. */
const EVENTS_PER_SCALE = 75_000;

const DATABASE = "bench";

/** The server that stands in for MongoDB is slow: a tenth of the rows. */
const DOCUMENTS_PER_SCALE = EVENTS_PER_SCALE / 10;

/** Documents that are inserted at once. */
const BATCH = 2_500;

/** How each engine's database is made and filled; `scale` is that of pgbench. */
export const SUBJECTS: Readonly<Record<string, (scale: number) => Promise<Subject>>> = {
  postgres: makePostgres,
  mariadb: makeMariadb,
  mongodb: makeMongodb,
};

/** pgbench's rows are mostly spaces, which flatter every compressor: as many bytes again are like those of a shop. */
async function makePostgres(scale: number): Promise<Subject> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startPostgres());
  const url = server.url(DATABASE);
  const events = scale * EVENTS_PER_SCALE;
  await server.query(`CREATE DATABASE ${DATABASE}`);
  await runProgram([join(server.binDirectory, "pgbench"), "-q", "-i", "-s", `${scale}`, url]);
  await server.query(
    `CREATE TABLE event AS SELECT g AS id, timestamptz '2026-01-01' + g * interval '7 seconds' AS at,
     md5(g::text) AS token, (g::bigint * 7919 % 100003)::int AS cents,
     'order ' || g % 977 || ' shipped to ' || md5((g % 5000)::text) AS note FROM generate_series(1, ${events}) g`,
    DATABASE,
  );
  const dump = `${server.binDirectory}/pg_dump -Fc`;
  const owned = stack.move();
  return {
    holds: `pgbench -i -s ${scale} and ${count(events)} rows like those of a shop`,
    type: "postgres",
    url,
    program: "pg_dump -Fc -Z0",
    command: `${dump} -Z0 '${url}'`,
    small: { program: "pg_dump -Fc", command: `${dump} '${url}'` },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function makeMariadb(scale: number): Promise<Subject> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startMariadb());
  const events = 2 * scale * EVENTS_PER_SCALE;
  await server.query(`CREATE DATABASE ${DATABASE}`);
  await server.query(
    `CREATE TABLE event (id int PRIMARY KEY, at datetime, token char(32), cents int, note text) AS
     SELECT seq AS id, timestamp '2026-01-01 00:00:00' + interval seq * 7 second AS at, md5(seq) AS token,
     seq * 7919 % 100003 AS cents, concat('order ', seq % 977, ' shipped to ', md5(seq % 5000)) AS note
     FROM seq_1_to_${events}`,
    DATABASE,
  );
  const program = "mariadb-dump --single-transaction --quick --hex-blob";
  const path = requireProgram("mariadb-dump", "mariadb-client");
  const words = program.split(" ").slice(1).join(" ");
  const owned = stack.move();
  return {
    holds: `${count(events)} rows like those of a shop`,
    type: "mysql",
    url: server.url(DATABASE),
    program,
    command: `${path} --no-defaults -h ${server.host} -P ${server.port} -u ${server.superuser} ${words} ${DATABASE}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Its programs are in no package of Debian: they come from MongoDB. */
async function makeMongodb(scale: number): Promise<Subject> {
  const path = requireProgram("mongodump", "mongodb-database-tools (from MongoDB's own packages)");
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startMongodb());
  const events = scale * DOCUMENTS_PER_SCALE;
  await server.ask(async (client) => {
    const collection = client.db(DATABASE).collection<ReturnType<typeof eventOf>>("event");
    for (let first = 1; first <= events; first += BATCH)
      await collection.insertMany(Array.from({ length: BATCH }, (_, at) => eventOf(first + at)));
  });
  const url = server.url(DATABASE);
  const owned = stack.move();
  return {
    holds: `${count(events)} documents like those of a shop`,
    type: "mongodb",
    url,
    program: "mongodump --archive",
    command: `${path} --quiet --archive '${url}'`,
    small: { program: "mongodump --archive --gzip", command: `${path} --quiet --archive --gzip '${url}'` },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function eventOf(id: number) {
  const hash = (text: string) => new Bun.CryptoHasher("md5").update(text).digest("hex");
  return {
    _id: id,
    at: new Date(Date.UTC(2026, 0, 1) + id * 7000),
    token: hash(`${id}`),
    cents: (id * 7919) % 100_003,
    note: `order ${id % 977} shipped to ${hash(`${id % 5000}`)}`,
  };
}

function count(rows: number): string {
  return rows.toLocaleString("en");
}
