import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { dirname, join } from "node:path";
import { startMariadb } from "../../scripts/services/mariadb.ts";
import { type MysqlServer, startMysql } from "../../scripts/services/mysql.ts";
import { runProgram } from "../../scripts/services/service.ts";
import type { Manifest } from "../../src/catalog/manifest.ts";
import { leastRole } from "../database/least-role.ts";
import { hasVersions, programsOf } from "../versions.ts";
import { expectFailure } from "./scene.ts";
import { type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

/** The servers: MySQL, the newest MariaDB that can be had, and the one that the machine has installed. */
const NAMES = ["mysql-9", "mariadb-11", "mariadb"] as const;
type Name = (typeof NAMES)[number];

const PASSWORD = "se'cret#1";

/** What both products know. */
const SAMPLE = `
  CREATE TABLE goods (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50), data VARBINARY(300), at DATETIME(6),
    price DECIMAL(20, 5), double_price DECIMAL(21, 5) AS (price * 2), kind ENUM('tea', 'jam'), bits BIT(5), UNIQUE (name)) ENGINE = InnoDB;
  INSERT INTO goods (name, data, at, price, kind, bits) VALUES ('Größe 🦆 ''"\`', x'00010a0d1a5c27ff', '9999-12-31 23:59:59.999999', 99999.99999, 'tea', b'10101'), (NULL, NULL, NULL, NULL, NULL, NULL);
  CREATE TABLE orders (id INT PRIMARY KEY, good INT, note JSON, FOREIGN KEY (good) REFERENCES goods (id));
  INSERT INTO orders VALUES (1, 1, '{"a": [1, null]}');
  CREATE VIEW cheap AS SELECT id, name FROM goods WHERE price < 100000;
  CREATE TRIGGER louder BEFORE INSERT ON goods FOR EACH ROW SET NEW.name = UPPER(NEW.name);
  CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
  CREATE PROCEDURE note(IN n INT) INSERT INTO orders VALUES (n, NULL, NULL);
  CREATE EVENT later ON SCHEDULE EVERY 1 YEAR STARTS '2030-01-01' DO DELETE FROM orders WHERE id > 100;`;

/** What only one of them knows. */
const OWN: Record<Name, string> = {
  "mysql-9": `CREATE TABLE own (j JSON, i INT INVISIBLE, v VECTOR(2), d INT DEFAULT (1 + 1), KEY ((d + 1)));
    INSERT INTO own (j, v) VALUES ('[1]', STRING_TO_VECTOR('[1, 2]'));`,
  "mariadb-11": `CREATE SEQUENCE tickets START 7; SELECT NEXTVAL(tickets);
    CREATE TABLE own (u UUID, a INET6, p INT) WITH SYSTEM VERSIONING; INSERT INTO own VALUES (UUID(), '::1', 1); UPDATE own SET p = 2;
    CREATE TABLE vectors (v VECTOR(2) NOT NULL, VECTOR INDEX (v)); INSERT INTO vectors VALUES (VEC_FromText('[1, 2]'));`,
  mariadb: `CREATE SEQUENCE tickets START 7; SELECT NEXTVAL(tickets);
    CREATE TABLE own (u UUID, a INET6, p INT) WITH SYSTEM VERSIONING; INSERT INTO own VALUES (UUID(), '::1', 1); UPDATE own SET p = 2;`,
};

/** How many rows those have altogether, with the past ones of tables that keep them. */
const OWN_ROWS: Record<Name, number> = { "mysql-9": 1, "mariadb-11": 3, mariadb: 2 };

/** Tables whose rows have the same words in every product. */
const ROWS =
  "SELECT * FROM goods ORDER BY id; SELECT id, good FROM orders; SELECT * FROM cheap; SELECT twice(21)";

describe.skipIf(!hasVersions)("MySQL 9, and MariaDB", () => {
  const servers = new Map<Name, MysqlServer>();
  let host: Workspace;
  let ids: Record<string, string>;

  beforeAll(async () => {
    host = await workspace();
    await Promise.all(NAMES.map(async (name) => servers.set(name, await startServer(name))));
    const databases = NAMES.flatMap((name) => [
      databaseOf(name, server(name), "shop"),
      databaseOf(`${name}-plain`, server(name), "plain"),
    ]);
    const newer = { databaseToolsDirectory: programsOf("mariadb-11") };
    databases.push({ ...databaseOf("newer-client", server("mariadb"), "shop"), ...newer });
    await host.configure({ databases });
    const { exitCode, stdout, stderr } = await run(["run", "--once", "--json"]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const { backups } = JSON.parse(stdout) as { backups: { id: string; database: string }[] };
    ids = Object.fromEntries(backups.map(({ id, database }) => [database, id]));
  });

  afterAll(async () => {
    await Promise.all([...servers.values()].map((each) => each.stop()));
    await host[Symbol.asyncDispose]();
  });

  const server = (name: Name): MysqlServer => {
    const found = servers.get(name);
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  };

  const run = (args: readonly string[]) => {
    const path = [programsOf("mysql-9"), programsOf("mariadb-11"), process.env["PATH"]].join(":");
    return host.run(args, { env: { PATH: path, DBACKED_TO_PASSWORD: PASSWORD } });
  };

  let made = 0;

  /** Restores a backup into a new database of a server. */
  const restoreInto = async (name: Name, backup: string) => {
    const target = `target_${(made += 1)}`;
    await server(name).query(`CREATE DATABASE ${target} CHARACTER SET utf8mb4`);
    const key = ["--private-key-path", host.privateKey];
    const to = server(name).url(target, "restorer");
    return { target, ...(await run(["restore", ids[backup] ?? "", ...key, "--to", to])) };
  };

  test.each(NAMES)(
    "a database of %s is dumped by its own product's client and restored as it was",
    async (name) => {
      const { stdout } = await run(["show", "--json", ids[name] ?? ""]);
      const { manifest } = JSON.parse(stdout) as { manifest: Manifest };
      const tool = name === "mysql-9" ? "mysqldump" : "mariadb-dump";
      expect(manifest).toMatchObject({ complete: true, consistent: "snapshot", tool: { name: tool } });
      expect(manifest.rows).toBe(3 + OWN_ROWS[name]);
      const { target, exitCode, stderr } = await restoreInto(name, name);
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(await print(name, server(name), target)).toBe(await print(name, server(name), "shop"));
    },
  );

  test.each([
    ["mariadb", "mariadb-11"],
    ["mariadb-11", "mariadb"],
    ["mysql-9", "mariadb-11"],
  ] as const)("what both know is restored from %s into %s", async (from, to) => {
    const { target, exitCode, stderr } = await restoreInto(to, `${from}-plain`);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(await server(to).query(ROWS, target)).toBe(await server(from).query(ROWS, "plain"));
  });

  test("a newer client of MariaDB dumps an older server", async () => {
    const { target, exitCode, stderr } = await restoreInto("mariadb", "newer-client");
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(await print("mariadb", server("mariadb"), target)).toBe(
      await print("mariadb", server("mariadb"), "shop"),
    );
  });

  test.each([
    ["mysql-9", "mariadb", /Unknown collation: 'utf8mb4_0900_ai_ci'/],
    ["mariadb-11", "mysql-9", /Unknown collation: 'utf8mb4_uca1400_ai_ci'/],
    ["mariadb", "mysql-9", /The value specified for generated column 'double_price' .* is not allowed/],
  ] as const)("what the plain database of %s has and %s refuses is named", async (from, to, says) => {
    expectFailure(await restoreInto(to, `${from}-plain`), { exitCode: 4, says });
  });

  test("history that goes on until 2106 is refused by an older MariaDB before anything changes", async () => {
    const { target, ...refused } = await restoreInto("mariadb", "mariadb-11");
    expectFailure(refused, { exitCode: 11, says: /WITH SYSTEM VERSIONING of MariaDB 11\.5 or newer/ });
    expect(await server("mariadb").query("SHOW TABLES", target)).toBe("");
  });

  test.each([
    ["mysql-9", "mariadb-11", /no mysqldump in .*: the server is MySQL 9\./],
    ["mariadb-11", "mysql-9", /no mariadb-dump in .*: the server is MariaDB 11\./],
    ["mariadb-11", "/usr", /mariadb-dump .* is too old: the server is MariaDB 11\./],
  ] as const)("a server %s is not dumped by the clients of %s", async (name, clients, says) => {
    const databaseToolsDirectory = clients === "/usr" ? "/usr/bin" : programsOf(clients);
    await host.configure({
      databases: [{ ...databaseOf(name, server(name), "shop"), databaseToolsDirectory }],
    });
    expectFailure(await run(["run", "--once"]), { exitCode: 5, says });
  });
});

/** The documentation's least role backs it up. */
function databaseOf(name: string, server: MysqlServer, database: string): Record<string, unknown> {
  return { name, type: "mysql", url: server.url(database, "backup"), password: PASSWORD };
}

async function startServer(name: Name): Promise<MysqlServer> {
  const start = name === "mysql-9" ? startMysql : startMariadb;
  const settings = { "max-allowed-packet": "64M", "innodb-buffer-pool-size": "32M" };
  const server = await start({
    settings,
    ...(name === "mariadb" ? {} : { directory: dirname(programsOf(name)) }),
  });
  for (const [database, sql] of [["shop", SAMPLE + OWN[name]] as const, ["plain", SAMPLE] as const]) {
    await server.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
    await server.query(sql, database);
  }
  const password = PASSWORD.replaceAll("'", "''");
  const rights = await leastRole(name === "mysql-9" ? "mysql 8" : "mysql", {});
  const more = rights.split("\n").filter((line) => line.includes("`shop`"));
  await server.query(
    `${rights} ${more.join("\n").replaceAll("shop", "plain")} ALTER USER backup@'%' IDENTIFIED BY '${password}';
     CREATE USER restorer@'%' IDENTIFIED BY '${password}'; GRANT ALL ON *.* TO restorer@'%';`,
  );
  return server;
}

/** All that a database holds, as its product's own dump program writes it. */
async function print(name: Name, server: MysqlServer, database: string): Promise<string> {
  const folder = name === "mariadb" ? "/usr/bin" : programsOf(name);
  const program = join(folder, name === "mysql-9" ? "mysqldump" : "mariadb-dump");
  const options = ["--skip-dump-date", "--routines", "--events", "--hex-blob", "--skip-comments"];
  const history = name === "mysql-9" ? ["--set-gtid-purged=OFF"] : ["--dump-history"];
  const who = [`--socket=${server.socket}`, `--user=${server.superuser}`];
  return await runProgram([program, "--no-defaults", ...options, ...history, ...who, database]);
}
