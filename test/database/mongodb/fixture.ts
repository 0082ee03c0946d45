import {
  BSONRegExp,
  Binary,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
  type Db,
  type Document,
} from "mongodb";

/** A value of each type, and those at the edges. */
const VALUES: readonly Document[] = [
  { everyByte: new Binary(Uint8Array.from({ length: 256 }, (_, byte) => byte)) },
  { uuid: new UUID("0123456789abcdef0123456789abcdef"), id: new ObjectId("0123456789abcdef01234567") },
  {
    decimals: ["0", "-0.1", "9.999999999999999999999999999999999E+6144", "NaN", "-Infinity"].map((text) =>
      Decimal128.fromString(text),
    ),
  },
  {
    longs: [Long.MIN_VALUE, Long.MAX_VALUE, Long.fromNumber(2 ** 53 + 2)],
    ints: [new Int32(-(2 ** 31)), new Int32(2 ** 31 - 1)],
  },
  { doubles: [new Double(-0), new Double(Infinity), new Double(NaN), new Double(5e-324), new Double(1)] },
  { dates: [new Date(0), new Date(-1), new Date("0001-01-01"), new Date("9999-12-31T23:59:59.999Z")] },
  { texts: ["", "a\0b", "Ünï\u{1F600}", "\r\n\t\\\"'`$%", "x".repeat(100_000)] },
  { none: null, yes: true, list: [[], {}, [[1]]], nested: { a: { b: { "c.d": { $e: 1 } } } } },
  {
    key: [new MinKey(), new MaxKey()],
    time: Timestamp.fromBits(1, 2),
    pattern: new BSONRegExp("a.*b", "imx"),
    code: new Code("return 1"),
  },
];

/** Fills a database with what could be lost on the way. */
export async function fill(db: Db): Promise<void> {
  await db.collection("values").insertMany(VALUES.map((value, at) => ({ _id: at as never, ...value })));
  const orders = db.collection("orders");
  await orders.insertMany(
    Array.from({ length: 2500 }, (_, at) => ({ _id: at as never, name: `n${at}`, at: new Date(at) })),
  );
  await orders.createIndex({ name: 1 }, { unique: true });
  await orders.createIndex({ at: -1 }, { expireAfterSeconds: 2 ** 30 });
  await orders.createIndex({ name: 1, at: 1 }, { name: "both", sparse: true });
  await db.createCollection("dear_orders", { viewOn: "orders", pipeline: [{ $match: { _id: { $lt: 5 } } }] });
  const capped = await db.createCollection("capped", { capped: true, size: 4096, max: 7 });
  await capped.insertMany([9, 3, 7, 1].map((at) => ({ _id: at as never })));
  await db.createCollection("empty");
  for (const name of ["we ird.coll", "été", "a'b\"c", "percent%41*[x]{y}(z)?+|^"])
    await db.collection(name).insertOne({ _id: 1 as never });
}

/** The documents of each collection that `fill` makes. */
export const ROWS: Readonly<Record<string, number>> = {
  "a'b\"c": 1,
  capped: 4,
  empty: 0,
  orders: 2500,
  "percent%41*[x]{y}(z)?+|^": 1,
  values: VALUES.length,
  "we ird.coll": 1,
  été: 1,
};
