import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streamOf, type Bytes, type ByteStream } from "../../../src/base/bytes.ts";
import { DbackedError } from "../../../src/base/error.ts";
import { setLogSink } from "../../../src/base/log.ts";
import { sharedMongodb } from "../../services.ts";
import { document, encodeArchive, recorded } from "./archives.ts";
import { contentOf, failureOf, newName, open, planFor, signal, testWithTools, toolsIn } from "./servers.ts";

setDefaultTimeout(60_000);

const folder = await mkdtemp(join(tmpdir(), "dbacked-test-mongorestore-"));
afterAll(() => rm(folder, { recursive: true }));

const server = await sharedMongodb();

const ARCHIVE = encodeArchive([
  {
    database: "old*",
    collection: "orders",
    type: "collection",
    documents: [document([["x", "y"]]), document([])],
  },
]);

const DONE = (restored: number, failed: number) =>
  `cat >$here/read; printf '2026-11-23T13:49:06.344+0000\\t%s\\n' '${restored} document(s) restored successfully. ${failed} document(s) failed to restore.' >&2`;

/** Restores with a program that stands for mongorestore. */
async function restoreWith(
  script: string,
  body: ByteStream = streamOf(ARCHIVE),
  until = signal,
): Promise<{ tools: string; name: string; failure: string }> {
  const tools = await toolsIn(join(folder, newName()), { mongorestore: script });
  const name = newName();
  const target = open({ url: server.url(name), databaseToolsDirectory: tools });
  const restoring = target.restore(body, planFor(), until);
  return { tools, name, failure: await failureOf(restoring) };
}

/** The archive, in two pieces; then the stream goes on as `next` says. */
function piecewise(next: (controller: ReadableStreamDefaultController<Bytes>) => void): ByteStream {
  let turn = 0;
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        turn += 1;
        const half = ARCHIVE.length / 2;
        if (turn === 1) return controller.enqueue(ARCHIVE.slice(0, half));
        if (turn === 2) return controller.enqueue(ARCHIVE.slice(half, half + 50));
        // The program has time to take what came for the whole.
        await Bun.sleep(100);
        next(controller);
      },
    },
    { highWaterMark: 0 },
  );
}

test("restore() gives mongorestore the whole archive, and the names it goes to", async () => {
  const { tools, name, failure } = await restoreWith(
    `printf '%s\\n' "$@" >$here/arguments; cat /dev/fd/3 >$here/config; ${DONE(2, 0)}`,
  );
  expect(failure).toBe("no failure");
  expect(Buffer.from(await readFile(join(tools, "read"))).equals(ARCHIVE)).toBe(true);
  expect((await readFile(join(tools, "arguments"), "utf8")).trim().split("\n")).toEqual([
    "--archive",
    "--stopOnError",
    "--maintainInsertionOrder",
    "--nsInclude=old\\*.*",
    "--nsFrom=old*.$collection$",
    `--nsTo=${name}.$collection$`,
    "--config=/dev/fd/3",
  ]);
  expect(await readFile(join(tools, "config"), "utf8")).toStartWith('uri: "mongodb://127.0.0.1:');
});

test.each<[string, string, string]>([
  [
    "says that a document failed, with exit code 0",
    DONE(1, 1),
    "database: The dump holds 2 documents, and 1 documents could not be restored",
  ],
  [
    "restored fewer documents than it was given",
    DONE(1, 0),
    "database: The dump holds 2 documents, and 1 documents were restored",
  ],
  ["says nothing", "cat >/dev/null", "database: The dump holds 2 documents, and 0 documents were restored"],
  [
    "fails",
    "cat >/dev/null; echo 'Failed: test.orders: error restoring: E11000 duplicate key' >&2; exit 1",
    "database: Cannot restore into ",
  ],
  ["is killed", "kill -9 $$", "tool: mongorestore was killed by SIGKILL"],
])("restore() fails when mongorestore %s, and says what is left", async (_, script, expected) => {
  const { failure, name } = await restoreWith(script);
  expect(failure).toStartWith(expected);
  expect(failure).toContain(`What was restored until then is left in "${name}" on `);
  expect(failure).toEndWith("restore again with --force, or into another database");
});

test("restore() kills mongorestore before its input ends, when the dump turns out to be damaged", async () => {
  const broken = new DbackedError("damaged", "the backup was changed");
  const { tools, failure } = await restoreWith(
    `cat >$here/read; touch $here/ended; ${DONE(2, 0)}`,
    piecewise((controller) => controller.error(broken)),
  );
  expect(failure).toStartWith("damaged: the backup was changed. What was restored until then is left in ");
  expect(await Bun.file(join(tools, "ended")).exists()).toBe(false);
});

test("restore() says what it leaves when it is stopped", async () => {
  const stop = new AbortController();
  const said: string[] = [];
  setLogSink((text) => said.push(text));
  const body = piecewise(() => stop.abort(new Error("stopped")));
  const { name, failure } = await restoreWith("cat >$here/read", body, stop.signal);
  setLogSink((text) => process.stderr.write(`${text}\n`));
  expect(failure).toContain("stopped");
  expect(said.join()).toContain(`What was restored until then is left in "${name}" on `);
});

test("restore() fails when the dump is cut, whatever mongorestore thinks of it", async () => {
  const { tools, failure } = await restoreWith(
    `cat >$here/read; touch $here/ended`,
    piecewise((controller) => controller.close()),
  );
  expect(failure).toStartWith("damaged: the dump ");
  expect(await Bun.file(join(tools, "ended")).exists()).toBe(false);
});

test("restore() changes nothing for what is no dump of MongoDB", async () => {
  const touch = "touch $here/ran";
  const { tools, failure } = await restoreWith(touch, streamOf(new TextEncoder().encode("PGDMP, so to say")));
  expect(failure).toBe("damaged: the dump is no mongodump archive");
  expect(await Bun.file(join(tools, "ran")).exists()).toBe(false);
  const short = await restoreWith(touch, streamOf(ARCHIVE.slice(0, 20)));
  expect(short.failure).toBe("damaged: the dump ends inside its list of collections");
});

test.each([
  [{ kind: "sqlite" as const }, "target: A dump of the kind sqlite cannot be restored into"],
  [{ jobs: 2 }, "usage: --jobs cannot be used with MongoDB"],
  [
    { noOwner: true, singleTransaction: false },
    "usage: --no-owner, --no-single-transaction cannot be used with MongoDB",
  ],
])("restore() refuses %j", async (changes, expected) => {
  const tools = await toolsIn(join(folder, newName()), {});
  const target = open({ url: server.url(newName()), databaseToolsDirectory: tools });
  let isCancelled = false;
  const body = new ReadableStream<Bytes>({ cancel: () => void (isCancelled = true) }, { highWaterMark: 0 });
  expect(await failureOf(target.restore(body, planFor(changes), signal))).toStartWith(expected);
  expect(isCancelled).toBe(true);
});

test("restore() wants programs of at least the version that dumped", async () => {
  const tools = await toolsIn(join(folder, newName()), {});
  const target = open({ url: server.url(newName()), databaseToolsDirectory: tools });
  const tool = { name: "mongodump", version: "101.2.3" };
  expect(await failureOf(target.restore(streamOf(ARCHIVE), planFor({ tool }), signal))).toStartWith(
    `tool: mongodump 100.9.4 is the newest in ${tools}, which is too old: the dump was made by version 101.2.3`,
  );
});

testWithTools("restore() brings back what was recorded from another server", async () => {
  const name = newName();
  const report = await open({ url: server.url(name) }).restore(
    streamOf(await recorded("shop.archive")),
    planFor(),
    signal,
  );
  expect(report).toEqual({ notices: [] });
  const content = (await contentOf(server, name)) as Record<string, { documents: unknown[] }>;
  expect(Object.keys(content)).toEqual(["big", "cap", "empty", "orders", "v", "we ird.coll"]);
  expect(content["orders"]?.documents).toHaveLength(1000);
});

testWithTools("restore() says which document could not be restored", async () => {
  const name = newName();
  const twice = document([["_id", "same"]]);
  const archive = encodeArchive([
    { database: "old", collection: "t", type: "collection", documents: [twice, twice] },
  ]);
  const failure = await failureOf(
    open({ url: server.url(name) }).restore(streamOf(archive), planFor(), signal),
  );
  expect(failure).toStartWith(`database: Cannot restore into "${name}" on `);
  expect(failure).toContain("duplicate key");
  expect(failure).toContain("restore again with --force");
});

test("inspect() says what is in the way, and changes nothing", async () => {
  const name = newName();
  const target = open({ url: server.url(name) });
  expect(await target.inspect("mongo-archive", signal)).toEqual({ exists: false, objects: 0, examples: [] });
  await server.ask((client) => client.db(name).collection("t").insertOne({ x: 1 }));
  expect(await target.inspect("mongo-archive", signal)).toEqual({
    exists: true,
    objects: 1,
    examples: ["collection t"],
  });
});
