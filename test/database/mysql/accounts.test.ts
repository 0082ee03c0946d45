import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { startMariadb } from "../../../scripts/services/mariadb.ts";
import { startMysql, type MysqlServer } from "../../../scripts/services/mysql.ts";
import { streamOf, utf8 } from "../../../src/base/bytes.ts";
import type { Database, Instance } from "../../../src/database/database.ts";
import {
  parseAccounts,
  writeAccounts,
  type AccountEntry,
} from "../../../src/database/mysql/accounts-script.ts";
import { databaseDrivers } from "../../../src/database/registry.ts";
import { errorOf } from "../../conformance/sample.ts";
import { leastRole } from "../least-role.ts";
import { hasVersions, programsOf } from "../../versions.ts";
import { createDatabase, dumpOf, never, open, PLAN, rootIn } from "./servers.ts";

/** Servers are started here. */
setDefaultTimeout(60_000);

const ACCOUNTS = { ...PLAN, kind: "sql-accounts" as const };

/** The server as the config has it with `database = "*"`. */
function instanceOf(options: Record<string, unknown>): Instance {
  const { mysql } = databaseDrivers;
  const instance = mysql.instance(mysql.options.parse({ ...options, database: "*" }));
  if (instance === null) throw new Error("no instance");
  return instance;
}

function accountsOf(options: Record<string, unknown>): Database {
  const accounts = instanceOf(options).globals();
  if (accounts === null) throw new Error("no accounts");
  return accounts;
}

/** The options of the least role for a whole server, which the documentation has. */
async function leastOf(server: MysqlServer): Promise<Record<string, unknown>> {
  await server.query(await leastRole("mysql server", {}));
  await server.query("ALTER USER backup@'%' IDENTIFIED BY 'x'");
  return { host: server.host, port: server.port, username: "backup", password: "x" };
}

interface Scene {
  product: "MariaDB" | "MySQL";
  source: MysqlServer;
  target: MysqlServer;
  tools: Record<string, unknown>;
  database: string;
  least: Record<string, unknown>;
}

/** Starts two servers, one with accounts of every sort. */
async function sceneOf(product: Scene["product"]): Promise<Scene> {
  const bin = product === "MySQL" ? programsOf("mysql-9") : null;
  const start = () => (bin === null ? startMariadb() : startMysql({ directory: join(bin, "..") }));
  const [source, target] = await Promise.all([start(), start()]);
  const tools = bin === null ? {} : { databaseToolsDirectory: bin };
  const database = await createDatabase(source, "CREATE TABLE orders (a int, b int)");
  await source.query(
    `CREATE ROLE readers; GRANT SELECT ON \`d_%\`.* TO readers;
     CREATE USER ${NAME} IDENTIFIED BY 'pa''ss' REQUIRE SSL WITH MAX_USER_CONNECTIONS 3; GRANT readers TO ${NAME};
     SET DEFAULT ROLE readers ${product === "MySQL" ? "TO" : "FOR"} ${NAME};
     GRANT INSERT, SELECT (a) ON ${database}.orders TO ${NAME}; GRANT PROCESS ON *.* TO ${NAME}`,
  );
  const least = { ...(await leastOf(source)), ...tools };
  return { product, source, target, tools, database, least };
}

const NAME = `\`o'brien "x" ü\`@'10.0.0.%'`;

const scenes = await Promise.all(
  (hasVersions ? (["MariaDB", "MySQL"] as const) : (["MariaDB"] as const)).map(sceneOf),
);
afterAll(() => Promise.all(scenes.flatMap(({ source, target }) => [source.stop(), target.stop()])));

describe.each(scenes)("a whole server of $product", ({ product, source, target, tools, database, least }) => {
  const root = (server: MysqlServer) => ({ socket: server.socket, username: "root", ...tools });

  /** What the server says of accounts. */
  const printed = (server: MysqlServer) =>
    server.query(
      `/*!80017 SET print_identified_with_as_hex = 1 */; SHOW CREATE USER ${NAME}; SHOW GRANTS FOR ${NAME};
       SHOW GRANTS FOR readers; SHOW GRANTS FOR backup`,
    );

  test("lists its databases, by the least role", async () => {
    expect(await instanceOf(least).list(never)).toEqual([database]);
    const one = instanceOf(least).open(database);
    expect((await one.check(never)).gaps).toEqual([]);
    expect((await dumpOf(one)).report).toMatchObject({ complete: true, tables: 1 });
  });

  if (product === "MySQL")
    test("misses primary keys that the server hides", async () => {
      const name = await createDatabase(source);
      await source.query(
        "SET SESSION sql_generate_invisible_primary_key = ON; CREATE TABLE t (a int); CREATE TABLE own (my_row_id int PRIMARY KEY)",
        name,
      );
      const one = instanceOf(least).open(name);
      expect((await one.check(never)).gaps).toEqual([]);
      await source.query("SET GLOBAL show_gipk_in_create_table_and_information_schema = OFF");
      const { gaps } = await one.check(never);
      expect(gaps).toMatchObject([{ kind: "rows", object: "generated primary keys of `t`" }]);
      const options = { dumperOptions: "--skip-generated-invisible-primary-key" };
      expect(
        (
          await instanceOf({ ...least, ...options })
            .open(name)
            .check(never)
        ).gaps,
      ).toEqual([]);
      await source.query(gaps[0]?.mend ?? "");
      expect((await one.check(never)).gaps).toEqual([]);
      await source.query(`DROP DATABASE ${name}`);
    });

  test("refuses to list what the role may not see, unless that is accepted", async () => {
    await source.query("CREATE USER few IDENTIFIED BY 'x'");
    const few = { ...least, username: "few" };
    const failure = await errorOf(instanceOf(few).list(never));
    const [mend = ""] = failure.hint?.split("\n") ?? [];
    expect(failure.kind).toBe("incomplete");
    expect(mend).toBe("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, SHOW DATABASES ON *.* TO `few`@`%`;");
    expect(await instanceOf({ ...few, acceptIncomplete: true }).list(never)).toEqual([]);
    const { gaps } = await accountsOf(few).check(never);
    expect(gaps).toMatchObject([
      { kind: "account", mend },
      { kind: "schema", mend },
    ]);
    expect((await dumpOf(accountsOf(few))).report.complete).toBe(false);
    const shut = await errorOf(instanceOf(few).open(database).check(never));
    expect(shut.kind).toBe("incomplete");
    await source.query(mend);
    expect(await instanceOf(few).list(never)).toEqual([database]);
    expect((await instanceOf(few).open(database).check(never)).gaps).toEqual([]);
    expect((await accountsOf(few).check(never)).gaps).toEqual([]);
    await source.query("DROP USER few");
  });

  test("brings accounts back that a server lacks, and leaves the others", async () => {
    const { bytes, report } = await dumpOf(accountsOf(least));
    expect(report).toMatchObject({ complete: true, tables: null });
    expect(new TextDecoder().decode(bytes)).toEndWith("\n-- Dump completed\n");
    const { notices } = await accountsOf(root(target)).restore(streamOf(bytes), ACCOUNTS, never);
    expect(notices[0]).toContain("left as they are: ");
    expect(notices[0]).toContain("`root`@`localhost`");
    expect(notices[1]).toStartWith("to be run when the databases");
    expect(notices.slice(2)).toEqual([expect.stringMatching(/^GRANT .*`orders` TO .*;$/)]);
    expect(await printed(target)).not.toBe(await printed(source));
    await target.query(
      `CREATE DATABASE ${database}; CREATE TABLE ${database}.orders (a int, b int); ${notices[2]}`,
    );
    expect(await printed(target)).toBe(await printed(source));

    await target.query("ALTER USER backup@'%' IDENTIFIED BY 'other'; REVOKE EVENT ON *.* FROM backup@'%'");
    const changed = await printed(target);
    const one = open({ ...root(target), database: "mysql" });
    expect((await one.inspect("sql-accounts", never)).objects).toBe(0);
    await one.restore(streamOf(bytes), ACCOUNTS, never);
    expect(await printed(target)).toBe(changed);
    await accountsOf(root(target)).restore(streamOf(bytes), { ...ACCOUNTS, force: true }, never);
    expect(await printed(target)).toBe(await printed(source));
  });

  test("says what went wrong, and how to go on", async () => {
    const entries: AccountEntry[] = [
      { step: "create", account: "half@%", text: "CREATE USER `half`@`%`" },
      { step: "grant", account: "half@%", text: "GRANT NONSENSE ON *.* TO `half`@`%`" },
    ];
    const body = streamOf(utf8(writeAccounts({ product, version: "1" }, entries)));
    const failure = await errorOf(accountsOf(root(target)).restore(body, ACCOUNTS, never));
    expect(failure.kind).toBe("database");
    expect(failure.hint).toContain("--force");
    expect(await accountsOf(root(target)).inspect("sql-accounts", never)).toMatchObject({ objects: 0 });
  });

  test("shows no password of a statement that the server does not understand", async () => {
    const text = "CREATE USER `new`@`%` IDENTIFIED NEWLY AS '*SECRET''S HASH'";
    const body = streamOf(
      utf8(writeAccounts({ product, version: "1" }, [{ step: "create", account: "new@%", text }])),
    );
    const failure = await errorOf(accountsOf(root(target)).restore(body, ACCOUNTS, never));
    expect(failure.message).toContain("error in your SQL syntax");
    expect(Bun.inspect(failure)).not.toMatch(/SECRET|HASH/);
  });

  test("refuses what is no dump of its accounts", async () => {
    const accounts = accountsOf(root(target));
    const sql = await dumpOf(open({ ...rootIn(source, database), ...tools }));
    expect((await errorOf(accounts.restore(streamOf(sql.bytes), ACCOUNTS, never))).kind).toBe("damaged");
    expect((await errorOf(accounts.restore(streamOf(sql.bytes), PLAN, never))).kind).toBe("target");
    const other = product === "MySQL" ? "MariaDB" : "MySQL";
    const foreign = streamOf(utf8(`-- Accounts of ${other} 1.0\n\n-- Dump completed\n`));
    expect((await errorOf(accounts.restore(foreign, ACCOUNTS, never))).kind).toBe("target");
  });
});

describe("parseAccounts()", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "\n", ";", "-", " ", "{", "}", '"', "`", "'") });
  const entry = fc.record({
    step: fc.constantFrom("create", "grant", "object", "default"),
    account: text,
    text,
  }) as fc.Arbitrary<AccountEntry>;
  const server = { product: "MySQL", version: "8.0.36" } as const;

  test("reads what writeAccounts() writes, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        expect(parseAccounts(writeAccounts(server, entries))).toEqual({ product: "MySQL", entries });
      }),
    );
  });

  test("refuses every dump that was cut", () => {
    const whole = writeAccounts(server, [
      { step: "create", account: "a@%", text: "CREATE USER a\n-- Dump completed" },
    ]);
    for (let end = 0; end < whole.length - 1; end += 1)
      expect(() => parseAccounts(whole.slice(0, end))).toThrow();
  });
});
