import { chmod, mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createDatabase as createMysql } from "../database/mysql/servers.ts";
import { contentOf as contentOfMongodb, newName } from "../database/mongodb/servers.ts";
import { createDatabase as createPostgres } from "../database/postgres/servers.ts";
import { contentOf as contentOfPostgres } from "../integration/sample-database.ts";
import { sharedMariadb, sharedMongodb, sharedPostgres } from "../services.ts";

export type EngineName = "PostgreSQL" | "MariaDB" | "MongoDB";

/** A database of one engine: how it is reached, changed and compared. */
export interface Subject {
  url: string;
  /** Adds rows that cannot be compressed: 4 MiB. */
  grow(): Promise<void>;
  content(): Promise<string>;
}

export interface Engine {
  name: EngineName;
  /** As `[[databases]]` has it. */
  type: string;
  /** The dump program, which a row may replace, and what is needed beside it. */
  dump: string;
  others: readonly string[];
  /** Parameters of a URL that keep a client from going round a proxy, and from waiting long. */
  direct: Readonly<Record<string, string>>;
  /** Whether its programs are here. */
  isHere: boolean;
  /** Where the real programs are. */
  directory(): Promise<string>;
  /** An empty database. */
  make(): Promise<Subject>;
}

async function makePostgres(): Promise<Subject> {
  const server = await sharedPostgres();
  const name = await createPostgres(server);
  const noise = `CREATE EXTENSION IF NOT EXISTS pgcrypto; CREATE TABLE IF NOT EXISTS noise (data bytea);
    INSERT INTO noise SELECT gen_random_bytes(1024) FROM generate_series(1, 4096)`;
  return {
    url: server.url(name),
    grow: async () => void (await server.query(noise, name)),
    content: () => contentOfPostgres(name),
  };
}

async function makeMariadb(): Promise<Subject> {
  const server = await sharedMariadb();
  const name = await createMysql(server);
  const noise = `CREATE TABLE IF NOT EXISTS noise (data BLOB);
    INSERT INTO noise SELECT RANDOM_BYTES(1024) FROM seq_1_to_4096`;
  return {
    url: server.url(name),
    grow: async () => void (await server.query(noise, name)),
    content: () =>
      server.query("SELECT count(*), md5(group_concat(md5(data) ORDER BY data)) FROM noise", name),
  };
}

async function makeMongodb(): Promise<Subject> {
  const server = await sharedMongodb();
  const name = newName();
  const noise = () => crypto.getRandomValues(new Uint8Array(1024));
  const documents = () => Array.from({ length: 4096 }, () => ({ data: noise() }));
  return {
    url: server.url(name),
    grow: async () =>
      void (await server.ask((client) => client.db(name).collection("noise").insertMany(documents()))),
    content: async () => Bun.SHA256.hash(JSON.stringify(await contentOfMongodb(server, name)), "hex"),
  };
}

function folderOf(program: string): Promise<string> {
  return Promise.resolve(dirname(Bun.which(program) ?? ""));
}

export const ENGINES: readonly Engine[] = [
  {
    name: "PostgreSQL",
    type: "postgres",
    dump: "pg_dump",
    others: ["psql", "pg_restore"],
    direct: {},
    isHere: true,
    directory: async () => (await sharedPostgres()).binDirectory,
    make: makePostgres,
  },
  {
    name: "MariaDB",
    type: "mysql",
    dump: "mariadb-dump",
    others: ["mariadb"],
    direct: {},
    isHere: true,
    directory: () => folderOf("mariadb-dump"),
    make: makeMariadb,
  },
  {
    name: "MongoDB",
    type: "mongodb",
    dump: "mongodump",
    others: ["mongorestore"],
    direct: { directConnection: "true", serverSelectionTimeoutMS: "2000" },
    // They are in no package of Debian's.
    isHere: Bun.which("mongodump") !== null && Bun.which("mongorestore") !== null,
    directory: () => folderOf("mongodump"),
    make: makeMongodb,
  },
];

let made = 0;

/** Its programs in a folder of their own, but for the dump program, which is a shell script; `$REAL` is the real one. */
export async function replaceDump(engine: Engine, parent: string, script: string): Promise<string> {
  const folder = join(parent, `tools-${(made += 1)}`);
  const real = await engine.directory();
  await mkdir(folder);
  for (const name of engine.others) await symlink(join(real, name), join(folder, name));
  const file = join(folder, engine.dump);
  const head = `#!/bin/bash\nREAL=${join(real, engine.dump)}\n[[ " $* " == *" --version "* ]] && exec "$REAL" "$@"\n`;
  await Bun.write(file, head + script);
  await chmod(file, 0o755);
  return folder;
}
