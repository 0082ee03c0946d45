import { expect, test } from "bun:test";
import { dumpedIn, Remarks, restoredIn } from "../../../src/database/mongodb/remarks.ts";
import { recorded } from "./archives.ts";

const TIME = "2026-11-23T13:49:06.344+0000\t";

function remarksOn(...lines: string[]): readonly string[] {
  const remarks = new Remarks();
  for (const line of lines) remarks.see(line);
  return remarks.lines;
}

test("Remarks keeps nothing of what mongodump says of every run", async () => {
  const lines = new TextDecoder().decode(await recorded("instance-oplog.stderr")).split("\n");
  expect(lines.length).toBeGreaterThan(10);
  expect(remarksOn(...lines)).toEqual([]);
});

test.each([
  "[##########..............]  shop.orders  8123/18432  (44.1%)",
  "[........................]    shop.a b    0/18432    (0.0%)",
  "shop.orders  8123",
  "shop.orders  12.3MB",
  "dumped 12 oplog entries",
  "preparing collections to restore from",
  "don't know what to do with subdirectory `shop`, skipping...",
  "reading metadata for `shop.error` from `archive on stdin`",
  "restoring `shop.error` from `archive on stdin`",
  "finished restoring `shop.error` (3 documents, 0 failures)",
  "no indexes to restore for collection `shop.error`",
  'index: &idx.IndexDocument{Options:primitive.M{"name":"a_1"}}',
  "7 document(s) restored successfully. 0 document(s) failed to restore.",
])("Remarks does not keep %j", (line) => {
  expect(remarksOn(`${TIME}${line}`)).toEqual([]);
});

test.each([
  "the collection `shop.a` appears to have been dropped after the dump started",
  "warning, couldn't get version information from server: x",
  "Failed: something",
  "don't know what to do with file `shop/x`, skipping...",
  "6 document(s) restored successfully. 1 document(s) failed to restore.",
])("Remarks keeps %j, once", (line) => {
  expect(remarksOn(`${TIME}${line}`, `2026-11-23T13:49:07.000+0000\t${line}`)).toEqual([line]);
});

test("Remarks shows nothing to a terminal that could change it", () => {
  expect(remarksOn(`${TIME}what \u001B[31mis\u009B this \u202E`)).toEqual(["what ?[31mis? this ?"]);
});

test.each<[string, { namespace: string; documents: number } | null]>([
  ["done dumping `shop_é.we ird.coll` (500 documents)", { namespace: "shop_é.we ird.coll", documents: 500 }],
  ["done dumping shop.orders (1 document)", { namespace: "shop.orders", documents: 1 }],
  ["done dumping", null],
  ["writing `done dumping` (3 documents)", null],
])("dumpedIn() reads %j", (line, expected) => {
  expect(dumpedIn(`${TIME}${line}`)).toEqual(expected);
});

test("restoredIn() reads the last line of mongorestore", () => {
  const line = "12 document(s) restored successfully. 3 document(s) failed to restore.";
  expect(restoredIn(`${TIME}${line}`)).toEqual({ restored: 12, failed: 3 });
  expect(restoredIn(`${TIME}done`)).toBeNull();
});
