import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createCipheriv } from "node:crypto";
import { chmod, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMariadb } from "../../../scripts/services/mariadb.ts";
import { requireProgram, runProgram, temporaryFolder, waitUntil } from "../../../scripts/services/service.ts";
import { hintFor } from "../../../src/database/mysql/failure.ts";
import { sharedMariadb } from "../../services.ts";
import { hasVersions, programsOf } from "../../versions.ts";
import {
  createDatabase,
  dumpOf,
  EVERYTHING,
  failureOf,
  leastIn,
  never,
  open,
  PASSWORD,
  rootIn,
  ROWS,
} from "./servers.ts";

/** Some tests start a server of their own. */
setDefaultTimeout(30_000);

const server = await sharedMariadb();
const folder = await temporaryFolder("mysql-dump");
afterAll(() => folder[Symbol.asyncDispose]());
const full = await createDatabase(server, EVERYTHING);
const least = await leastIn(server, full);
/** Enough that the dump program waits for its reader. */
const big = await createDatabase(
  server,
  "CREATE TABLE numbers AS SELECT seq, repeat('x', 100) AS t FROM seq_1_to_50000",
);

/** MariaDB's programs, with a dump program of our own that gets `$real`. */
async function replaceDump(
  name: string,
  script: string,
  version = 'exec "$real" --version',
): Promise<string> {
  const directory = join(folder.path, name.replaceAll(" ", "-"));
  await mkdir(directory);
  await symlink(requireProgram("mariadb", "mariadb-client"), join(directory, "mariadb"));
  const real = requireProgram("mariadb-dump", "mariadb-client");
  const begin = `#!/bin/sh\nreal="${real}"; case "$2" in --version) ${version}; exit;; esac`;
  await Bun.write(join(directory, "mariadb-dump"), `${begin}\n${script}\n`);
  await chmod(join(directory, "mariadb-dump"), 0o755);
  return directory;
}

/** Writes a file as `mysql_config_editor` does: its key, then each line enciphered. */
async function writeLoginPath(file: string, text: string): Promise<void> {
  const seed = Buffer.alloc(20, 7);
  const key = Buffer.alloc(16);
  for (const [at, byte] of seed.entries()) key[at % 16] = (key[at % 16] ?? 0) ^ byte;
  const lines = text.match(/.*\n/g) ?? [];
  const chunks = lines.flatMap((line) => {
    const cipher = createCipheriv("aes-128-ecb", key, null);
    const chunk = Buffer.concat([cipher.update(line), cipher.final()]);
    const length = Buffer.alloc(4);
    length.writeInt32LE(chunk.length);
    return [length, chunk];
  });
  await Bun.write(file, Buffer.concat([Buffer.alloc(4), seed, ...chunks]));
  await chmod(file, 0o600);
}

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
    const refused = await failureOf(dumpOf(open({ ...role, lockTables: true })));
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
      const databaseToolsDirectory = await replaceDump("watched", script);
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

  test.each([
    ["writes nothing", "exit 0", "tool", "did not write a whole dump"],
    [
      "is cut short",
      '"$real" "$@" | head -c 100000',
      "tool",
      "without the line that says that it is complete",
    ],
    ["is cut in its last line", '"$real" "$@" | head -c -6', "tool", "without the line that says"],
    [
      "fails at its end",
      `"$real" "$@"; echo "mariadb-dump: Got error: 2013: Lost connection" >&2; exit 2`,
      "database",
      "Lost connection",
    ],
    [
      "complains and exits with 0",
      `"$real" "$@"; echo "mysqldump: Couldn't execute 'SHOW FUNCTION STATUS': denied (1370)" >&2`,
      "database",
      "Couldn't execute 'SHOW FUNCTION STATUS'",
    ],
    ["does not know an option", '"$real" --no-such-option "$@"', "database", "unknown option"],
  ])("fails when the dump program %s", async (name, script, kind, message) => {
    const databaseToolsDirectory = await replaceDump(name, script);
    const dump = await open({ ...rootIn(server, big), databaseToolsDirectory }).dump(never);
    const failure = await failureOf(dump.bytes.pipeTo(new WritableStream()));
    expect(failure).toMatchObject({ kind, message: expect.stringContaining(message) });
    expect(await failureOf(dump.report)).toBe(failure);
  });

  test("keeps what the dump program only warns of", async () => {
    const script = '"$real" "$@"; echo "mysqldump: [Warning] something failed a little" >&2';
    const databaseToolsDirectory = await replaceDump("warns", script);
    const { report } = await dumpOf(open({ ...rootIn(server, big), databaseToolsDirectory }));
    expect(report.stderrTail).toBe("mysqldump: [Warning] something failed a little");
  });

  test("fails when the server is gone in the middle", async () => {
    const dump = await open(rootIn(server, big)).dump(never);
    const reader = dump.bytes.getReader();
    await reader.read();
    await server.query(
      "SELECT ID INTO @dumping FROM information_schema.PROCESSLIST WHERE DB = '" +
        big +
        "' LIMIT 1; KILL @dumping",
    );
    const failure = await failureOf(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    );
    expect(failure).toMatchObject({
      kind: "database",
      message: expect.stringMatching(/Lost connection|gone away|killed/),
    });
  });

  test("fails when a table is altered before its rows came", async () => {
    const name = await createDatabase(
      server,
      "CREATE TABLE first_table AS SELECT seq, repeat('x', 100) AS t FROM seq_1_to_50000; CREATE TABLE last_table (id int)",
    );
    const dump = await open(await leastIn(server, name)).dump(never);
    const reader = dump.bytes.getReader();
    await reader.read();
    await server.query("ALTER TABLE last_table ADD COLUMN more int DEFAULT 1, ALGORITHM=COPY", name);
    const failure = await failureOf(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    );
    expect(failure.kind).toBe("database");
    expect(failure.message).toContain("Table definition has changed");
    expect(failure.hint).toContain("when no migration runs");
  });

  test("kills the dump program when the stream is cancelled or the job aborted", async () => {
    const pidFile = join(folder.path, "pids");
    const databaseToolsDirectory = await replaceDump("cancelled", `echo $$ >> ${pidFile}; exec "$real" "$@"`);
    const database = open({ ...rootIn(server, big), databaseToolsDirectory });
    const cancelled = await database.dump(never);
    const reader = cancelled.bytes.getReader();
    await reader.read();
    await reader.cancel(new Error("enough"));
    expect((await failureOf(cancelled.report)).message).toBe("enough");
    const controller = new AbortController();
    const aborted = await database.dump(controller.signal);
    await aborted.bytes.getReader().read();
    controller.abort(new Error("stop"));
    const pids = (await readFile(pidFile, "utf8")).trim().split("\n");
    expect(pids.length).toBe(2);
    await waitUntil(async () => !(await readdir("/proc")).some((pid) => pids.includes(pid)), {
      what: "their end",
    });
  });

  test("says how to let the role run the functions that views call", async () => {
    const database = await createDatabase(
      server,
      "CREATE FUNCTION `twi``ce`(x int) RETURNS int DETERMINISTIC RETURN x * 2; CREATE TABLE t (id int); CREATE VIEW v AS SELECT `twi``ce`(id) AS id FROM t",
    );
    const backup = open(await leastIn(server, database));
    const failure = await failureOf(dumpOf(backup));
    expect(failure.kind).toBe("database");
    const [grant = ""] = failure.hint?.split("\n") ?? [];
    expect(grant).toStartWith(`GRANT EXECUTE ON FUNCTION \`${database}\`.\`twi\`\`ce\` TO \`backup_`);
    await server.query(grant);
    await dumpOf(backup);
  });

  test("blames a lost connection on no one cause", () => {
    const hint = hintFor(
      "mariadb-dump: Error 2013: Lost connection\nmariadb-dump: Got error: 2013: Lost connection",
    );
    expect(hint).toContain("Was it restarted, or the connection killed? At a large row,");
  });

  test("says what is wrong with a view that refers to what is gone", async () => {
    const name = await createDatabase(
      server,
      "CREATE TABLE a (id int); CREATE VIEW broken AS SELECT id FROM a; DROP TABLE a",
    );
    const failure = await failureOf(dumpOf(open(await leastIn(server, name))));
    expect(failure).toMatchObject({ kind: "database", hint: expect.stringContaining("mend or drop it") });
    expect(failure.message).toContain("broken");
  });
});

describe("Mysql.check()", () => {
  test("names the server and what tells it from others", async () => {
    const check = await open(least).check(never);
    expect(check.server).toMatch(/^MariaDB \d+\.\d+\.\d+$/);
    expect(check.source).toMatch(new RegExp(`^mysql \\S{20,} ${full}$`));
    expect(check.gaps).toEqual([]);
  });

  test.each([
    [{ host: "nowhere.invalid" }, "Unknown server host", "is the host's name right"],
    [{ host: "127.0.0.1", port: 1 }, "Can't connect", "does the server listen"],
    [{ socket: "/nowhere" }, "Can't connect to local server", "or that socket"],
  ])("says why it cannot reach %j", async (place, message, hint) => {
    const failure = await failureOf(open({ ...place, database: "shop" }).check(never));
    expect(failure).toMatchObject({ kind: "database", hint: expect.stringContaining(hint) });
    expect(failure.message).toContain(`Cannot read "shop" on`);
    expect(failure.message).toContain(message);
  });

  test.each([
    [{ password: "wrong" }, "Access denied", "right user and password"],
    [{ password: undefined }, "Access denied", "right user and password"],
  ])("says what is wrong with %j", async (given, message, hint) => {
    const failure = await failureOf(open({ ...least, ...given }).check(never));
    expect(failure).toMatchObject({ kind: "database", hint: expect.stringContaining(hint) });
    expect(failure.message).toContain(message);
  });

  test("says which rights a role needs that has none on the database", async () => {
    const name = await createDatabase(server, EVERYTHING);
    await server.query("CREATE USER stranger IDENTIFIED BY 'x'");
    const role = { ...least, username: "stranger", password: "x", database: name };
    const failure = await failureOf(open(role).check(never));
    expect(failure.kind).toBe("incomplete");
    expect(failure.message).toContain("would lack everything: the role has no right on it");
    await server.query(failure.hint ?? "");
    expect((await open(role).check(never)).gaps).toEqual([]);
    expect((await dumpOf(open(role))).report.complete).toBe(true);
  });

  test.each([
    ["of the server", "SET GLOBAL sql_select_limit = 2", "SET GLOBAL sql_select_limit = DEFAULT"],
    [
      "of every connection",
      "SET GLOBAL init_connect = 'SET sql_select_limit = 0'",
      "SET GLOBAL init_connect = ''",
    ],
  ])("refuses a limit %s on the rows that the dump would hold", async (_, limiting, lifting) => {
    await server.query(limiting);
    try {
      const { message, kind } = await failureOf(open(least).check(never));
      expect(message).toContain("rows of a table at most");
      expect(kind).toBe("database");
    } finally {
      await server.query(lifting);
    }
  });

  test.each(["mysql", "information_schema", "PERFORMANCE_SCHEMA", "sys"])(
    "refuses the server's own database %s, as a restore does",
    async (name) => {
      const failure = await failureOf(open(rootIn(server, name)).check(never));
      expect(failure).toMatchObject({
        kind: "database",
        message: expect.stringContaining("server's own database"),
      });
    },
  );

  test("says that there is no such database", async () => {
    const failure = await failureOf(open(rootIn(server, "nobody's")).check(never));
    expect(failure).toMatchObject({ kind: "database", hint: "is the database's name right?" });
  });

  test("says what to install when no program is there", async () => {
    const failure = await failureOf(open({ ...least, databaseToolsDirectory: "/nowhere" }).check(never));
    expect(failure).toMatchObject({
      kind: "tool",
      message: expect.stringContaining("no mariadb-dump and no mysqldump in /nowhere"),
      hint: expect.stringContaining("apt-get install mariadb-client"),
    });
  });

  test("says what to install when all programs are older than the server", async () => {
    const version = "echo 'mariadb-dump from 9.8.1-MariaDB, client 10.19 for Linux'";
    const databaseToolsDirectory = await replaceDump("old", "", version);
    const failure = await failureOf(open({ ...least, databaseToolsDirectory }).check(never));
    expect(failure.kind).toBe("tool");
    expect(failure.message).toMatch(
      /mariadb-dump 9\.8\.1 is the newest .* too old: the server is MariaDB \d+/,
    );
    expect(failure.hint).toContain("apt-get install mariadb-client");
  });

  test.skipIf(!hasVersions)(
    "asks by the other product's client, and says what to install for a dump",
    async () => {
      const databaseToolsDirectory = programsOf("mysql-9");
      const failure = await failureOf(open({ ...least, databaseToolsDirectory }).check(never));
      expect(failure.kind).toBe("tool");
      expect(failure.message).toMatch(/^no mariadb-dump in .*: the server is MariaDB \d+/);
    },
  );

  test.skipIf(!hasVersions)("lets MySQL's client read no login path", async () => {
    const home = process.env["HOME"];
    await writeLoginPath(join(folder.path, ".mylogin.cnf"), "[client]\npassword = wrong\nuser = nobody\n");
    process.env["HOME"] = folder.path;
    try {
      const mysql = join(programsOf("mysql-9"), "mysql");
      const place = [`--host=${server.host}`, `--port=${server.port}`, "--execute=SELECT 1"];
      const usual = runProgram([mysql, "--no-defaults", ...place], { HOME: folder.path });
      expect((await failureOf(usual)).message).toContain("'nobody'");
      const database = open({ ...least, databaseToolsDirectory: programsOf("mysql-9") });
      expect((await failureOf(database.check(never))).message).toContain("no mariadb-dump");
    } finally {
      if (home !== undefined) process.env["HOME"] = home;
    }
  });

  test("names what is missing and the GRANT that mends it", async () => {
    const name = await createDatabase(server, EVERYTHING);
    await server.query(
      `CREATE USER poor IDENTIFIED BY 'x'; GRANT SELECT ON ${name}.bytes TO poor; GRANT EVENT ON \`${name}\`.* TO poor`,
    );
    const role = { ...least, username: "poor", password: "x", database: name };
    const { gaps } = await open(role).check(never);
    const escaped = name.replace("_", "\\_");
    const mend = `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON \`${escaped}\`.* TO \`poor\`@\`%\`;`;
    expect(gaps).toEqual([
      {
        kind: "table",
        object: `tables of \`${name}\``,
        why: "the role lacks SELECT on the whole database, and has rights on single tables only",
        mend,
      },
      {
        kind: "view",
        object: `views of \`${name}\``,
        why: "the role lacks SHOW VIEW on the whole database",
        mend,
      },
      {
        kind: "trigger",
        object: `triggers of \`${name}\``,
        why: "the role lacks TRIGGER on the whole database",
        mend,
      },
      {
        kind: "routine",
        object: `routines of \`${name}\``,
        why: "the role may not read those of others",
        mend: "GRANT SELECT ON `mysql`.`proc` TO `poor`@`%`;",
      },
    ]);
    const { report } = await dumpOf(open(role));
    expect(report).toMatchObject({ complete: false, gaps, tables: 1, rows: 257 });
    await server.query(gaps.map((gap) => gap.mend).join("\n"));
    // One on this very name takes the place of the older one, to which _ was a wildcard.
    expect((await open(role).check(never)).gaps).toEqual([]);
  });

  test("lets who has all rights on the database go without a further one, if all routines are its own", async () => {
    const name = await createDatabase(server);
    await server.query(`CREATE USER owner_of_all IDENTIFIED BY 'x'; GRANT ALL ON ${name}.* TO owner_of_all`);
    const role = { ...least, username: "owner_of_all", password: "x", database: name };
    await server.query("CREATE DEFINER = owner_of_all PROCEDURE mine() SELECT 1", name);
    const { report, bytes } = await dumpOf(open(role));
    expect(report.complete).toBe(true);
    expect(new TextDecoder().decode(bytes)).toContain("PROCEDURE `mine`");
    await server.query("CREATE DEFINER = root@localhost PROCEDURE others() SELECT 1", name);
    const { gaps } = await open(role).check(never);
    expect(gaps).toMatchObject([
      { kind: "routine", mend: "GRANT SELECT ON `mysql`.`proc` TO `owner_of_all`@`%`;" },
    ]);
  });

  test("leaves out what the role may not read, and asks for no right that an option makes needless", async () => {
    const name = await createDatabase(server, EVERYTHING);
    await server.query(`CREATE USER halfway IDENTIFIED BY 'x'; GRANT SELECT ON ${name}.* TO halfway`);
    const role = { ...least, username: "halfway", password: "x", database: name };
    const { report, bytes } = await dumpOf(open(role));
    expect(report.gaps.map(({ kind }) => kind)).toEqual(["view", "trigger", "event", "routine"]);
    const text = new TextDecoder().decode(bytes);
    expect(text).not.toMatch(/first_view|make_table|TRIGGER|EVENT/);
    const dumperOptions = "--skip-routines --skip-events --skip-triggers";
    const { gaps } = await open({ ...role, dumperOptions }).check(never);
    expect(gaps.map(({ kind }) => kind)).toEqual(["view"]);
  });

  test("names tables whose history no program dumps", async () => {
    const name = await createDatabase(
      server,
      `CREATE TABLE by_transaction (a int, s bigint unsigned AS ROW START INVISIBLE, e bigint unsigned AS ROW END INVISIBLE,
        PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING; CREATE TABLE by_time (a int) WITH SYSTEM VERSIONING`,
    );
    const { gaps } = await open(rootIn(server, name)).check(never);
    expect(gaps).toMatchObject([{ kind: "rows", object: "history of `by_transaction`" }]);
  });

  test("knows the rights that roles bring", async () => {
    const name = await createDatabase(server);
    await server.query(
      `CREATE ROLE reading; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON \`db%\`.* TO reading; GRANT SELECT ON mysql.* TO reading;
       CREATE USER member IDENTIFIED BY 'x'; GRANT reading TO member`,
    );
    const role = { ...least, username: "member", password: "x", database: name };
    expect((await failureOf(open(role).check(never))).kind).toBe("incomplete");
    await server.query("SET DEFAULT ROLE reading FOR member");
    expect((await open(role).check(never)).gaps).toEqual([]);
  });
});

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

  test("check() connects by a URL with its parameters", async () => {
    const parameters = `ssl-mode=VERIFY_IDENTITY&ssl-ca=${encodeURIComponent(locked.caFile)}`;
    const url = `${locked.url("kept")}?${parameters}`;
    expect((await open({ url, password: PASSWORD }).check(never)).server).toStartWith("MariaDB");
  });

  test("check() refuses a certificate that nobody vouches for, and a server without one", async () => {
    const unknown = await failureOf(dump({ tls: "verify-full" }));
    expect(unknown).toMatchObject({ kind: "database", hint: expect.stringContaining("tls.caFile") });
    for (const tls of ["require", { mode: "verify-full", caFile: locked.caFile }]) {
      const plain = await failureOf(open({ ...least, tls }).check(never));
      expect(plain.kind).toBe("database");
      expect(plain.message).toMatch(/does not encrypt|does not support it/);
    }
  });
});
