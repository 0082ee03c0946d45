import { afterAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { startPostgres } from "../../../scripts/services/postgres.ts";
import { temporaryFolder } from "../../../scripts/services/service.ts";
import { errorOf } from "../../conformance/sample.ts";
import { expectKilled } from "../killed.ts";
import { sharedPostgres } from "../../services.ts";
import { createDatabase, dumpOf, EVERYTHING, never, open } from "./servers.ts";

const server = await sharedPostgres();
const folder = await temporaryFolder("dump");
afterAll(() => folder[Symbol.asyncDispose]());
const full = await createDatabase(server, EVERYTHING);
/** Enough that pg_dump waits for its reader. */
const big = await createDatabase(
  server,
  "CREATE TABLE numbers AS SELECT g, repeat('x', 100) AS t FROM generate_series(1, 50000) g",
);

/** PostgreSQL's programs, with a pg_dump of our own that gets `$real`. */
async function replacePgDump(name: string, script: string): Promise<string> {
  const directory = join(folder.path, name);
  await mkdir(directory);
  for (const program of ["psql", "pg_restore"])
    await symlink(join(server.binDirectory, program), join(directory, program));
  const real = `real="${server.binDirectory}/pg_dump"; case "$1" in --version) exec "$real" --version;; esac`;
  await Bun.write(join(directory, "pg_dump"), `#!/bin/sh\n${real}\n${script}\n`);
  await chmod(join(directory, "pg_dump"), 0o755);
  return directory;
}

describe("Postgres.dump()", () => {
  test("waits for answers longer than the role waits as a rule", async () => {
    await server.query(
      "CREATE ROLE hurried SUPERUSER LOGIN PASSWORD 'x'; ALTER ROLE hurried SET statement_timeout = '8ms'",
    );
    try {
      const { port } = server;
      const hurried = { host: "127.0.0.1", port, username: "hurried", password: "x", database: full };
      expect((await open(hurried).check(never)).gaps).toEqual([]);
    } finally {
      await server.query("DROP ROLE hurried");
    }
  });

  test("gives a whole archive, and a report", async () => {
    const dump = await open({ url: server.url(full) }).dump(never);
    expect(dump).toMatchObject({
      kind: "pg-custom",
      tool: { name: "pg_dump", version: expect.stringMatching(/^\d+\.\d+$/) },
      details: {
        host: `127.0.0.1:${server.port}`,
        database: full,
        args: ["--format=custom", "--compress=0", "--no-password"],
        extensions: [
          expect.stringMatching(/^hstore /),
          expect.stringMatching(/^pg_trgm /),
          expect.any(String),
        ],
      },
    });
    await dump.bytes.pipeTo(new WritableStream());
    expect(await dump.report).toEqual({
      consistent: "snapshot",
      complete: true,
      narrowed: [],
      gaps: [],
      tables: 9,
      rows: 1266,
      tableRows: expect.arrayContaining([{ table: "public.bytes", rows: 257, kind: "exact" }]),
      logPosition: null,
      stderrTail: "",
    });
  });

  test("dumps an empty database", async () => {
    const dump = await open({ url: server.url(await createDatabase(server)) }).dump(never);
    await dump.bytes.pipeTo(new WritableStream());
    expect(await dump.report).toMatchObject({ complete: true, tables: 0 });
  });

  test("says which options narrow the dump", async () => {
    const dump = await open({ url: server.url(full), dumperOptions: "-n public -x" }).dump(never);
    await dump.bytes.pipeTo(new WritableStream());
    expect(dump.details.args).toContain("--no-privileges");
    expect(await dump.report).toMatchObject({ complete: false, narrowed: ["--schema=public"] });
  });

  test.each([
    ["says what pg_dump warned of", "--data-only", expect.stringContaining("circular foreign-key")],
    ["takes --verbose for no warning", "--verbose", ""],
    ["tells warnings from the rest", "--verbose --data-only", expect.stringMatching(/^pg_dump: warning: /)],
  ])("%s", async (_, dumperOptions, stderrTail) => {
    const dump = await open({ url: server.url(full), dumperOptions }).dump(never);
    await dump.bytes.pipeTo(new WritableStream());
    expect(await dump.report).toMatchObject({ stderrTail });
  });

  test("takes nothing from the caller's environment", async () => {
    process.env["PGOPTIONS"] = "-c search_path=nowhere -c row_security=off";
    process.env["PGDATABASE"] = "wrong";
    process.env["PGHOST"] = "wrong.invalid";
    process.env["PGSSLMODE"] = "verify-full";
    try {
      expect(
        (
          await dumpOf(
            open({ socket: server.socketDirectory, port: server.port, username: "postgres", database: full }),
          )
        ).length,
      ).toBeGreaterThan(100_000);
    } finally {
      for (const name of ["PGOPTIONS", "PGDATABASE", "PGHOST", "PGSSLMODE"]) delete process.env[name];
    }
  });

  test("fails when pg_dump is killed in the middle", async () => {
    const pidFile = join(folder.path, "pid");
    const directory = await replacePgDump("killed", `echo $$ > ${pidFile}; exec "$real" "$@"`);
    const dump = await open({ url: server.url(big), databaseToolsDirectory: directory }).dump(never);
    const reader = dump.bytes.getReader();
    await reader.read();
    process.kill(Number(await readFile(pidFile, "utf8")), "SIGKILL");
    const reading = (async () => {
      while (!(await reader.read()).done);
    })();
    expect(await errorOf(reading)).toMatchObject({
      kind: "tool",
      message: "pg_dump was killed by SIGKILL",
    });
    expect(await errorOf(dump.report)).toMatchObject({ kind: "tool" });
  });

  test.each([
    [
      "writes nothing",
      "exit 0",
      "tool",
      "pg_dump did not write a whole dump: the dump ends inside its table of contents",
    ],
    [
      "is cut short",
      '"$real" "$@" | head -c 1000000',
      "tool",
      "pg_dump did not write a whole dump: the dump lacks data of 1 objects, such as TABLE DATA public.numbers",
    ],
    [
      "is no archive",
      "echo hello",
      "tool",
      "pg_dump did not write a whole dump: the dump is no pg_dump archive",
    ],
    ["fails at its end", '"$real" "$@"; echo "pg_dump: error: it broke" >&2; exit 1', "database", "it broke"],
  ])("fails when pg_dump %s", async (name, script, kind, message) => {
    const directory = await replacePgDump(name.replaceAll(" ", "-"), script);
    const dump = await open({ url: server.url(big), databaseToolsDirectory: directory }).dump(never);
    const failure = await errorOf(dump.bytes.pipeTo(new WritableStream()));
    expect(failure).toMatchObject({ kind, message: expect.stringContaining(message) });
    expect(await errorOf(dump.report)).toBe(failure);
  });

  test("says what pg_dump left out by itself", async () => {
    const directory = await replacePgDump(
      "leaves-out",
      '"$real" "$@"; echo "pg_dump: warning: subscriptions not dumped because current user is not a superuser" >&2',
    );
    const dump = await open({ url: server.url(big), databaseToolsDirectory: directory }).dump(never);
    await dump.bytes.pipeTo(new WritableStream());
    const why = "current user is not a superuser";
    expect(await dump.report).toMatchObject({
      complete: false,
      gaps: [{ object: "subscriptions", why, mend: "dump as a superuser" }],
    });
  });

  test("kills pg_dump when the stream is cancelled or the job aborted", async () => {
    const pidFile = join(folder.path, "pids");
    const directory = await replacePgDump("cancelled", `echo $$ >> ${pidFile}; exec "$real" "$@"`);
    const database = open({ url: server.url(big), databaseToolsDirectory: directory });
    await expectKilled(database, pidFile);
  });
});

describe("Postgres.check()", () => {
  test("names the server and what tells it from others", async () => {
    const check = await open({ url: server.url(full) }).check(never);
    expect(check.server).toMatch(/^PostgreSQL \d+\.\d+$/);
    expect(check.source).toMatch(new RegExp(`^postgres \\d{15,} ${full}$`));
    expect(check.gaps).toEqual([]);
  });

  test.each([
    [{ host: "nowhere.invalid" }, "could not translate host name", "is the host's name right"],
    [{ host: "127.0.0.1", port: 1 }, "Connection refused", "does PostgreSQL listen"],
    [{ socket: "/nowhere" }, "No such file or directory", "is PostgreSQL running"],
  ])("says why it cannot reach %j", async (place, message, hint) => {
    const failure = await errorOf(open({ ...place, database: "shop" }).check(never));
    expect(failure).toMatchObject({ kind: "database", hint: expect.stringContaining(hint) });
    expect(failure.message).toContain(`Cannot read "shop" on`);
    expect(failure.message).toContain(message);
  });

  test("runs nothing that somebody made in the database", async () => {
    const name = await createDatabase(
      server,
      `CREATE FUNCTION trojan(name, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'run as %', current_user; END $$;
       CREATE OPERATOR || (LEFTARG = name, RIGHTARG = name, FUNCTION = trojan)`,
    );
    // As it would be run by a question without a safe path.
    const { message } = await errorOf(server.query("SELECT extname || ' ' FROM pg_extension", name));
    expect(message).toContain("run as");
    expect((await open({ url: server.url(name) }).check(never)).gaps).toEqual([]);
  });

  test("says what to install when no program is there", async () => {
    const failure = await errorOf(
      open({ url: server.url(full), databaseToolsDirectory: "/nowhere" }).check(never),
    );
    expect(failure).toMatchObject({
      kind: "tool",
      message: expect.stringContaining("no pg_dump in /nowhere"),
      hint: expect.stringMatching(/^apt-get install postgresql-client, or/),
    });
  });

  test("says what to install when all programs are older than the server", async () => {
    const directory = await replacePgDump("old", "");
    await Bun.write(join(directory, "pg_dump"), '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.24"\n');
    const failure = await errorOf(
      open({ url: server.url(full), databaseToolsDirectory: directory }).check(never),
    );
    expect(failure.message).toContain("pg_dump 9.6.24 is the newest");
    expect(failure.hint).toContain("postgresql-client-");
  });
});

const locked = await startPostgres({ password: "se:c\\r et'", tls: true });
afterAll(() => locked.stop());

describe("passwords and TLS", () => {
  const at = { host: "127.0.0.1", port: locked.port, username: "postgres", database: "postgres" };

  test.each([
    [{ password: "wrong" }, "is it the right password"],
    [{}, "~/.pgpass"],
  ])("check() says what is wrong with the password %j", async (password, hint) => {
    const failure = await errorOf(open({ ...at, ...password }).check(never));
    expect(failure).toMatchObject({ kind: "database", hint: expect.stringContaining(hint) });
  });

  test("check() connects with the password, from the options or ~/.pgpass", async () => {
    expect((await open({ ...at, password: "se:c\\r et'" }).check(never)).gaps).toEqual([]);
    const home = process.env["HOME"];
    await Bun.write(join(folder.path, ".pgpass"), "*:*:*:*:se\\:c\\\\r et'\n");
    await chmod(join(folder.path, ".pgpass"), 0o600);
    process.env["HOME"] = folder.path;
    try {
      expect((await open(at).check(never)).gaps).toEqual([]);
    } finally {
      if (home === undefined) delete process.env["HOME"];
      else process.env["HOME"] = home;
    }
  });

  test("no argument of any program holds the password", async () => {
    const seen = join(folder.path, "arguments");
    const directory = await replacePgDump("spy", `echo "$@" > ${seen}; exec "$real" "$@"`);
    await dumpOf(open({ ...at, password: "se:c\\r et'", databaseToolsDirectory: directory }));
    expect(await readFile(seen, "utf8")).toBe("--format=custom --compress=0 --no-password\n");
  });

  test("check() tells what protects the connection", async () => {
    const of = async (options: Record<string, unknown>) => (await open(options).check(never)).transport;
    const secret = { ...at, password: "se:c\\r et'" };
    const hosts = [at.host];
    expect(await of(secret)).toEqual({ hosts, isEncrypted: true, isVerified: false });
    expect(await of({ ...secret, tls: "disable" })).toEqual({ hosts, isEncrypted: false, isVerified: false });
    const tls = { mode: "verify-ca", caFile: locked.caFile };
    expect(await of({ ...secret, tls })).toEqual({ hosts, isEncrypted: true, isVerified: true });
  });

  test("check() verifies the server's certificate when told so", async () => {
    const password = "se:c\\r et'";
    const trusting = open({ ...at, password, tls: { mode: "verify-full", caFile: locked.caFile } });
    expect((await trusting.check(never)).gaps).toEqual([]);
    const failure = await errorOf(open({ ...at, password, tls: "verify-full" }).check(never));
    expect(failure).toMatchObject({ kind: "database", hint: expect.stringContaining("tls.caFile") });
    const plain = open({ url: server.url(full), tls: "require" });
    expect(await errorOf(plain.check(never))).toMatchObject({
      hint: expect.stringContaining("encryption"),
    });
  });
});
