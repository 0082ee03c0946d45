import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { createServer, type Server as TcpServer } from "node:net";
import { freePort } from "../../../scripts/services/service.ts";
import { startMongodb, type MongodbUser } from "../../../scripts/services/mongodb.ts";
import { mongodbInstance } from "../../../src/database/mongodb.ts";
import { connectionOf } from "../../../src/database/mongodb/connection.ts";
import { mongodbOptions } from "../../../src/database/mongodb/options.ts";
import { readSource } from "../../../src/database/mongodb/source.ts";
import { sharedMongodb } from "../../services.ts";
import { documentedUsers } from "./documented-users.ts";
import { dumpOf, failureOf, newName, open, signal, testWithTools } from "./servers.ts";

setDefaultTimeout(60_000);

const root: MongodbUser = { user: "root", password: "r", database: "admin", roles: ["root"] };

const documented = await documentedUsers("shop");

const locked = await startMongodb({
  users: [root, ...documented, { user: "nobody", password: "pw", database: "admin", roles: [] }],
});
afterAll(() => locked.stop());
await locked.ask(async (client) => {
  for (const each of ["a", "b"]) await client.db("shop").collection(each).insertOne({ x: 1 });
  await client.db("shop").createCollection("v", { viewOn: "a", pipeline: [] });
  await client.db("other").collection("t").insertOne({ x: 1 });
});

const server = await sharedMongodb();

function as(user: string, database: string, changes: object = {}) {
  const url = `mongodb://${locked.host}:${locked.port}/${database}`;
  const [address = "", path = ""] = url.split(/(?<=:\d+)(?=\/)/);
  const known = address.replace("mongodb://", `mongodb://${user}@`);
  return { url: `${known}${path}?authSource=admin`, password: "pw", ...changes };
}

function instanceOf(user: string, changes: object = {}) {
  const instance = mongodbInstance(mongodbOptions.parse(as(user, "", { database: "*", ...changes })));
  if (instance === null) throw new Error("no instance");
  return instance;
}

function sourceOf(options: object) {
  return readSource(connectionOf(mongodbOptions.parse(options)), signal);
}

test("readSource() says what a server is", async () => {
  const name = newName();
  await server.ask((client) => client.db(name).collection("t").insertOne({ x: 1 }));
  expect(await sourceOf({ url: server.url(name) })).toEqual({
    version: "8.2.11",
    topology: "replica set",
    identifier: null,
    gaps: [],
    unreadable: [],
  });
  await using standalone = await startMongodb({ standalone: true });
  expect((await sourceOf({ url: standalone.url("") })).topology).toBe("standalone");
});

test("readSource() refuses a database that does not exist, or holds nothing", async () => {
  expect(await failureOf(sourceOf({ url: server.url("Shop") }))).toBe(
    `database: There is no database "Shop" on ${server.host}:${server.port}, or it holds no collections:` +
      " for MongoDB both are the same | is the name spelt right, capitals too?",
  );
});

test.each(documented.map(({ user }) => user))(
  "readSource() finds nothing missing for the documented user %s",
  async (user) => {
    const database = user === "backup" ? "shop" : "";
    expect((await sourceOf(as(user, database))).gaps).toEqual([]);
  },
);

testWithTools.each(documented.map(({ user }) => user))(
  "check() and dump() work for the documented user %s",
  async (user) => {
    const database = open(as(user, user === "backup" ? "shop" : ""));
    expect((await database.check(signal)).gaps).toEqual([]);
    expect((await dumpOf(database)).length).toBeGreaterThan(500);
  },
);

test("readSource() names the role that a user lacks", async () => {
  const grant = (role: string, db: string) =>
    `db.getSiblingDB("admin").grantRolesToUser("nobody", [{ role: "${role}", db: "${db}" }])`;
  expect((await sourceOf(as("nobody", "shop"))).gaps).toEqual([
    {
      kind: "collection",
      object: "the collections of shop",
      why: "no right to list them",
      mend: grant("read", "shop"),
    },
  ]);
  expect((await sourceOf(as("nobody", ""))).gaps).toEqual([
    {
      kind: "schema",
      object: "the databases",
      why: "no right to listDatabases",
      mend: grant("backup", "admin"),
    },
  ]);
});

test("MongodbInstance refuses to list less than all databases, and says how to see them all", async () => {
  const grant = `db.getSiblingDB("admin").grantRolesToUser("backup", [{ role: "backup", db: "admin" }])`;
  expect(await failureOf(instanceOf("backup").list(signal))).toBe(
    `incomplete: The user may not list the databases of the MongoDB server ${locked.host}:${locked.port} |` +
      ` ${grant}\nor set acceptIncomplete = true for this server`,
  );
  expect(await instanceOf("backup_server").list(signal)).toEqual(["other", "shop"]);
});

test("MongodbInstance marks every backup if some databases are hidden, and that is accepted", async () => {
  const instance = instanceOf("backup", { acceptIncomplete: true });
  expect(await instance.list(signal)).toEqual(["shop"]);
  const [gap, ...others] = (await instance.open("shop").check(signal)).gaps;
  expect(gap).toMatchObject({ kind: "schema", object: "databases that the user may not see" });
  expect(others).toEqual([]);
  const whole = instanceOf("backup_server", { acceptIncomplete: true });
  await whole.list(signal);
  expect((await whole.open("shop").check(signal)).gaps).toEqual([]);
});

testWithTools("a backup beside hidden databases is whole, and incomplete", async () => {
  const instance = instanceOf("backup", { acceptIncomplete: true });
  await instance.list(signal);
  const dump = await instance.open("shop").dump(signal);
  await dump.bytes.pipeTo(new WritableStream());
  expect(await dump.report).toMatchObject({ complete: false, tables: 2, gaps: [{ kind: "schema" }] });
});

const silent: TcpServer = createServer(() => {}).listen(0, "127.0.0.1");
afterAll(() => silent.close());

test.each<[string, () => Promise<object> | object, string, string]>([
  [
    "a wrong password",
    () => as("backup", "shop", { password: "hunter2" }),
    "uthentication failed",
    "are user and password right",
  ],
  [
    "the wrong database for the user",
    () => ({ ...as("backup", ""), url: `mongodb://backup@${locked.host}:${locked.port}/shop` }),
    "uthentication failed",
    "is authenticationDatabase the database in which the user was created",
  ],
  [
    "no user where one is needed",
    () => ({ url: locked.url("shop") }),
    "requires authentication",
    "set username and password",
  ],
  [
    "no user where a whole server is dumped",
    () => ({ url: locked.url("") }),
    "requires authentication",
    "set username and password",
  ],
  [
    "a parameter that means nothing",
    () => ({ url: `${server.url("shop")}?readPreference=worst` }),
    "Invalid read preference mode",
    "",
  ],
  [
    "an unknown host",
    () => ({ url: "mongodb://no.such.host.invalid/shop?serverSelectionTimeoutMS=300" }),
    "ENOTFOUND no.such.host.invalid",
    "is the host's name right",
  ],
  [
    "a cluster that the DNS does not know",
    () => ({ url: "mongodb+srv://no.such.host.invalid/shop" }),
    "_mongodb._tcp.no.such.host.invalid",
    "",
  ],
  [
    "a port that nobody listens on",
    async () => ({ url: `mongodb://127.0.0.1:${await freePort()}/shop?serverSelectionTimeoutMS=300` }),
    "ECONNREFUSED",
    "does MongoDB listen on that host and port?",
  ],
  [
    "a server that does not answer",
    () => {
      const address = silent.address();
      const port = typeof address === "object" ? address?.port : 0;
      return { url: `mongodb://127.0.0.1:${port}/shop?serverSelectionTimeoutMS=400&connectTimeoutMS=300` };
    },
    "timed out",
    "can this host reach that one?",
  ],
  [
    "a replica set of another name",
    () => ({ url: `${server.url("shop")}?replicaSet=other&serverSelectionTimeoutMS=500` }),
    "timed out",
    "is replicaSet, if it is given, the name of the set",
  ],
  [
    "TLS where the server has none",
    () => ({ url: `${server.url("shop")}?tls=true&serverSelectionTimeoutMS=500` }),
    "Cannot ask",
    "do the server and `tls` agree about encryption?",
  ],
])("readSource() says what is wrong with %s", async (_, options, message, hint) => {
  const failure = await failureOf(sourceOf(await options()));
  expect(failure).toStartWith("database: ");
  expect(failure).toContain(message);
  expect(failure).toContain(hint);
  expect(failure).not.toContain("hunter2");
});

test("readSource() trusts no certificate that nobody vouches for", async () => {
  await using encrypted = await startMongodb({ tls: true });
  await encrypted.ask((client) => client.db("shop").collection("t").insertOne({ x: 1 }));
  const url = `${encrypted.url("shop")}?serverSelectionTimeoutMS=800`;
  expect(await failureOf(sourceOf({ url, tls: true }))).toContain("set tls.caFile to the certificate");
  expect(await failureOf(sourceOf({ url }))).toContain("do the server and `tls` agree about encryption?");
  const trusted = { url, tls: { caFile: encrypted.caFile } };
  expect((await sourceOf(trusted)).gaps).toEqual([]);
  expect(await failureOf(sourceOf({ url, tls: { caFile: "/no/such.pem" } }))).toMatch(
    /^config: Cannot ask .*ENOENT.*are the files that `tls` names there/,
  );
});

testWithTools("dump() works through TLS", async () => {
  await using encrypted = await startMongodb({ tls: true });
  await encrypted.ask((client) => client.db("shop").collection("t").insertOne({ x: 1 }));
  const dump = await dumpOf(open({ url: encrypted.url("shop"), tls: { caFile: encrypted.caFile } }));
  expect(dump.length).toBeGreaterThan(200);
});

test("readSource() stops at once when it is told to", async () => {
  const { port } = silent.address() as { port: number };
  const controller = new AbortController();
  const asking = readSource(
    connectionOf(mongodbOptions.parse({ url: `mongodb://127.0.0.1:${port}/shop` })),
    controller.signal,
  );
  setTimeout(() => controller.abort(new Error("enough")), 100);
  expect(await failureOf(asking)).toBe("undefined: enough");
});
