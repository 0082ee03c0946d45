import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startMariadb } from "../../../scripts/services/mariadb.ts";
import { requireProgram, temporaryFolder } from "../../../scripts/services/service.ts";
import { streamOf, utf8, type Bytes, type ByteStream } from "../../../src/base/bytes.ts";
import { DbackedError } from "../../../src/base/error.ts";
import { setLogSink } from "../../../src/base/log.ts";
import { errorOf } from "../../conformance/sample.ts";
import { sharedMariadb } from "../../services.ts";
import { hasVersions, programsOf } from "../../versions.ts";
import { createDatabase, dumpOf, EVERYTHING, leastIn, never, open, PLAN, print, rootIn } from "./servers.ts";

/** Some tests start a server of their own. */
setDefaultTimeout(30_000);

const server = await sharedMariadb();
const folder = await temporaryFolder("mysql-restore");
afterAll(() => folder[Symbol.asyncDispose]());
const full = await createDatabase(server, EVERYTHING);
const { bytes: everything, details } = await dumpOf(open(await leastIn(server, full)));
const { extensions } = details;
const at = (database: string) => open(rootIn(server, database));

/** The dump as a stream of many pieces. */
function inPieces(bytes: Bytes): Bytes[] {
  const pieces: Bytes[] = [];
  for (let start = 0; start < bytes.length; start += 1000) pieces.push(bytes.slice(start, start + 1000));
  return pieces;
}

/** The dump up to `end`, and then an error. */
function damagedAt(bytes: Bytes, end: number): ByteStream {
  const pieces = inPieces(bytes.subarray(0, end)).values();
  return new ReadableStream({
    pull(controller) {
      const next = pieces.next();
      if (next.done) controller.error(new DbackedError("damaged", "the backup is damaged"));
      else controller.enqueue(next.value);
    },
  });
}

describe("Mysql.restore()", () => {
  test("brings everything back", async () => {
    const target = await createDatabase(server);
    const plan = { ...PLAN, extensions };
    expect(await at(target).restore(streamOf(...inPieces(everything)), plan, never)).toEqual({ notices: [] });
    expect(await print(server, target)).toBe(await print(server, full));
    // The numbers that the server had reserved are not given out again.
    expect(Number(await server.query("SELECT nextval(tickets)", target))).toBeGreaterThan(7);
  });

  test("empties a target that holds everything first, if it is forced to", async () => {
    const target = await createDatabase(server, EVERYTHING);
    await server.query("CREATE TABLE more (id int); CREATE VIEW above AS SELECT * FROM more", target);
    expect(await at(target).inspect("sql", never)).toMatchObject({ exists: true, objects: 18 });
    const plan = { ...PLAN, extensions, force: true };
    await at(target).restore(streamOf(...inPieces(everything)), plan, never);
    expect(await print(server, target)).toBe(await print(server, full));
  });

  test("says what it leaves when it is stopped", async () => {
    const target = await createDatabase(server);
    const stop = new AbortController();
    const pieces = inPieces(everything.subarray(0, everything.length / 2)).values();
    const body: ByteStream = new ReadableStream({
      pull(controller) {
        const next = pieces.next();
        if (next.done) stop.abort(new Error("stopped"));
        else controller.enqueue(next.value);
      },
    });
    const said: string[] = [];
    setLogSink((text) => said.push(text));
    const failure = await errorOf(at(target).restore(body, { ...PLAN, extensions }, stop.signal));
    setLogSink((text) => process.stderr.write(`${text}\n`));
    expect(failure).toMatchObject({ message: "stopped" });
    expect(said.join()).toMatch(/now holds a part of the dump at most: restore again with --force/);
  });

  test("needs no more rights than on its own database, where nothing runs in another's name", async () => {
    const [source, target] = [await createDatabase(server), await createDatabase(server)];
    await server.query(
      `CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE DEFINER = owner@localhost VIEW v AS SELECT * FROM t;
       CREATE USER owner@localhost; GRANT ALL ON ${target}.* TO owner@localhost; GRANT SELECT ON ${source}.* TO owner@localhost`,
      source,
    );
    const dump = await dumpOf(at(source));
    const owner = open({ ...rootIn(server, target), username: "owner" });
    await owner.restore(streamOf(dump.bytes), { ...PLAN, extensions: dump.details.extensions }, never);
    expect(await server.query("SELECT * FROM v", target)).toBe("1\n");
  });

  test("lets everything run in the name of who restores, with noOwner", async () => {
    const target = await createDatabase(server);
    await server.query(
      `CREATE USER heir@localhost; GRANT ALL ON ${target}.* TO heir@localhost; SET GLOBAL log_bin_trust_function_creators = 1`,
    );
    const heir = open({ ...rootIn(server, target), username: "heir" });
    const refused = await errorOf(heir.restore(streamOf(everything), { ...PLAN, extensions }, never));
    expect(refused.kind).toBe("target");
    expect(refused.hint).toBe("GRANT SET USER ON *.* TO `heir`@`localhost`;");
    await heir.restore(streamOf(...inPieces(everything)), { ...PLAN, extensions, noOwner: true }, never);
    const renamed = (await print(server, full)).replaceAll(
      /(["`])root\1@(["`])localhost\2/g,
      "$1heir$1@$2localhost$2",
    );
    expect(await print(server, target)).toBe(renamed);
  });

  test("changes the target only, where the dumped database changed its character set", async () => {
    const [source, target] = [await createDatabase(server), await createDatabase(server)];
    const [before, after] = ["latin1", "utf8mb4"].map(
      (each) => `ALTER DATABASE ${source} CHARACTER SET ${each}`,
    );
    await server.query(
      `CREATE TABLE t (id int); ${before}; CREATE PROCEDURE p() SELECT 1; CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1;
       CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 1; ${after}`,
      source,
    );
    const dump = await dumpOf(at(source));
    const whole = await print(server, source);
    const plan = { ...PLAN, extensions: dump.details.extensions };
    await server.query(`ALTER DATABASE ${source} CHARACTER SET ascii`);
    await at(target).restore(streamOf(...inPieces(dump.bytes)), plan, never);
    expect((await print(server, target)).replaceAll(target, source)).toBe(whole);
    expect(await server.query("SELECT @@character_set_database", source)).toBe("ascii\n");
  });

  test("takes numbers from the target's own sequences", async () => {
    const [source, target] = [await createDatabase(server), await createDatabase(server)];
    await server.query(
      `CREATE SEQUENCE numbers; CREATE TABLE t (id int DEFAULT nextval(numbers), s varchar(9) DEFAULT concat('x', lastval(numbers)));
       INSERT INTO t VALUES (7, 'seven'); CREATE VIEW v AS SELECT nextval(numbers) AS n`,
      source,
    );
    const dump = await dumpOf(at(source));
    const plan = { ...PLAN, extensions: dump.details.extensions };
    const whole = await print(server, source);
    await at(target).restore(streamOf(...inPieces(dump.bytes)), plan, never);
    expect((await print(server, target)).replaceAll(target, source)).toBe(whole);
    await server.query(`DROP DATABASE ${source}`);
    await server.query("INSERT INTO t () VALUES (); SELECT * FROM v", target);
    expect(await server.query("SELECT COUNT(*) FROM t", target)).toBe("2\n");
  });

  test("says what a restore does not bring back", async () => {
    const target = await createDatabase(server);
    await server.query(`ALTER DATABASE ${target} CHARACTER SET latin1`);
    const orphan = await createDatabase(
      server,
      "CREATE TABLE t (id int); CREATE DEFINER = ghost@nowhere VIEW v AS SELECT * FROM t; CREATE DATABASE IF NOT EXISTS x",
    );
    const dump = `${await print(server, orphan).catch(() => "")}CREATE DEFINER = ghost@nowhere PROCEDURE p() SELECT 1;\n`;
    const plan = { ...PLAN, extensions: ["character-set utf8mb4", "collation utf8mb4_general_ci"] };
    const { notices } = await at(target).restore(streamOf(utf8(dump)), plan, never);
    expect(notices).toContainEqual(
      expect.stringContaining(`ALTER DATABASE \`${target}\` CHARACTER SET utf8mb4`),
    );
    expect(notices).toContainEqual(expect.stringContaining("the server lacks, and fail: `ghost`@`nowhere`"));
  });

  test.each([
    ["a command of the client", "\\! touch FILE\nSELECT 1;\n"],
    ["one that reads a file", "source FILE\n"],
    ["one that writes a file", "tee FILE\n"],
  ])("obeys no %s in the dump", async (_, dump) => {
    const file = join(folder.path, "touched");
    const target = await createDatabase(server);
    const body = streamOf(utf8(dump.replaceAll("FILE", file)));
    expect((await errorOf(at(target).restore(body, PLAN, never))).kind).toBe("database");
    expect(await Bun.file(file).exists()).toBe(false);
  });
});

describe("Mysql.restore() refuses, before anything changes,", () => {
  test("a target that is not empty", async () => {
    const target = await createDatabase(server, "CREATE TABLE mine (id int)");
    expect(await at(target).inspect("sql", never)).toEqual({
      exists: true,
      objects: 1,
      examples: ["table mine"],
    });
    const failure = await errorOf(at(target).restore(streamOf(everything), PLAN, never));
    expect(failure.kind).toBe("target");
    expect(failure.hint).toContain("--force");
  });

  test("a database that does not exist, and says how to create it", async () => {
    const database = at("nobody's `");
    expect(await database.inspect("sql", never)).toEqual({ exists: false, objects: 0, examples: [] });
    const failure = await errorOf(database.restore(streamOf(everything), { ...PLAN, extensions }, never));
    expect(failure.kind).toBe("target");
    expect(failure.hint?.split("\n")).toEqual([
      "CREATE DATABASE `nobody's ``` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;",
      "or, if it is there, grant `root`@`localhost` rights on it",
    ]);
  });

  test("the server's own databases, even if it is forced to", async () => {
    const plan = { ...PLAN, extensions, force: true };
    const failure = await errorOf(at("mysql").restore(streamOf(everything), plan, never));
    expect(failure.kind).toBe("target");
    expect(failure.message).toContain("is the server's own");
  });

  test("a server that lacks definers, and names all of them", async () => {
    const target = await createDatabase(server);
    const needs = ["definer a'b@%", "definer root@localhost", "definer gone@10.0.0.%"];
    const failure = await errorOf(
      at(target).restore(streamOf(everything), { ...PLAN, extensions: needs }, never),
    );
    expect(failure.kind).toBe("target");
    expect(failure.message).toContain("lacks the accounts `a'b`@`%`, `gone`@`10.0.0.%`");
    const rights = "SELECT, INSERT, UPDATE, DELETE, EXECUTE, TRIGGER, EVENT, SHOW VIEW";
    const pattern = target.replaceAll("_", "\\_");
    expect(failure.hint?.split("\n")).toEqual([
      "give --no-owner, and everything will run in your name; or make them, with the rights that they need here:",
      "CREATE USER `a'b`@`%` ACCOUNT LOCK;",
      "CREATE USER `gone`@`10.0.0.%` ACCOUNT LOCK;",
      `GRANT ${rights} ON \`${pattern}\`.* TO \`a'b\`@\`%\`;`,
      `GRANT ${rights} ON \`${pattern}\`.* TO \`gone\`@\`10.0.0.%\`;`,
    ]);
    expect((await at(target).inspect("sql", never)).objects).toBe(0);
  });

  test("rows with a history that ends later than the server knows", async () => {
    const target = await createDatabase(server);
    const plan = { ...PLAN, extensions: ["history until 2106"] };
    const failure = await errorOf(at(target).restore(streamOf(everything), plan, never));
    expect(failure).toMatchObject({ kind: "target", hint: "restore into MariaDB 11.5 or newer" });
  });

  test("functions of who may not make them in a server with a binary log", async () => {
    await using logging = await startMariadb({ settings: { "log-bin": "log" } });
    const target = await createDatabase(logging);
    await logging.query(`CREATE USER heir@localhost; GRANT ALL ON ${target}.* TO heir@localhost`);
    const heir = open({ ...rootIn(logging, target), username: "heir" });
    const plan = { ...PLAN, extensions, noOwner: true };
    const failure = await errorOf(heir.restore(streamOf(everything), plan, never));
    expect(failure.kind).toBe("target");
    expect((await heir.inspect("sql", never)).objects).toBe(0);
    await logging.query(failure.hint ?? "");
    await heir.restore(streamOf(...inPieces(everything)), plan, never);
  });

  test("a server that takes smaller statements only", async () => {
    await using small = await startMariadb({ settings: { "max-allowed-packet": "1M" } });
    const target = await createDatabase(small);
    const plan = { ...PLAN, extensions: ["max_allowed_packet 16777216"] };
    const failure = await errorOf(open(rootIn(small, target)).restore(streamOf(everything), plan, never));
    expect(failure.kind).toBe("target");
    expect(failure.hint).toBe("SET GLOBAL max_allowed_packet = 16777216;");
  });

  test.each([
    [{ kind: "pg-custom" as const }, "target"],
    [{ jobs: 2 }, "usage"],
    [{ singleTransaction: false }, "usage"],
  ])("what it cannot do: %j", async (given, kind) => {
    const target = await createDatabase(server);
    const failure = await errorOf(at(target).restore(streamOf(everything), { ...PLAN, ...given }, never));
    expect(failure.kind).toBe(kind);
  });
});

describe("Mysql.restore() says what definers need, and it is enough", () => {
  /** A dump with a view of `definer` on another one of his. */
  async function viewsOf(definer: string) {
    const source = await createDatabase(server, "CREATE TABLE plain (id int); INSERT INTO plain VALUES (7)");
    await server.query(
      `CREATE USER ${definer}@'%'; GRANT ALL ON ${source}.* TO ${definer}@'%';
       CREATE DEFINER = ${definer}@'%' VIEW v1 AS SELECT * FROM plain; CREATE DEFINER = ${definer}@'%' VIEW v2 AS SELECT * FROM v1`,
      source,
    );
    const dump = await dumpOf(at(source));
    return { bytes: dump.bytes, plan: { ...PLAN, extensions: dump.details.extensions } };
  }

  const statements = ({ hint = "" }: { hint?: string }) =>
    hint.split("\n").filter((line) => line.endsWith(";"));

  test("where the server lacks them", async () => {
    const { bytes, plan } = await viewsOf("joe");
    await server.query("DROP USER joe@'%'");
    const target = await createDatabase(server);
    const refused = await errorOf(at(target).restore(streamOf(bytes), plan, never));
    expect(refused.kind).toBe("target");
    await server.query(statements(refused).join(" "));
    await at(target).restore(streamOf(bytes), plan, never);
    expect(await server.query("SELECT * FROM v2", target)).toBe("7\n");
  });

  test("where they have rights on the original only", async () => {
    const { bytes, plan } = await viewsOf("jim");
    const target = await createDatabase(server);
    const failure = await errorOf(at(target).restore(streamOf(bytes), plan, never));
    expect(failure.kind).toBe("database");
    expect(failure.hint).toContain("give --no-owner");
    await server.query(statements(failure).join(" "));
    await at(target).restore(streamOf(bytes), { ...plan, force: true }, never);
    expect(await server.query("SELECT * FROM v2", target)).toBe("7\n");
  });
});

describe("Mysql.restore() says what is left", () => {
  test("when a statement fails in the middle", async () => {
    const target = await createDatabase(server);
    const dump = "CREATE TABLE a (id int);\nINSERT INTO b VALUES ('precious');\nCREATE TABLE c (id int);\n";
    const failure = await errorOf(at(target).restore(streamOf(utf8(dump)), PLAN, never));
    expect(failure.kind).toBe("database");
    expect(failure.message).toMatch(/Table .*b' doesn't exist\n.* now holds a part of the dump at most$/);
    expect(failure.hint).toContain("--force");
    expect(Bun.inspect(failure)).not.toContain("precious");
    expect((await at(target).inspect("sql", never)).examples).toEqual(["table a"]);
  });

  test("when a row is larger than the server takes", async () => {
    await using small = await startMariadb({ settings: { "max-allowed-packet": "1M" } });
    const target = await createDatabase(small);
    const row = `CREATE TABLE a (b longtext);\nINSERT INTO a VALUES ('${"x".repeat(2_000_000)}');\n`;
    const failure = await errorOf(open(rootIn(small, target)).restore(streamOf(utf8(row)), PLAN, never));
    expect(failure.kind).toBe("database");
    expect(failure.hint).toContain("SET GLOBAL max_allowed_packet");
  });

  test("when the stream fails, and kills the client before its input closes", async () => {
    const directory = join(folder.path, "slow");
    await mkdir(directory);
    const seen = join(folder.path, "ended");
    const client = requireProgram("mariadb", "mariadb-client");
    // With its input at an end, this client would tell.
    const script = `#!/bin/sh\ncase "$*" in *binary-mode*) cat >/dev/null; touch ${seen};; *) exec ${client} "$@";; esac\n`;
    await Bun.write(join(directory, "mariadb"), script);
    await chmod(join(directory, "mariadb"), 0o755);
    const dumper = join(directory, "mariadb-dump");
    await Bun.write(dumper, `#!/bin/sh\nexec ${requireProgram("mariadb-dump", "mariadb-client")} "$@"\n`);
    await chmod(dumper, 0o755);
    const target = await createDatabase(server);
    const database = open({ ...rootIn(server, target), databaseToolsDirectory: directory });
    const failure = await errorOf(database.restore(damagedAt(everything, 8000), PLAN, never));
    expect(failure.kind).toBe("damaged");
    expect(failure.message).toContain("now holds a part of the dump at most");
    await Bun.sleep(200);
    expect(await Bun.file(seen).exists()).toBe(false);
  });
});

describe.skipIf(!hasVersions)("Mysql.restore() between clients", () => {
  test("restores into MariaDB by MySQL's client, without the sandbox line", async () => {
    expect(new TextDecoder().decode(everything.subarray(0, 60))).toContain("enable the sandbox mode");
    const target = await createDatabase(server);
    const database = open({ ...rootIn(server, target), databaseToolsDirectory: programsOf("mysql-9") });
    await database.restore(streamOf(...inPieces(everything)), { ...PLAN, extensions }, never);
    expect(await print(server, target)).toBe(await print(server, full));
  });
});
