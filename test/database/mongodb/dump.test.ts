import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMongodb } from "../../../scripts/services/mongodb.ts";
import { sharedMongodb } from "../../services.ts";
import { encodeArchive, document } from "./archives.ts";
import { dumpOf, failureOf, newName, open, signal, testWithTools, toolsIn } from "./servers.ts";

setDefaultTimeout(60_000);

const folder = await mkdtemp(join(tmpdir(), "dbacked-test-mongodump-"));
afterAll(() => rm(folder, { recursive: true }));

const server = await sharedMongodb();
const name = newName();
await server.ask((client) =>
  client
    .db(name)
    .collection("orders")
    .insertMany([{ x: 1 }, { x: 2 }, { x: 3 }]),
);

const ARCHIVE = encodeArchive([
  {
    database: name,
    collection: "orders",
    type: "collection",
    documents: [document([["x", "y"]]), document([])],
  },
]);

/** Dumps with a program that stands for mongodump; `$here/archive` is a whole archive of two documents. */
async function dumpWith(script: string): Promise<{ bytes: Uint8Array; stderrTail: string }> {
  const tools = await toolsIn(join(folder, newName()), { mongodump: script });
  await Bun.write(join(tools, "archive"), ARCHIVE);
  const { bytes, report } = await open({ url: server.url(name), databaseToolsDirectory: tools }).dump(signal);
  return { bytes: await new Response(bytes).bytes(), stderrTail: (await report).stderrTail };
}

const SAID = (text: string) => `printf '2026-11-23T13:49:06.344+0000\\t${text}\\n' >&2`;

test("dump() gives what a good mongodump writes, byte by byte", async () => {
  const { bytes, stderrTail } = await dumpWith(
    `${SAID(`done dumping \`${name}.orders\` (2 documents)`).replaceAll("`", "\\140")}; cat $here/archive`,
  );
  expect(Buffer.from(bytes).equals(ARCHIVE)).toBe(true);
  expect(stderrTail).toBe("");
});

test("dump() tells what mongodump warned of", async () => {
  const { stderrTail } = await dumpWith(`${SAID("warning, something")}; cat $here/archive`);
  expect(stderrTail).toBe("warning, something");
});

test.each<[string, string, string]>([
  [
    "is cut, with exit code 0",
    `head -c ${ARCHIVE.length - 5} $here/archive`,
    "tool: mongodump did not write a whole dump: the dump ends inside a block of documents",
  ],
  [
    "lacks the end of a collection",
    `head -c ${ARCHIVE.length - 150} $here/archive; kill -9 $$`,
    "tool: mongodump was killed by SIGKILL",
  ],
  [
    "is empty",
    "exit 0",
    "tool: mongodump did not write a whole dump: the dump ends inside its list of collections",
  ],
  [
    "fails at its end",
    `cat $here/archive; ${SAID("Failed: error dumping oplog: oplog overflow: mongodump was unable to capture")}; exit 1`,
    `database: Cannot dump "${name}" on ${server.host}:${server.port}: error dumping oplog: oplog overflow`,
  ],
  [
    "says that it dumped more than it wrote",
    `${SAID(`done dumping ${name}.orders (3 documents)`)}; cat $here/archive`,
    `tool: mongodump did not write a whole dump: it said that ${name}.orders has 3 documents, and wrote 2`,
  ],
  [
    "is nothing, since there is no such collection",
    SAID("namespace with DB x and collection y does not exist"),
    "tool: mongodump did not write a whole dump: the dump ends inside its list of collections | it said: namespace with DB x and collection y does not exist",
  ],
  [
    "is something else",
    "echo hello",
    "tool: mongodump did not write a whole dump: the dump is no mongodump archive",
  ],
])("dump() fails when what mongodump writes %s", async (_, script, expected) => {
  expect(await failureOf(dumpWith(script))).toStartWith(expected);
});

test("dump() refuses an archive without collections", async () => {
  const nothing = encodeArchive([]);
  const tools = await toolsIn(join(folder, newName()), { mongodump: "cat $here/archive" });
  await Bun.write(join(tools, "archive"), nothing);
  const database = open({ url: server.url(name), databaseToolsDirectory: tools });
  expect(await failureOf(dumpOf(database))).toBe(
    "tool: mongodump did not write a whole dump: it holds no collections",
  );
});

test("dump() kills mongodump when nobody wants its output any more", async () => {
  const tools = await toolsIn(join(folder, newName()), {
    mongodump: "echo $$ >$here/pid; cat $here/archive; sleep 60",
  });
  await Bun.write(join(tools, "archive"), ARCHIVE);
  const { bytes } = await open({ url: server.url(name), databaseToolsDirectory: tools }).dump(signal);
  const reader = bytes.getReader();
  await reader.read();
  const pid = Number(await readFile(join(tools, "pid"), "utf8"));
  await reader.cancel();
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("dump() names what installs the programs, when there are none", async () => {
  const database = open({ url: server.url(name), databaseToolsDirectory: folder });
  expect(await failureOf(database.dump(signal))).toBe(
    `tool: no mongodump in ${folder}: "${name}" on ${server.host}:${server.port} cannot be dumped without it` +
      " | apt-get install mongodb-database-tools, from MongoDB's own packages" +
      " (https://www.mongodb.com/try/download/database-tools), or set databaseToolsDirectory to where mongodump, mongorestore are",
  );
});

/** All that any user of the host could see of running programs, and what their owner can. */
async function visibleOf(program: string): Promise<{ arguments: string; environment: string }> {
  const seen = { arguments: "", environment: "" };
  for (const pid of (await readdir("/proc")).filter((each) => /^\d+$/.test(each))) {
    const [argv, environ] = await Promise.all(
      ["cmdline", "environ"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
    );
    if (!argv?.split("\0")[0]?.endsWith(`/${program}`)) continue;
    seen.arguments += argv;
    seen.environment += environ ?? "";
  }
  return seen;
}

testWithTools("dump() shows no secret and no option of the caller, and leaves no file", async () => {
  const users = [{ user: "root", password: "hunter2-&é", database: "admin", roles: ["root"] }];
  await using locked = await startMongodb({ users });
  const text = "x".repeat(100_000);
  await locked.ask((client) =>
    client
      .db("shop")
      .collection("t")
      .insertMany(Array.from({ length: 200 }, () => ({ text }))),
  );
  process.env["DBACKED_MARKER"] = "marker";
  const filesBefore = await readdir(tmpdir());
  const { bytes } = await open({
    host: locked.host,
    port: locked.port,
    username: "root",
    password: "hunter2-&é",
    authenticationDatabase: "admin",
    database: "shop",
  }).dump(signal);
  // It waits in the middle while nobody reads on.
  const reader = bytes.getReader();
  await reader.read();
  const { arguments: argv, environment } = await visibleOf("mongodump");
  const filesWhile = await readdir(tmpdir());
  delete process.env["DBACKED_MARKER"];
  for (let piece = await reader.read(); !piece.done; piece = await reader.read());
  expect(argv).toContain("--db=shop");
  expect(argv).not.toContain("hunter2");
  expect(environment).toContain("LC_ALL=C");
  expect(environment).not.toMatch(/hunter2|DBACKED_MARKER/);
  const isOurs = (file: string) => /^dbacked-[0-9a-f]{32}$/.test(file) && !filesBefore.includes(file);
  expect(filesWhile.filter(isOurs)).toEqual([]);
});
