import { expect, test } from "bun:test";
import { inspect } from "node:util";
import { connectionOf, transportOf } from "../../../src/database/mongodb/connection.ts";
import { mongodbOptions } from "../../../src/database/mongodb/options.ts";

const TIMEOUTS = "serverSelectionTimeoutMS=12000&connectTimeoutMS=12000";
const DIRECT = `${TIMEOUTS}&directConnection=true`;

function connect(options: object) {
  return connectionOf(mongodbOptions.parse(options));
}

function mistakesOf(options: object): string[] {
  const { error } = mongodbOptions.safeParse(options);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test.each<[object, string | null, string, string]>([
  [{ url: "mongodb://h/shop" }, "shop", "h:27017", `mongodb://h/shop?${DIRECT}`],
  [{ database: "shop" }, "shop", "localhost:27017", `mongodb://localhost/?${DIRECT}`],
  [{ host: "::1", port: 27018, database: "shop" }, "shop", "[::1]:27018", `mongodb://[::1]:27018/?${DIRECT}`],
  [{ url: "mongodb://h:1" }, null, "h:1", `mongodb://h:1/?${DIRECT}`],
  [{ url: "mongodb://h/*" }, null, "h:27017", `mongodb://h/?${DIRECT}`],
  [
    { url: "mongodb://u@h/shop", password: "p@ss:/?#%é" },
    "shop",
    "h:27017",
    `mongodb://u:p%40ss%3A%2F%3F%23%25%C3%A9@h/shop?${DIRECT}&authSource=shop`,
  ],
  [
    { url: "mongodb://u:p%40@h/", database: "shop", authenticationDatabase: "admin" },
    "shop",
    "h:27017",
    `mongodb://u:p%40@h/?${DIRECT}&authSource=admin`,
  ],
  [
    { username: "u", password: "p" },
    null,
    "localhost:27017",
    `mongodb://u:p@localhost/?${DIRECT}&authSource=admin`,
  ],
  [
    { url: "mongodb://u:p@a,b:2/shop?replicaSet=rs0&authSource=admin&connectTimeoutMS=5" },
    "shop",
    "a:27017,b:2",
    "mongodb://u:p@a,b:2/shop?replicaSet=rs0&authSource=admin&connectTimeoutMS=5&serverSelectionTimeoutMS=12000",
  ],
  [
    { url: "mongodb+srv://u:p@c.internal/shop" },
    "shop",
    "c.internal",
    `mongodb+srv://u:p@c.internal/shop?${TIMEOUTS}`,
  ],
  [
    { url: "mongodb+srv://u:p@c.internal/", database: "shop" },
    "shop",
    "c.internal",
    `mongodb+srv://u:p@c.internal/?${TIMEOUTS}&authSource=admin`,
  ],
  [
    { url: "mongodb://h/shop", tls: { caFile: "/a b.pem", certificateKeyFile: "/c.pem" } },
    "shop",
    "h:27017",
    `mongodb://h/shop?${DIRECT}&tls=true&tlsCAFile=%2Fa%20b.pem&tlsCertificateKeyFile=%2Fc.pem`,
  ],
  [
    { url: "mongodb://CN=me@h/shop?authMechanism=MONGODB-X509", tls: true },
    "shop",
    "h:27017",
    `mongodb://CN%3Dme@h/shop?authMechanism=MONGODB-X509&${DIRECT}&authSource=%24external&tls=true`,
  ],
  [
    { url: "mongodb://%2Ftmp%2Fmongodb-27017.sock/shop" },
    "shop",
    "/tmp/mongodb-27017.sock",
    `mongodb://%2Ftmp%2Fmongodb-27017.sock/shop?${DIRECT}`,
  ],
])("connectionOf() leads from %j to its server", (options, database, server, uri) => {
  const connection = connect(options);
  expect(connection.database).toBe(database);
  expect(connection.server).toBe(server);
  expect(connection.uri.reveal()).toBe(uri);
});

test("connectionOf() shows no password", () => {
  const connection = connect({ url: "mongodb://u:hunter2@h/shop" });
  expect(connection.label).toBe('"shop" on h:27017');
  expect(connect({ url: "mongodb://u:hunter2@h" }).label).toBe("the MongoDB server h:27017");
  expect(`${JSON.stringify(connection)}${inspect(connection)}`).not.toContain("hunter2");
});

const FORM =
  "url: expected mongodb://user@host:port/database; in a password, write @ : / ? # and % as %40 %3A %2F %3F %23 %25";
const NAME = 'no name of a database has one of / \\ . " $ or a blank in it, nor more than 63 bytes';

const TLS = "expected true, false or a table { caFile, certificateKeyFile } with absolute paths";

test.each<[object, string[]]>([
  [{ url: "postgres://h/shop" }, [FORM]],
  [{ url: "mongodb://u:p@ss@h/shop" }, [FORM]],
  [{ url: "mongodb://u:hunter/2@h/shop" }, [FORM]],
  [{ url: "mongodb://u:a:b@h/shop" }, [FORM]],
  [{ url: "mongodb:///shop" }, [FORM]],
  [{ url: "mongodb://h%zz/a%zz" }, ["url: a % that begins no %XX: write it as %25"]],
  [{ url: "mongodb+srv://a,b/shop" }, ["url: a mongodb+srv:// URL has one host, and no port"]],
  [{ url: "mongodb+srv://a:1/shop" }, ["url: a mongodb+srv:// URL has one host, and no port"]],
  [{ url: "mongodb://h/?password=x" }, ["url: the parameter password is not one that dbacked can use"]],
  [
    { url: "mongodb://h/?authMechanism=GSSAPI" },
    ["url: authMechanism can be SCRAM-SHA-256, SCRAM-SHA-1, MONGODB-X509 or PLAIN here"],
  ],
  [{ url: "mongodb://h/shop", host: "h" }, ["host: cannot be combined with url, which says it already"]],
  [{ url: "mongodb://h/a", database: "b" }, ["database: cannot be combined with the database in the url"]],
  [
    { url: "mongodb://h/?authSource=a", authenticationDatabase: "b" },
    ["authenticationDatabase: cannot be combined with authSource in the url"],
  ],
  [{ url: "mongodb://h/?tls=true", tls: true }, ["tls: cannot be combined with what the url says of TLS"]],
  [{ tls: "require" }, [`tls: ${TLS}`]],
  [{ tls: { caFile: "ca.pem" } }, ["tls.caFile: expected an absolute path"]],
  [{ url: "mongodb://u:p@h/", password: "q" }, ["password: cannot be combined with the password in the url"]],
  [{ url: "mongodb://u@h/" }, ["password: expected one, or a passwordFile, for this user"]],
  [{ username: "u" }, ["password: expected one, or a passwordFile, for this user"]],
  [{ database: "a.b" }, [`database: ${NAME}`]],
  [{ url: `mongodb://h/${"x".repeat(64)}` }, [`url: ${NAME}`]],
  [
    { database: "admin" },
    [
      'database: "admin" belongs to the server itself: to have it, name no database, and all of the server is dumped',
    ],
  ],
  [
    { dumperOptions: "--gzip" },
    ["dumperOptions: cannot be given to mongodump: --gzip: dbacked compresses the dump itself"],
  ],
])("mongodbOptions refuse %j", (options, expected) => {
  expect(mistakesOf(options)).toEqual(expected);
});

const FAR = { hosts: ["a"], isEncrypted: false, isVerified: false };
const SAFE = { hosts: ["a"], isEncrypted: true, isVerified: true };

test.each<[object, ReturnType<typeof transportOf>]>([
  [{ url: "mongodb://a/shop" }, FAR],
  [{ host: "a", port: 1, database: "shop", tls: false }, FAR],
  [{ url: "mongodb://a/shop?tls=false" }, FAR],
  [{ url: "mongodb://a:1,b/shop?replicaSet=rs0" }, { ...FAR, hosts: ["a", "b"] }],
  [
    { host: "::1", port: 1, database: "shop" },
    { ...FAR, hosts: ["[::1]"] },
  ],
  [{ host: "a", database: "shop", tls: true }, SAFE],
  [{ host: "a", database: "shop", tls: { caFile: "/ca.pem" } }, SAFE],
  [{ url: "mongodb://a/shop?SSL=true" }, SAFE],
  [{ url: "mongodb+srv://a/shop" }, SAFE],
  [{ url: "mongodb+srv://a/shop", tls: false }, FAR],
  [{ url: "mongodb://a/shop?tls=true&tlsInsecure=true" }, { ...FAR, isEncrypted: true }],
  [{ url: "mongodb://%2Frun%2Fmongodb.sock/shop" }, undefined],
])("transportOf() knows what protects %j", (options, expected) => {
  expect(transportOf(connect(options))).toEqual(expected);
});
