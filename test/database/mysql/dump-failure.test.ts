import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../../../scripts/services/service.ts";
import { hintFor } from "../../../src/database/mysql/failure.ts";
import { errorOf } from "../../conformance/sample.ts";
import { expectKilled } from "../killed.ts";
import { sharedMariadb } from "../../services.ts";
import { replaceDump } from "./programs.ts";
import { createDatabase, dumpOf, leastIn, never, open, rootIn } from "./servers.ts";

setDefaultTimeout(30_000);

const server = await sharedMariadb();
const folder = await temporaryFolder("mysql-failure");
afterAll(() => folder[Symbol.asyncDispose]());
/** Enough that the dump program waits for its reader. */
const big = await createDatabase(
  server,
  "CREATE TABLE numbers AS SELECT seq, repeat('x', 100) AS t FROM seq_1_to_50000",
);

describe("Mysql.dump()", () => {
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
    const databaseToolsDirectory = await replaceDump(folder.path, name, script);
    const dump = await open({ ...rootIn(server, big), databaseToolsDirectory }).dump(never);
    const failure = await errorOf(dump.bytes.pipeTo(new WritableStream()));
    expect(failure).toMatchObject({ kind, message: expect.stringContaining(message) });
    expect(await errorOf(dump.report)).toBe(failure);
  });

  test("keeps what the dump program only warns of", async () => {
    const script = '"$real" "$@"; echo "mysqldump: [Warning] something failed a little" >&2';
    const databaseToolsDirectory = await replaceDump(folder.path, "warns", script);
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
    const failure = await errorOf(
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
    const failure = await errorOf(
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
    const databaseToolsDirectory = await replaceDump(
      folder.path,
      "cancelled",
      `echo $$ >> ${pidFile}; exec "$real" "$@"`,
    );
    const database = open({ ...rootIn(server, big), databaseToolsDirectory });
    await expectKilled(database, pidFile);
  });

  test("says how to let the role run the functions that views call", async () => {
    const database = await createDatabase(
      server,
      "CREATE FUNCTION `twi``ce`(x int) RETURNS int DETERMINISTIC RETURN x * 2; CREATE TABLE t (id int); CREATE VIEW v AS SELECT `twi``ce`(id) AS id FROM t",
    );
    const backup = open(await leastIn(server, database));
    const failure = await errorOf(dumpOf(backup));
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
    const failure = await errorOf(dumpOf(open(await leastIn(server, name))));
    expect(failure).toMatchObject({ kind: "database", hint: expect.stringContaining("mend or drop it") });
    expect(failure.message).toContain("broken");
  });
});
