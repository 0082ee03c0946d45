import {
  BSON,
  Binary,
  Decimal128,
  Double,
  Int32,
  Long,
  Timestamp,
  UUID,
  type Db,
  type Document,
} from "mongodb";
import type { Rows } from "../../../conformance/database.ts";
import type { Kept } from "../../../conformance/database/content.ts";
import { sample } from "../../../conformance/sample.ts";
import { absent } from "../../../conformance/database/engine.ts";
import { act, ask } from "./engine.ts";

/** Documents that we number ourselves. */
export interface Numbered extends Document {
  _id: number;
}

const MEGABYTE = 1_000_000;

/** 40 MB that cannot be compressed. */
export async function addNoise(db: Db): Promise<void> {
  for (let at = 0; at < 40; at += 1) await db.collection<Numbered>("noise").insertOne(noisy(at, MEGABYTE));
}

function noisy(_id: number, size: number): Numbered {
  return { _id, data: new Binary(sample(size, _id + 1)) };
}

/** Documents have 16 MB at most. */
const LONGEST = 16 * 1024 * 1024 - 50;

function digest(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

const NAME = "Größe 'a' \"b\" `c` 日本 %.x";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** One document, which is all that there is. */
function keptDocument(document: Document): Kept {
  const made = { _id: 1, ...document };
  return {
    outcome: "kept",
    make: act((db) => db.collection<Numbered>("t").insertOne(made)),
    ask: ask(async (db) => {
      const found = await db.collection("t").findOne({}, { promoteValues: false });
      return BSON.EJSON.stringify(found, { relaxed: false });
    }),
    answer: JSON.stringify(BSON.EJSON.stringify({ ...made, _id: new Int32(1) }, { relaxed: false })),
  };
}

const NO_SCHEMA = "documents have no such thing";

/** The rows that are about what a database can hold. */
export const content = {
  "an empty database": {
    outcome: "refused",
    options: ({ reading }) => reading,
    error: {
      kind: "database",
      message: /There is no database .* or it holds no collections/,
      hint: /spelt right/,
    },
  },
  "names with accents, quotes, backticks and spaces": {
    outcome: "kept",
    make: act(async (db) => {
      await db.collection<Numbered>(NAME).insertOne({ _id: 1, "naïve \"c`o.l'": "ё", $x: 1 });
      await db.collection(NAME).createIndex({ 'naïve "c`o': 1 }, { name: "índex \"i' `" });
    }),
    ask: ask((db) => db.collection(NAME).find().toArray()),
    answer: JSON.stringify([{ _id: 1, "naïve \"c`o.l'": "ё", $x: 1 }]),
    name: "Größe_'a'`b`日本%=",
  },
  "binary data with every byte": keptDocument({
    plain: new Binary(ALL_BYTES),
    own: new Binary(ALL_BYTES, 128),
    uuid: new UUID("0123456789abcdef0123456789abcdef"),
    text: String.fromCodePoint(...Array.from({ length: 1000 }, (_, at) => at), 0x1f986),
  }),
  NULLs: keptDocument({ none: null, list: [null, [], {}, ""], nested: { none: null } }),
  "dates at the edges": keptDocument({
    dates: [0, -1, -62_135_596_800_000, 253_402_300_799_999].map((at) => new Date(at)),
    times: [new Timestamp({ t: 1, i: 0 }), new Timestamp({ t: 4_294_967_295, i: 4_294_967_295 })],
  }),
  "numbers at the edges": keptDocument({
    ints: [new Int32(-(2 ** 31)), new Int32(2 ** 31 - 1)],
    longs: [Long.MIN_VALUE, Long.MAX_VALUE],
    doubles: [-0, 0, Infinity, -Infinity, NaN, 5e-324, Number.MAX_VALUE, 0.1 + 0.2].map(
      (at) => new Double(at),
    ),
    decimals: [
      "NaN",
      "Infinity",
      "-Infinity",
      "-0",
      "1E-6176",
      "9.999999999999999999999999999999999E+6144",
    ].map((text) => Decimal128.fromString(text)),
  }),
  "views, and views on views": {
    outcome: "kept",
    make: act(async (db) => {
      await db.collection<Numbered>("goods").insertMany([
        { _id: 1, price: 20 },
        { _id: 2, price: 5 },
      ]);
      await db.createCollection("zz", {
        viewOn: "goods",
        pipeline: [{ $project: { twice: { $add: ["$price", "$price"] } } }],
      });
      await db.createCollection("aa", { viewOn: "zz", pipeline: [{ $match: { twice: { $gt: 20 } } }] });
    }),
    ask: ask((db) => db.collection("aa").find().toArray()),
    answer: '[{"_id":1,"twice":40}]',
  },
  routines: absent(
    "functions in system.js are documents like others, and no server of the last years runs them",
  ),
  triggers: absent(NO_SCHEMA),
  "generated columns": absent(NO_SCHEMA),
  "foreign keys in a circle": absent(NO_SCHEMA),
  "a value of 100 MB": {
    outcome: "kept, in documents of 16 MB",
    make: act(async (db) => {
      for (let at = 0; at < 7; at += 1) await db.collection<Numbered>("big").insertOne(noisy(at, LONGEST));
    }),
    ask: ask(async (db) => {
      const digests: string[] = [];
      for await (const { data } of db.collection("big").find().sort({ _id: 1 }))
        digests.push(digest(data.buffer));
      return digests;
    }),
    answer: JSON.stringify(Array.from({ length: 7 }, (_, at) => digest(sample(LONGEST, at + 1)))),
    whole: false,
  },
  // The server that tests run on needs minutes for ten times as many.
  "10,000 tables": {
    outcome: "kept, 1,000 of them",
    make: act(async (db) => {
      for (let at = 0; at < 1000; at += 1) await db.collection<Numbered>(`t${at}`).insertOne({ _id: at });
    }),
    ask: ask(async (db) => (await db.listCollections({}, { nameOnly: true }).toArray()).length),
    answer: "1000",
    whole: false,
  },
} satisfies Partial<Rows>;
