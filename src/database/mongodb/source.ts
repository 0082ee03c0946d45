import type { Db, Document, MongoClient } from "mongodb";
import { DbackedError } from "../../base/error.ts";
import type { Gap } from "../database.ts";
import type { Connection } from "./connection.ts";
import { connect, ifAuthorized } from "./questions.ts";
import {
  gapOf,
  gapsInDatabase,
  gapsInServer,
  grantOf,
  type Collection,
  type Privilege,
  type User,
} from "./rights.ts";

/** What we ask a server before a dump. */
export interface Source {
  version: string;
  /** `mongos` stands before a sharded cluster. */
  topology: "replica set" | "standalone" | "mongos";
  /** What tells this server from others; null if the user may not read it. */
  identifier: string | null;
  gaps: readonly Gap[];
  /** Collections that the user may not read, and that can be left out. */
  unreadable: readonly string[];
}

/**
 * Asks a server about itself, and what a dump with this user would lack.
 *
 * @throws {DbackedError} `database`, if it cannot be asked, or has no such database.
 */
export async function readSource(connection: Connection, signal: AbortSignal): Promise<Source> {
  return await connect(
    connection,
    async (client) => {
      const admin = client.db("admin");
      const { version } = await admin.command({ buildInfo: 1 });
      const hello = await admin.command({ hello: 1 }).catch(() => admin.command({ isMaster: 1 }));
      const topology = topologyOf(hello);
      const found = await readGaps(client, connection, String(version));
      return {
        version: String(version),
        topology,
        identifier: await readIdentifier(client, topology),
        ...found,
      };
    },
    signal,
  );
}

/** A user who may not list all databases. */
interface Confined {
  /** The command that lets the user read the whole server. */
  mend: string;
  /** The databases that the user's rights name. */
  databases: readonly string[];
}

/** Asks a server who the user of this connection is. */
export async function readConfined(connection: Connection, signal: AbortSignal): Promise<Confined> {
  return await connect(
    connection,
    async (client) => {
      const { authInfo } = await client.db("admin").command({ connectionStatus: 1, showPrivileges: true });
      const user: User | undefined = authInfo?.authenticatedUsers?.[0];
      if (user === undefined) throw unknownUser(connection);
      const privileges: readonly Privilege[] = authInfo?.authenticatedUserPrivileges ?? [];
      const roles: readonly { db: string }[] = authInfo?.authenticatedUserRoles ?? [];
      const named = [...privileges.map(({ resource }) => resource.db ?? ""), ...roles.map(({ db }) => db)];
      const databases = new Set(named.filter((name) => name !== ""));
      return { mend: grantOf(user, "backup", "admin"), databases: [...databases] };
    },
    signal,
  );
}

function topologyOf(hello: Document): Source["topology"] {
  if (hello["msg"] === "isdbgrid") return "mongos";
  return hello["setName"] === undefined ? "standalone" : "replica set";
}

/** The number that a replica set or a cluster was given when it was made. */
async function readIdentifier(client: MongoClient, topology: Source["topology"]): Promise<string | null> {
  try {
    if (topology === "mongos") return identifierIn(await client.db("config").collection("version").findOne());
    if (topology === "standalone") return null;
    const { config } = await client.db("admin").command({ replSetGetConfig: 1 });
    return identifierIn(config?.settings);
  } catch {
    // A right that a dump does not need.
    return null;
  }
}

function identifierIn(settings: Document | null | undefined): string | null {
  const identifier: unknown = settings?.["clusterId"] ?? settings?.["replicaSetId"];
  return identifier === undefined ? null : JSON.stringify(identifier);
}

/** Collections that mongodump dumps: of the system's own only those with programs for the server. */
export function isDumped({ name }: Collection): boolean {
  return !name.startsWith("system.") || name === "system.js";
}

/** The collections of a database; null if the user may not list them. */
export async function listCollections(database: Db): Promise<readonly Collection[] | null> {
  const listed = await ifAuthorized(database.listCollections({}, { nameOnly: true }).toArray());
  return listed?.map(({ name, type }) => ({ name, type: type ?? "collection" })) ?? null;
}

async function readGaps(
  client: MongoClient,
  connection: Connection,
  version: string,
): Promise<Pick<Source, "gaps" | "unreadable">> {
  const { authInfo } = await client.db("admin").command({ connectionStatus: 1, showPrivileges: true });
  const user: User | undefined = authInfo?.authenticatedUsers?.[0];
  const privileges: readonly Privilege[] = authInfo?.authenticatedUserPrivileges ?? [];
  const { database } = connection;
  if (database === null) {
    if (user === undefined) {
      if ((await listNames(client)) === null) throw unknownUser(connection);
      return { gaps: [], unreadable: [] };
    }
    const gaps = privileges.length > 0 ? gapsInServer(privileges, user) : await tryServer(client, user);
    return { gaps, unreadable: [] };
  }
  const listed = await listCollections(client.db(database));
  if (listed === null && user === undefined) throw unknownUser(connection);
  const collections = (listed ?? []).filter(isDumped).map((each) => withoutBuckets(each, version));
  if (listed !== null && collections.length === 0) throw noDatabase(connection);
  if (user === undefined) return { gaps: [], unreadable: [] };
  const gaps =
    privileges.length > 0
      ? gapsInDatabase(privileges, user, database, collections)
      : await tryDatabase(client.db(database), user, listed === null ? null : collections);
  const names = new Set(collections.map(({ name }) => name));
  return { gaps, unreadable: gaps.map(({ object }) => object).filter((object) => names.has(object)) };
}

/** Since version 8.3 a time series is read under its own name. */
function withoutBuckets(collection: Collection, version: string): Collection {
  const isNew = Bun.semver.order(version.replace(/-.*/, ""), "8.3.0") >= 0;
  return isNew && collection.type === "timeseries" ? { ...collection, type: "collection" } : collection;
}

/** Tries to do what mongodump does, where the server does not say what the user may do. */
async function tryDatabase(db: Db, user: User, collections: readonly Collection[] | null): Promise<Gap[]> {
  const mend = grantOf(user, "read", db.databaseName);
  if (collections === null)
    return [
      {
        kind: "collection",
        object: `the collections of ${db.databaseName}`,
        why: "no right to list them",
        mend,
      },
    ];
  const gaps: Gap[] = [];
  for (const { name, type } of collections) {
    if (type === "view") continue;
    const found = await ifAuthorized(
      db.command({ find: name, limit: 1, singleBatch: true, projection: { _id: 1 } }),
    );
    const indexes = await ifAuthorized(db.command({ listIndexes: name, cursor: {} }));
    if (found === null || indexes === null) gaps.push(gapOf(name, "no right to find or listIndexes", mend));
  }
  return gaps;
}

async function tryServer(client: MongoClient, user: User): Promise<Gap[]> {
  const mend = grantOf(user, "backup", "admin");
  const listed = await listNames(client);
  if (listed === null)
    return [{ kind: "schema", object: "the databases", why: "no right to listDatabases", mend }];
  const gaps: Gap[] = [];
  for (const name of listed) {
    if (name === "local") continue;
    const collections = await listCollections(client.db(name));
    const lacking = await tryDatabase(client.db(name), user, collections?.filter(isDumped) ?? null);
    const prefix = collections === null ? "" : `${name}.`;
    gaps.push(...lacking.map(({ object, why }) => gapOf(`${prefix}${object}`, why, mend)));
  }
  return gaps;
}

/** The names of all databases; null if the user may not see them all. */
export async function listNames(
  client: MongoClient,
  only: "all" | "authorized" = "all",
): Promise<readonly string[] | null> {
  const question = { listDatabases: 1, nameOnly: true, authorizedDatabases: only === "authorized" };
  const listed = await ifAuthorized(client.db("admin").command(question));
  return listed?.["databases"]?.map(({ name }: Document) => String(name)) ?? null;
}

function unknownUser({ label }: Connection): DbackedError {
  return new DbackedError("database", `Cannot ask ${label}: the server requires authentication`, {
    hint: "set username and password, or passwordFile",
  });
}

function noDatabase({ label }: Connection): DbackedError {
  return new DbackedError(
    "database",
    `There is no database ${label}, or it holds no collections: for MongoDB both are the same`,
    { hint: "is the name spelt right, capitals too?" },
  );
}
