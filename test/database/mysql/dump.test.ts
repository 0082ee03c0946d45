import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMariadb } from "../../../scripts/services/mariadb.ts";
import { temporaryFolder } from "../../../scripts/services/service.ts";
import { errorOf } from "../../conformance/sample.ts";
import { sharedMariadb } from "../../services.ts";
import { replaceDump } from "./programs.ts";
import {
  createDatabase,
  dumpOf,
  EVERYTHING,
  leastIn,
  never,
  open,
  PASSWORD,
  rootIn,
  ROWS,
} from "./servers.ts";

setDefaultTimeout(30_000);

const server = await sharedMariadb();
const folder = await temporaryFolder("mysql-dump");
afterAll(() => folder[Symbol.asyncDispose]());
const full = await createDatabase(server, EVERYTHING);
const least = await leastIn(server, full);

describe("Mysql.dump()", () => {
  test("gives a whole dump by the least role, and counts its rows", async () => {
    const dump = await open(least).dump(never);
    expect(dump).toMatchObject({
      kind: "sql",
      tool: { name: "mariadb-dump", version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
      details: {
        host: `127.0.0.1:${server.port}`,
        database: full,
        server: expect.stringMatching(/^MariaDB \d+/),
      },
    });
    expect(dump.details.args).toContain("--single-transaction");
    expect(dump.details.args).toContain("--dump-history");
    expect(dump.details.args).toContain("--copy-s3-tables=1");
    expect(dump.details.extensions).toEqual([
      "character-set utf8mb4",
      "collation utf8mb4_general_ci",
      "max_allowed_packet 16777216",
      "functions or triggers",
      "definer root@localhost",
    ]);
    await dump.bytes.pipeTo(new WritableStream());
    const report = await dump.report;
    expect(report).toMatchObject({
      consistent: "snapshot",
      complete: true,
      narrowed: [],
      gaps: [],
      tables: Object.keys(ROWS).length,
      rows: Object.values(ROWS).reduce((sum, rows) => sum + rows, 0),
      logPosition: null,
      stderrTail: "",
    });
    expect(Object.fromEntries(report.tableRows.map(({ table, rows }) => [table, rows]))).toEqual(ROWS);
  });

  test("names neither the database nor a date, so that the same content makes the same dump", async () => {
    const [{ bytes }, again] = [await dumpOf(open(least)), await dumpOf(open(least))];
    const text = new TextDecoder().decode(bytes);
    expect(text).not.toMatch(/^(?:USE|CREATE DATABASE)\b/m);
    expect(text).toEndWith("-- Dump completed\n");
    expect(Buffer.compare(bytes, again.bytes)).toBe(0);
  });

  test("dumps an empty database", async () => {
    const name = await createDatabase(server);
    const { report } = await dumpOf(open(await leastIn(server, name)));
    expect(report).toMatchObject({
      complete: true,
      consistent: "snapshot",
      tables: 0,
      rows: 0,
      tableRows: [],
    });
  });

  test("says that tables without transactions are of different moments, unless they are locked", async () => {
    const name = await createDatabase(
      server,
      "CREATE TABLE old (id int) ENGINE=MyISAM; INSERT INTO old VALUES (1)",
    );
    const role = await leastIn(server, name);
    const { report } = await dumpOf(open(role));
    expect(report).toMatchObject({ consistent: "no", stderrTail: expect.stringContaining("old (MyISAM)") });
    const refused = await errorOf(dumpOf(open({ ...role, lockTables: true })));
    expect(refused).toMatchObject({ kind: "database", message: expect.stringContaining("may not lock") });
    await server.query(refused.hint?.split("\n")[0] ?? "");
    const locked = await dumpOf(open({ ...role, lockTables: true }));
    expect(locked.report).toMatchObject({ consistent: "locked", stderrTail: "", rows: 1 });
    expect(locked.details.args).not.toContain("--single-transaction");
  });

  test("says which FLOAT columns lose digits", async () => {
    const name = await createDatabase(
      server,
      "CREATE TABLE a (f float, d double); CREATE VIEW v AS SELECT f FROM a",
    );
    const { report } = await dumpOf(open(rootIn(server, name)));
    expect(report.stderrTail).toEndWith("what is beyond is lost: a.f");
  });

  test("notes the log's position, by the least role", async () => {
    await using logging = await startMariadb({ settings: { "log-bin": "binlog" } });
    const name = await createDatabase(logging, "CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    const { report } = await dumpOf(open(await leastIn(logging, name)));
    const [file, position] = (await logging.query("SHOW MASTER STATUS")).split("\t");
    expect(report.logPosition).toBe(`${file}:${position}`);
    expect(report).toMatchObject({ consistent: "snapshot", rows: 1 });
  });

  test("says which options narrow the dump", async () => {
    const database = open({ ...least, dumperOptions: "--ignore-table=x.y -d" });
    const { report, details } = await dumpOf(database);
    expect(details.args).toContain("--no-data");
    expect(report).toMatchObject({ complete: false, narrowed: ["--ignore-table=x.y", "--no-data"], rows: 0 });
  });

  test("takes nothing from the caller's option files and environment, and shows no password", async () => {
    const home = process.env["HOME"];
    const options =
      "[client]\nhost = nowhere.invalid\nuser = nobody\n[mysqldump]\nno-data\n[mariadb-dump]\nno-data\n";
    await Bun.write(join(folder.path, ".my.cnf"), options);
    const set = {
      HOME: folder.path,
      MYSQL_HOST: "nowhere.invalid",
      MYSQL_PWD: "wrong",
      MYSQL_HOME: folder.path,
    };
    Object.assign(process.env, set);
    const seen = join(folder.path, "seen");
    const before = await readdir(tmpdir());
    const script = `tr '\\0' '\\n' </proc/$$/cmdline >${seen}; tr '\\0' '\\n' </proc/$$/environ >>${seen}; exec "$real" "$@"`;
    try {
      const databaseToolsDirectory = await replaceDump(folder.path, "watched", script);
      const { report } = await dumpOf(open({ ...least, databaseToolsDirectory }));
      expect(report.rows).toBe(Object.values(ROWS).reduce((sum, rows) => sum + rows, 0));
    } finally {
      for (const name of Object.keys(set)) delete process.env[name];
      if (home !== undefined) process.env["HOME"] = home;
    }
    const text = await readFile(seen, "utf8");
    expect(text).toContain("--defaults-file=/dev/fd/3\n");
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toMatch(/^MYSQL_(?:HOST|PWD|HOME)=/m);
    const left = (await readdir(tmpdir())).filter((name) => !before.includes(name));
    expect(left.filter((name) => /^dbacked-[0-9a-f]{32}$/.test(name))).toEqual([]);
  });
});
