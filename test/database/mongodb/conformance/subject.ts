import type { Db } from "mongodb";
import { join } from "node:path";
import { freePort } from "../../../../scripts/services/service.ts";
import type { Rows, Subject } from "../../../conformance/database.ts";
import { startCutter } from "../../../conformance/database/cutter.ts";
import { absent, type Options } from "../../../conformance/database/engine.ts";
import { sharedMongodb } from "../../../services.ts";
import { addNoise, content, type Numbered } from "./content.ts";
import { act, ask, doomed, doomedEngine, engine, through, usual } from "./engine.ts";
import { audit, makeBank, startTransfers } from "./transfers.ts";

async function addGoods(db: Db): Promise<void> {
  await db.collection<Numbered>("goods").insertMany([
    { _id: 1, name: "tea" },
    { _id: 2, name: "jam" },
  ]);
}

async function addOld(db: Db): Promise<void> {
  await db.collection<Numbered>("goods").insertOne({ _id: 3, name: "salt" });
  await db.createCollection("old");
}

const HOST = "127.0.0.1";

/** Another certificate than the server's. */
const OTHER_CERTIFICATE = join(import.meta.dir, "../../../testdata/keys/certificate.pem");

const torn = {
  make: act(addNoise),
  port: async () => (await usual()).port,
  through: (options: Options, port: number) => through(options, HOST, port),
};

const list: Rows = {
  ...content,
  "transfers while one database is dumped": {
    outcome: "of several moments, and said",
    make: act(makeBank),
    start: startTransfers,
    audit,
  },
  "transfers while a whole server is dumped": absent(
    "not tested: the server that tests run on cannot replay an oplog, which is what makes it one moment",
  ),
  "a wrong password": {
    outcome: "refused",
    make: act(addGoods),
    options: ({ reading }) => ({ ...reading, password: "wrong" }),
    error: { kind: "database", message: /authentication failed/i, hint: /are user and password right/ },
  },
  "an unknown host": {
    outcome: "refused",
    options: ({ reading }) => through(reading, "nowhere.invalid", 27_017),
    error: { kind: "database", message: /nowhere\.invalid/, hint: /host's name right/ },
  },
  "a port where nobody listens": {
    outcome: "refused",
    options: async ({ reading }) => through(reading, HOST, await freePort()),
    error: { kind: "database", message: /ECONNREFUSED/, hint: /does MongoDB listen/ },
  },
  "TLS, and a server that has none": {
    outcome: "refused",
    options: async ({ reading }) => through(reading, HOST, (await sharedMongodb()).port),
    error: { kind: "database", message: /Cannot ask/, hint: /do the server and `tls` agree/ },
  },
  "a certificate that nobody vouches for": {
    outcome: "refused",
    options: ({ reading }) => ({ ...reading, tls: { caFile: OTHER_CERTIFICATE } }),
    error: { kind: "database", message: /certificate/, hint: /tls\.caFile/ },
  },
  "a certificate of another host": {
    outcome: "refused",
    options: async ({ reading }, stack) => {
      const { host, port } = stack.use(await startCutter((await usual()).port, { host: "127.0.0.2" }));
      return through(reading, host, port);
    },
    error: { kind: "database", message: /127\.0\.0\.2/, hint: /name the host as it stands in there/ },
  },
  "a role without rights": {
    outcome: "refused",
    make: act(addGoods),
    options: ({ reading }) => ({
      ...reading,
      url: String(reading["url"]).replace(/\w+@/, "nobody@"),
      password: "pw",
    }),
    error: { kind: "incomplete", message: /would lack/, hint: /grantRolesToUser\("nobody".*"read"/ },
  },
  "a connection that breaks while dumping": {
    ...torn,
    outcome: "refused",
    error: { kind: "database", message: /Cannot dump /, hint: /./ },
  },
  "a connection that breaks while restoring": {
    ...torn,
    outcome: "refused, target half restored, and said",
    fill: act(addOld),
    error: {
      kind: "database",
      message: /Cannot restore into .*until then is left in/s,
      hint: /restore again with --force/,
    },
  },
  "the user's option files and environment": {
    outcome: "kept",
    files: {
      ".mongorc.js": "db.dropDatabase()",
      ".mongoshrc.js": "db.dropDatabase()",
      ".mongodb/config.yaml": "uri: mongodb://nowhere.invalid",
    },
    environment: {
      MONGODB_URI: "mongodb://nowhere.invalid",
      MONGO_URL: "mongodb://nowhere.invalid",
      SSL_CERT_FILE: "/nowhere",
      SSL_CERT_DIR: "/nowhere",
      GODEBUG: "x509sha1=1",
      TZ: "Asia/Kathmandu",
    },
    content: content["binary data with every byte"],
  },
  "options that narrow the dump": {
    outcome: "kept, and marked",
    make: act(async (db) => {
      await addGoods(db);
      await addOld(db);
    }),
    more: { dumperOptions: ["--collection=goods", '--query={"_id":1}'] },
    narrowed: ["--collection", "--query"],
    ask: ask((db) => db.collection("goods").find().toArray()),
    answer: '[{"_id":1,"name":"tea"}]',
  },
  "options that would spoil the dump": {
    outcome: "refused",
    options: {
      "--out=/tmp/dump": /archive from its standard output/,
      "--archive=/tmp/dump": /archive from its standard output/,
      "--gzip": /compresses the dump itself/,
      "--uri=mongodb://elsewhere": /the connection is described by the config/,
      "-d other": /named in the config/,
      "--oplog": /when a whole replica set is dumped/,
      "--viewsAsCollections": /leaves out every collection/,
      "--no-such-option": /not known to dbacked: tell us/,
      other: /not an option/,
    },
  },
  "a target that is not empty": {
    outcome: "refused, emptied by force",
    make: act(addGoods),
    fill: act(addOld),
    error: {
      kind: "target",
      message: /is not empty: it holds 2 objects.* collection goods/,
      hint: /--force/,
    },
  },
  "a disk that is full while restoring": {
    outcome: "refused, target half restored, and said",
    make: act(addNoise),
    fill: act(addOld),
    engine: doomedEngine,
    process: async () => (await doomed()).pid,
    room: 4_000_000,
    error: {
      kind: "database",
      message: /Cannot restore into .*until then is left in/s,
      hint: /restore again with --force/,
    },
  },
};

/** MongoDB, and the list in its words. */
export const mongodb: Subject = { engine, rows: list, programs: ["mongodump", "mongorestore"] };
