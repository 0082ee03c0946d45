import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startMariadb } from "../../../scripts/services/mariadb.ts";
import { errorOf } from "../../conformance/sample.ts";
import { sharedMariadb } from "../../services.ts";
import { createDatabase, leastIn, never, open, PASSWORD } from "./servers.ts";

/** It starts a server of their own. */
setDefaultTimeout(30_000);

const server = await sharedMariadb();
const least = await leastIn(server, await createDatabase(server));
const locked = await startMariadb({ password: PASSWORD, tls: true });
afterAll(() => locked.stop());
await locked.query("CREATE DATABASE kept");

describe("passwords and TLS", () => {
  const at = {
    host: "127.0.0.1",
    port: locked.port,
    username: "root",
    password: PASSWORD,
    database: "kept",
  };
  const dump = (options: Record<string, unknown>) => open({ ...at, ...options }).check(never);

  test.each<[unknown]>([
    [undefined],
    ["disable"],
    ["prefer"],
    ["require"],
    [{ mode: "verify-ca", caFile: locked.caFile }],
    [{ mode: "verify-full", caFile: locked.caFile }],
  ])("check() connects with tls = %j", async (tls) => {
    expect((await dump({ tls })).server).toStartWith("MariaDB");
  });

  test("check() tells what protects the connection", async () => {
    const hosts = [at.host];
    const of = async (options: Record<string, unknown>) => (await dump(options)).transport;
    expect(await of({ tls: "prefer" })).toEqual({ hosts, isEncrypted: true, isVerified: false });
    expect(await of({ tls: "disable" })).toEqual({ hosts, isEncrypted: false, isVerified: false });
    const verified = { mode: "verify-full", caFile: locked.caFile };
    expect(await of({ tls: verified })).toEqual({ hosts, isEncrypted: true, isVerified: true });
    expect((await open(least).check(never)).transport).toMatchObject({ isEncrypted: false });
  });

  test("check() connects by a URL with its parameters", async () => {
    const parameters = `ssl-mode=VERIFY_IDENTITY&ssl-ca=${encodeURIComponent(locked.caFile)}`;
    const url = `${locked.url("kept")}?${parameters}`;
    expect((await open({ url, password: PASSWORD }).check(never)).server).toStartWith("MariaDB");
  });

  test("check() refuses a certificate that nobody vouches for, and a server without one", async () => {
    const unknown = await errorOf(dump({ tls: "verify-full" }));
    expect(unknown).toMatchObject({ kind: "database", hint: expect.stringContaining("tls.caFile") });
    for (const tls of ["require", { mode: "verify-full", caFile: locked.caFile }]) {
      const plain = await errorOf(open({ ...least, tls }).check(never));
      expect(plain.kind).toBe("database");
      expect(plain.message).toMatch(/does not encrypt|does not support it/);
    }
  });
});
