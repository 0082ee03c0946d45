/** What a flat value must be. */
type FlatKind = "text" | "whole" | "switch" | "secret";

/** A name of 2018: a key at the top level of the file, a variable, and an option of some commands. */
export interface FlatName {
  kind: FlatKind;
  /** Empty for what this version only refuses: no help tells of it. */
  summary: string;
  /** The key of the one database or the one store that it sets; null if it concerns neither. */
  sets: readonly ["databases" | "stores", string] | null;
}

function database(kind: FlatKind, key: string, summary: string): FlatName {
  return { kind, summary, sets: ["databases", key] };
}

function store(kind: FlatKind, key: string, summary: string): FlatName {
  return { kind, summary, sets: ["stores", key] };
}

function other(kind: FlatKind, summary: string): FlatName {
  return { kind, summary, sets: null };
}

/** All of them. They describe one database and one S3 bucket without any table. */
export const FLAT_NAMES: Readonly<Record<string, FlatName>> = {
  dbType: database("text", "type", "what the database is: pg, mysql, mongodb or sqlite"),
  dbConnectionString: database("text", "url", "the database as a URL, without a password"),
  dbHost: database("text", "host", "host of the database server"),
  dbPort: database("whole", "port", "its port"),
  dbUsername: database("text", "username", "who dumps"),
  dbPassword: database("secret", "password", "the password"),
  dbPasswordFile: database("text", "passwordFile", "a file with the password"),
  dbName: database("text", "database", "name of the database on the server"),
  dbAlias: database("text", "name", "name of its backups (default the database's name)"),
  authenticationDatabase: database("text", "authenticationDatabase", "which database knows the MongoDB user"),
  dumperOptions: database("text", "dumperOptions", "more options for the dump program"),
  databaseToolsDirectory: database("text", "databaseToolsDirectory", "where the dump program is"),
  s3bucket: store("text", "bucket", "the bucket for the backups"),
  s3region: store("text", "region", "its region"),
  s3endpoint: store("text", "endpoint", "the URL of an S3 server that is not Amazon's"),
  s3prefix: store("text", "prefix", "what the names of all objects begin with, as in web-1/"),
  s3accessKeyId: store("text", "accessKeyId", "the access key's name"),
  s3secretAccessKey: store("secret", "secretAccessKey", "the access key"),
  s3secretAccessKeyFile: store("text", "secretAccessKeyFile", "a file with the access key"),
  storePath: store("text", "path", "a folder for the backups, instead of a bucket"),
  publicKey: other("text", "the public key that can open the backups: PEM, or a path"),
  agentId: other("text", "what the backups say of the host that made them"),
  pingUrl: other("secret", "the URL of a check, as of healthchecks.io, that is told how each backup goes"),
  pingUrlFile: other("text", "a file with that URL"),
  subscriptionType: other("text", "free, which changes nothing"),
  apikey: other("secret", ""),
  email: other("text", ""),
  cron: database("text", "schedule", "when `run` without --once backs it up, as in 0 3 * * *"),
  sendAnalytics: other("switch", ""),
  daemon: other("switch", "with `run`: leave the terminal, and follow the schedules in the background"),
  daemonName: other("text", "what the agent in the background is called (default dbacked)"),
};

/** How a name is spelt as an option: `dbType` → `db-type`, and as in 2018 `s3accessKeyId` → `s3-access-key-id`. */
export function spell(name: string): string {
  return name.replace(/^s3(?=[a-z])/, "s3-").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** How a name is spelt as a variable: `dbType` → `DBACKED_DB_TYPE`. */
export function variableOf(name: string): string {
  return `DBACKED_${spell(name).toUpperCase().replaceAll("-", "_")}`;
}
