import { expect, test } from "bun:test";

import { DbackedError } from "../../src/base/error.ts";
import type { Secret } from "../../src/base/secret.ts";
import { readTarget } from "../../src/config/target.ts";

test("readTarget() reads a URL, and the password from its variable", async () => {
  const environment = { DBACKED_TO_PASSWORD: "hunter2", DBACKED_DATABASE_TOOLS_DIRECTORY: "/opt/pg/bin" };
  const { type, options } = await readTarget("postgresql://me@h/new", { environment });
  expect(type).toBe("postgres");
  expect(options).toMatchObject({ url: "postgresql://me@h/new", databaseToolsDirectory: "/opt/pg/bin" });
  expect((options as { password: Secret }).password.reveal()).toBe("hunter2");
  expect((await readTarget("sqlite:///srv/new.db", { environment: {} })).type).toBe("sqlite");
});

test.each(["mongodb://h1,h2:27018/new?replicaSet=rs0", "mongodb+srv://cluster.internal/new"])(
  "readTarget() reads %s",
  async (url) => {
    const { type, options } = await readTarget(url, { environment: {} });
    expect(type).toBe("mongodb");
    expect(options).toMatchObject({ url });
  },
);

test.each(["mysql://me@h:3307/new?ssl-mode=REQUIRED", "mariadb://h/new"])(
  "readTarget() reads %s",
  async (url) => {
    const { type, options } = await readTarget(url, { environment: {} });
    expect(type).toBe("mysql");
    expect(options).toMatchObject({ url });
  },
);

test.each<[string, string]>([
  ["shop", "usage: --to needs a URL, as in postgres://role@host/database"],
  ["oracle://h/db", "usage: --to needs a URL, as in postgres://role@host/database"],
  ["mysql://me:hunter2@h/db", "usage: --to: no option takes a secret, and there is a password in this URL"],
  ["mongodb://me@h/db", "config: --to: password: expected one, or a passwordFile, for this user"],
  [
    "postgres://me:hunter2@h/db",
    "usage: --to: no option takes a secret, and there is a password in this URL",
  ],
])("readTarget() refuses %j", async (url, expected) => {
  const refusal = await readTarget(url, { environment: {} }).catch((error: DbackedError) => error);
  expect(refusal instanceof DbackedError ? `${refusal.kind}: ${refusal.message}` : "accepted").toBe(expected);
});
