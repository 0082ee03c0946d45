import { expect, test } from "bun:test";
import { Secret } from "../../../src/base/secret.ts";
import { connectionOf } from "../../../src/database/postgres/connection.ts";
import { postgresOptions } from "../../../src/database/postgres/options.ts";

const connect = (options: unknown) => connectionOf(postgresOptions.parse(options));

test.each([
  [
    "postgres://backup@db.internal/shop",
    '"shop" on db.internal:5432',
    { PGHOST: "db.internal", PGUSER: "backup" },
  ],
  ["postgresql://[::1]:5433/shop", '"shop" on [::1]:5433', { PGHOST: "::1", PGPORT: "5433" }],
  ["postgres:///caf%C3%A9", '"café" on the local socket', { PGDATABASE: "café" }],
  ["postgres:///shop?host=/run/pg", '"shop" on /run/pg', { PGHOST: "/run/pg" }],
  ["postgres://h/shop?sslmode=require", '"shop" on h:5432', { PGSSLMODE: "require", PGDATABASE: "shop" }],
])("connectionOf() reads the url %p", (url, label, environment) => {
  const connection = connect({ url });
  expect(connection.label).toBe(label);
  expect(connection.environment).toMatchObject(environment);
});

test("connectionOf() takes fields instead of a url", () => {
  const options = {
    host: "db",
    port: 6432,
    username: "backup",
    password: new Secret("p:w"),
    database: "shop",
    tls: { mode: "verify-full", caFile: "/ca.pem" },
  };
  expect(connect(options).environment).toMatchObject({
    PGHOST: "db",
    PGPORT: "6432",
    PGUSER: "backup",
    PGPASSWORD: "p:w",
    PGDATABASE: "shop",
    PGSSLMODE: "verify-full",
    PGSSLROOTCERT: "/ca.pem",
  });
  expect(connect({ socket: "/run/pg", database: "shop" }).label).toBe('"shop" on /run/pg');
});

test("connectionOf() shows the password of a url to libpq and to nobody else", () => {
  const connection = connect({ url: "postgres://backup:p%40ss%2F1@db/shop" });
  expect(connection.environment["PGPASSWORD"]).toBe("p@ss/1");
  const { environment: _, ...shown } = connection;
  expect(JSON.stringify(shown)).not.toContain("p@ss");
});

test.each([
  [{}, "database", "expected a url, or the name of a database"],
  [{ url: "postgres://db/shop", host: "x" }, "host", "cannot be combined with url"],
  [{ host: "x", socket: "/run", database: "shop" }, "socket", "keep one of them"],
  [{ url: "mysql://db/shop" }, "url", "expected postgres://"],
  [{ url: "postgres://role:s3cr#t@db/shop" }, "url", "expected postgres://"],
  [{ url: "postgres://db" }, "url", "names no database"],
  [{ url: "postgres://db/shop?schema=public" }, "url", "the parameter schema"],
  [{ url: "postgres://db/100%" }, "url", "%25"],
  [{ database: "shop", dumperOptions: "-f x" }, "dumperOptions", "-f:"],
  [{ database: "shop", dumperOptions: "--table='x" }, "dumperOptions", "not closed"],
  [{ database: "shop", port: 0 }, "port", ">="],
  [{ database: "shop", databaseToolsDirectory: "bin" }, "databaseToolsDirectory", "absolute"],
  [{ database: "shop", tls: "maybe" }, "tls", "Invalid"],
  [{ database: "shop", hots: "db" }, undefined, "hots"],
])("postgresOptions refuses %j", (options, field, message) => {
  const { error } = postgresOptions.safeParse(options);
  expect(error?.issues[0]?.path[0]).toBe(field);
  expect(error?.issues[0]?.message).toContain(message);
  expect(JSON.stringify(error)).not.toContain("s3cr");
});
