import { expect, test } from "bun:test";
import { gapsInDatabase, gapsInServer, type Privilege } from "../../../src/database/mongodb/rights.ts";

const USER = { user: "backup", db: "admin" };
const READING = ["find", "listCollections", "listIndexes"];
const COLLECTIONS = [
  { name: "orders", type: "collection" },
  { name: "v", type: "view" },
  { name: "system.js", type: "collection" },
];
const SERIES = { name: "ts", type: "timeseries" };

/** What MongoDB 7 shows of the built-in roles, as far as it matters here. */
const READ: Privilege[] = [
  { resource: { db: "shop", collection: "" }, actions: ["changeStream", "collStats", ...READING] },
  { resource: { db: "shop", collection: "system.js" }, actions: READING },
];
const BACKUP: Privilege[] = [
  { resource: { cluster: true }, actions: ["appendOplogNote", "getParameter", "listDatabases"] },
  { resource: { anyResource: true }, actions: ["listCollections", "listIndexes"] },
  { resource: { db: "", collection: "" }, actions: ["find"] },
  { resource: { db: "", collection: "system.js" }, actions: ["find"] },
  { resource: { db: "admin", collection: "system.users" }, actions: ["find"] },
  { resource: { db: "admin", collection: "system.roles" }, actions: ["find"] },
  { resource: { db: "", system_buckets: "" }, actions: ["find"] },
];

function gapsWith(privileges: readonly Privilege[], collections = COLLECTIONS): string[] {
  return gapsInDatabase(privileges, USER, "shop", collections).map(
    ({ object, why, mend }) => `${object}: ${why}; ${mend}`,
  );
}

const GRANT_READ = 'db.getSiblingDB("admin").grantRolesToUser("backup", [{ role: "read", db: "shop" }])';
const GRANT_BACKUP = 'db.getSiblingDB("admin").grantRolesToUser("backup", [{ role: "backup", db: "admin" }])';

test("gapsInDatabase() finds nothing missing with the roles read and backup", () => {
  expect(gapsWith(READ)).toEqual([]);
  expect(gapsWith(BACKUP, [...COLLECTIONS, SERIES])).toEqual([]);
  expect(gapsWith([{ resource: { anyResource: true }, actions: READING }], [SERIES])).toEqual([]);
});

test("gapsInDatabase() finds that the role read does not cover the data of time series", () => {
  expect(gapsWith(READ, [SERIES])).toEqual([`ts: no right to find in system.buckets.ts; ${GRANT_BACKUP}`]);
  const named = { resource: { db: "shop", system_buckets: "ts" }, actions: ["find"] };
  expect(gapsWith([...READ, named], [SERIES])).toEqual([]);
  const other = { resource: { db: "shop", system_buckets: "other" }, actions: ["find"] };
  expect(gapsWith([...READ, other], [SERIES])).toHaveLength(1);
});

test("gapsInDatabase() names each collection that may not be read, and what mends it", () => {
  const elsewhere = READ.map(({ resource, actions }) => ({
    resource: { ...resource, db: "other" },
    actions,
  }));
  expect(gapsWith(elsewhere)).toEqual([
    `the collections of shop: no right to list them; ${GRANT_READ}`,
    `orders: no right to find and listIndexes; ${GRANT_READ}`,
    `system.js: no right to find and listIndexes; ${GRANT_READ}`,
  ]);
  const some = [
    { resource: { db: "shop", collection: "" }, actions: ["listCollections", "listIndexes"] },
    { resource: { db: "shop", collection: "system.js" }, actions: READING },
  ];
  expect(gapsWith(some)).toEqual([`orders: no right to find; ${GRANT_READ}`]);
});

test("gapsInServer() finds nothing missing with the role backup", () => {
  expect(gapsInServer(BACKUP, USER)).toEqual([]);
});

test("gapsInServer() names what would be missing, and the role that mends it", () => {
  const gaps = gapsInServer(READ, USER);
  expect(gaps.map(({ kind, object }) => `${kind} ${object}`)).toEqual([
    "schema the databases",
    "collection all collections",
    "account users and roles",
  ]);
  expect(new Set(gaps.map(({ mend }) => mend))).toEqual(new Set([GRANT_BACKUP]));
});

test("gapsInServer() misses the right to see all databases, which the server would hide without a word", () => {
  const without = BACKUP.filter(({ resource }) => resource.cluster !== true);
  expect(gapsInServer(without, USER).map(({ object }) => object)).toEqual(["the databases"]);
});
