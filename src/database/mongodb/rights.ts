import type { Gap } from "../database.ts";

/** One of a user's privileges, as `connectionStatus` shows it. */
export interface Privilege {
  resource: {
    db?: string;
    collection?: string;
    cluster?: boolean;
    anyResource?: boolean;
    /** The data of time series: those of this name, of all if it is empty. */
    system_buckets?: string;
  };
  actions: readonly string[];
}

/** A user, and the database that knows him. */
export interface User {
  user: string;
  db: string;
}

/** A collection of the database that is dumped. */
export interface Collection {
  name: string;
  type: string;
}

/** What the data of a time series are kept in. */
const BUCKETS = "system.buckets.";

/** What mongodump does with each collection. */
const READING = ["find", "listIndexes"] as const;

/** Collections of a whole server that hold its users; no right to "all collections" covers them. */
const USERS = ["system.users", "system.roles"] as const;

/** Says whether the privileges allow to do something with a collection, or if it is empty, with all of a database. */
function allows(privileges: readonly Privilege[], action: string, db: string, collection: string): boolean {
  return privileges.some(
    ({ resource, actions }) => actions.includes(action) && covers(resource, db, collection),
  );
}

/**
 * Says what is missing from a dump of a database.
 *
 * @param collections those that it holds.
 */
export function gapsInDatabase(
  privileges: readonly Privilege[],
  user: User,
  database: string,
  collections: readonly Collection[],
): Gap[] {
  const mend = grantOf(user, "read", database);
  const gaps: Gap[] = allows(privileges, "listCollections", database, "")
    ? []
    : [{ kind: "collection", object: `the collections of ${database}`, why: "no right to list them", mend }];
  for (const { name, type } of collections) {
    const lacking = READING.filter(
      (action) => !allows(privileges, action, database, name) && type !== "view",
    );
    if (lacking.length > 0) gaps.push(gapOf(name, `no right to ${lacking.join(" and ")}`, mend));
    // No right to "all collections" of a database covers the data of its time series: the role `backup` does.
    else if (type === "timeseries" && !allows(privileges, "find", database, `${BUCKETS}${name}`))
      gaps.push(gapOf(name, `no right to find in ${BUCKETS}${name}`, grantOf(user, "backup", "admin")));
  }
  return gaps;
}

/** Says what is missing from a dump of a whole server. */
export function gapsInServer(privileges: readonly Privilege[], user: User): Gap[] {
  const mend = grantOf(user, "backup", "admin");
  const gaps: Gap[] = [];
  const canList = privileges.some(
    ({ resource, actions }) =>
      actions.includes("listDatabases") && (resource.cluster === true || resource.anyResource === true),
  );
  if (!canList)
    gaps.push({ kind: "schema", object: "the databases", why: "no right to listDatabases", mend });
  const lacking = ["listCollections", ...READING].filter((action) => !allows(privileges, action, "", ""));
  if (lacking.length > 0)
    gaps.push({
      kind: "collection",
      object: "all collections",
      why: `no right to ${lacking.join(" and ")}`,
      mend,
    });
  if (!USERS.every((collection) => allows(privileges, "find", "admin", collection)))
    gaps.push({
      kind: "account",
      object: "users and roles",
      why: "no right to find in admin.system.users and admin.system.roles",
      mend,
    });
  return gaps;
}

/** The gap of databases of which nobody knows the names. */
export function hiddenDatabases(mend: string): Gap {
  return {
    kind: "schema",
    object: "databases that the user may not see",
    why: "no right to listDatabases, and those are in no backup",
    mend,
  };
}

/** The gap of a collection. */
export function gapOf(collection: string, why: string, mend: string): Gap {
  return { kind: "collection", object: collection, why, mend };
}

/** The command that gives a user a role. */
export function grantOf({ user, db }: User, role: string, database: string): string {
  const grant = `grantRolesToUser(${JSON.stringify(user)}, [{ role: "${role}", db: ${JSON.stringify(database)} }])`;
  return `db.getSiblingDB(${JSON.stringify(db)}).${grant}`;
}

function covers(resource: Privilege["resource"], db: string, collection: string): boolean {
  if (resource.anyResource === true) return true;
  if (resource.system_buckets !== undefined) {
    const { system_buckets: name, db: of = "" } = resource;
    return (
      collection.startsWith(BUCKETS) &&
      ["", collection.slice(BUCKETS.length)].includes(name) &&
      ["", db].includes(of)
    );
  }
  if (resource.db === undefined || (resource.db !== "" && resource.db !== db)) return false;
  // The empty name stands for all collections but the system's own.
  return (
    resource.collection === collection || (resource.collection === "" && !collection.startsWith("system."))
  );
}
