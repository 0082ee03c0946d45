import { expect, setDefaultTimeout, test } from "bun:test";
import { collect, streamOf } from "../../../src/base/bytes.ts";
import { startMongodb } from "../../../scripts/services/mongodb.ts";
import { sharedMongodb } from "../../services.ts";
import { fill, ROWS } from "./fixture.ts";
import { contentOf, dumpOf, failureOf, newName, open, planFor, signal, testWithTools } from "./servers.ts";

setDefaultTimeout(60_000);

const server = await sharedMongodb();

testWithTools("Mongodb brings everything back: documents, indexes, options, views, order", async () => {
  const [name, copy] = [newName(), newName()];
  await server.ask((client) => fill(client.db(name)));
  const database = open({ url: server.url(name) });
  const dump = await database.dump(signal);
  const bytes = await collect(dump.bytes, 2 ** 29);
  const report = await dump.report;
  expect(await open({ url: server.url(copy) }).restore(streamOf(bytes), planFor(), signal)).toEqual({
    notices: [],
  });
  expect(await contentOf(server, copy)).toEqual(await contentOf(server, name));

  expect(report).toMatchObject({ consistent: "no", complete: true, narrowed: [], gaps: [], stderrTail: "" });
  expect(report.tables).toBe(Object.keys(ROWS).length);
  expect(report.rows).toBe(Object.values(ROWS).reduce((sum, rows) => sum + rows, 0));
  expect(Object.fromEntries(report.tableRows.map(({ table, rows }) => [table, rows]))).toEqual({ ...ROWS });
  expect(new Set(report.tableRows.map(({ kind }) => kind))).toEqual(new Set(["exact"]));
  expect(dump.details).toMatchObject({ database: name, host: `${server.host}:${server.port}` });
});

testWithTools("Mongodb dumps what dumperOptions leave, and says so", async () => {
  const name = newName();
  await server.ask((client) => fill(client.db(name)));
  const options = { url: server.url(name), dumperOptions: ["--excludeCollection=orders", "-j", "2"] };
  const { bytes, report } = await open(options).dump(signal);
  await new Response(bytes).bytes();
  const { complete, narrowed, tableRows } = await report;
  expect({ complete, narrowed }).toEqual({ complete: false, narrowed: ["--excludeCollection=orders"] });
  expect(tableRows.map(({ table }) => table)).not.toContain("orders");
});

testWithTools("Mongodb dumps a whole replica set as one moment, and restores it", async () => {
  await using source = await startMongodb({ heartbeat: true });
  await using target = await startMongodb();
  await source.ask(async (client) => {
    await fill(client.db("shop"));
    await client
      .db("other")
      .collection("t")
      .insertMany([{ x: 1 }, { x: 2 }]);
  });
  // What mongodump keeps of the oplog begins with its last entry; this server can replay nothing but heartbeats.
  await Bun.sleep(1500);
  const whole = open({ url: source.url("") });
  const dump = await whole.dump(signal);
  const bytes = await collect(dump.bytes, 2 ** 29);
  const report = await dump.report;
  expect(report.consistent).toBe("snapshot");
  expect(dump.details.database).toBe("*");
  expect(report.tableRows).toContainEqual({ table: "other.t", rows: 2, kind: "exact" });

  await open({ url: target.url("") }).restore(streamOf(bytes), planFor(), signal);
  for (const name of ["shop", "other"])
    expect(await contentOf(target, name)).toEqual(await contentOf(source, name));

  const intoOne = open({ url: target.url("one") }).restore(streamOf(bytes), planFor(), signal);
  expect(await failureOf(intoOne)).toMatch(
    /^target: The dump is of a whole server \((?:shop, other|other, shop)\), and cannot go into "one" on /,
  );
  const full = open({ url: target.url("") }).restore(streamOf(bytes), planFor(), signal);
  expect(await failureOf(full)).toContain(
    "is not empty: it holds 2 objects, such as database other, database shop",
  );
  const forced = open({ url: target.url("") }).restore(streamOf(bytes), planFor({ force: true }), signal);
  expect(await forced).toEqual({ notices: [] });
  expect(await contentOf(target, "shop")).toEqual(await contentOf(source, "shop"));
});

testWithTools("Mongodb dumps a whole standalone server, which is not one moment", async () => {
  await using source = await startMongodb({ standalone: true });
  await source.ask(async (client) => {
    await client.db("a").collection("t").insertOne({ x: 1 });
    await client.db("b").collection("t").insertOne({ x: 1 });
  });
  const dump = await open({ url: source.url("") }).dump(signal);
  const bytes = await collect(dump.bytes, 2 ** 29);
  expect((await dump.report).consistent).toBe("no");
  expect(dump.details.args).toEqual(["--archive"]);
  const before = await contentOf(source, "b");
  const report = await open({ url: source.url("") }).restore(
    streamOf(bytes),
    planFor({ force: true }),
    signal,
  );
  expect(report).toEqual({ notices: [] });
  expect(await contentOf(source, "b")).toEqual(before);
});

testWithTools("Mongodb refuses a target that is not empty, and empties it only when told to", async () => {
  const [name, copy] = [newName(), newName()];
  await server.ask(async (client) => {
    await client
      .db(name)
      .collection("t")
      .insertOne({ _id: 1 as never });
    await client
      .db(copy)
      .collection("old")
      .insertOne({ _id: 1 as never });
  });
  const bytes = await dumpOf(open({ url: server.url(name) }));
  const target = open({ url: server.url(copy) });
  expect(await failureOf(target.restore(streamOf(bytes), planFor(), signal))).toBe(
    `target: "${copy}" on ${server.host}:${server.port} is not empty: it holds 1 objects, such as collection old` +
      " | restore into an empty database, or give --force to empty this one first",
  );
  await target.restore(streamOf(bytes), planFor({ force: true }), signal);
  expect(await contentOf(server, copy)).toEqual(await contentOf(server, name));
});

testWithTools("Mongodb restores a dump of one database into no whole server", async () => {
  const name = newName();
  await server.ask((client) => client.db(name).collection("t").insertOne({ x: 1 }));
  const bytes = await dumpOf(open({ url: server.url(name) }));
  const failure = await failureOf(
    open({ url: server.url("") }).restore(streamOf(bytes), planFor({ force: true }), signal),
  );
  expect(failure).toStartWith(`target: The dump is of one database, "${name}", and the MongoDB server`);
  expect(await server.ask((client) => client.db(name).collection("t").countDocuments())).toBe(1);
});

testWithTools("Mongodb knows names with characters that mean something to mongorestore", async () => {
  const [name, copy] = [`${newName()}-*é`, `${newName()}*`];
  const other = `${name}x`;
  await server.ask(async (client) => {
    await client.db(name).collection("t*").insertOne({ x: 1 });
    await client.db(other).collection("t").insertOne({ x: 1 });
  });
  const bytes = await dumpOf(open({ host: server.host, port: server.port, database: name }));
  await open({ host: server.host, port: server.port, database: copy }).restore(
    streamOf(bytes),
    planFor(),
    signal,
  );
  expect(await contentOf(server, copy)).toEqual(await contentOf(server, name));
});

testWithTools("MongodbInstance lists what users have, and opens each", async () => {
  const name = newName();
  await server.ask((client) => client.db(name).collection("t").insertOne({ x: 1 }));
  const { mongodbInstance } = await import("../../../src/database/mongodb.ts");
  const { mongodbOptions } = await import("../../../src/database/mongodb/options.ts");
  const instance = mongodbInstance(mongodbOptions.parse({ url: server.url(""), database: "*" }));
  const names = (await instance?.list(signal)) ?? [];
  expect(names).toContain(name);
  expect(names.filter((each) => ["admin", "config", "local"].includes(each))).toEqual([]);
  expect(names.toSorted()).toEqual([...names]);
  expect(instance?.globals()).toBeNull();
  const one = instance?.open(name);
  expect(one?.label).toBe(`"${name}" on ${server.host}:${server.port}`);
  const { bytes, report } = (await one?.dump(signal)) ?? { bytes: streamOf(), report: null };
  await new Response(bytes).bytes();
  expect((await report)?.rows).toBe(1);
});

test("mongodbInstance() is for * only", async () => {
  const { mongodbInstance } = await import("../../../src/database/mongodb.ts");
  const { mongodbOptions } = await import("../../../src/database/mongodb/options.ts");
  expect(mongodbInstance(mongodbOptions.parse({ url: server.url("") }))).toBeNull();
  expect(mongodbInstance(mongodbOptions.parse({ url: server.url("*") }))?.label).toBe(
    `the MongoDB server ${server.host}:${server.port}`,
  );
});
