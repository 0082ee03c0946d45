import type { z } from "zod";
import type { Database, Instance } from "./database.ts";
import { Mongodb, mongodbInstance } from "./mongodb.ts";
import { mongodbOptions } from "./mongodb/options.ts";
import { MONGODB_TOOLS } from "./mongodb/tools.ts";
import { Mysql } from "./mysql.ts";
import { mysqlInstance } from "./mysql/instance.ts";
import { mysqlOptions } from "./mysql/options.ts";
import { MARIADB_TOOLS, MYSQL_TOOLS, OLD_MARIADB_TOOLS } from "./mysql/tools.ts";
import { Postgres } from "./postgres.ts";
import { postgresInstance } from "./postgres/instance.ts";
import { postgresOptions } from "./postgres/options.ts";
import { POSTGRES_TOOLS } from "./postgres/tools.ts";
import { Sqlite } from "./sqlite.ts";
import { sqliteOptions } from "./sqlite/options.ts";
import type { Toolbox } from "./toolbox.ts";

/** Every type of database, by the word that the config has for it: its options, and what dumps it. */
export const databaseDrivers = {
  mongodb: driver(mongodbOptions, (options) => new Mongodb(options), mongodbInstance),
  mysql: driver(mysqlOptions, (options) => new Mysql(options), mysqlInstance),
  postgres: driver(postgresOptions, (options) => new Postgres(options), postgresInstance),
  sqlite: driver(sqliteOptions, (options) => new Sqlite(options)),
};

/** The programs that each type of database needs, for `tools`; where there are several, one of them will do. */
export const toolboxes: Readonly<Record<keyof typeof databaseDrivers, readonly Toolbox[]>> = {
  mongodb: [{ product: "MongoDB", families: [MONGODB_TOOLS], choice: "newest" }],
  mysql: [
    { product: "MariaDB", families: [MARIADB_TOOLS, OLD_MARIADB_TOOLS], choice: "fitting" },
    { product: "MySQL", families: [MYSQL_TOOLS], choice: "fitting" },
  ],
  postgres: [{ product: "PostgreSQL", families: [POSTGRES_TOOLS], choice: "fitting" }],
  sqlite: [{ product: "SQLite", families: [], choice: "newest" }],
};

interface DatabaseDriver<Schema extends z.ZodType> {
  options: Schema;
  /** Nothing is asked of the database yet. */
  create(options: z.output<Schema>): Database;
  /** The whole server, if that is what the options mean; else null. */
  instance(options: z.output<Schema>): Instance | null;
}

/** Lets the options' schema and the function that takes them agree on their type. */
function driver<Schema extends z.ZodType>(
  options: Schema,
  create: (options: z.output<Schema>) => Database,
  instance: (options: z.output<Schema>) => Instance | null = () => null,
): DatabaseDriver<Schema> {
  return { options, create, instance };
}
