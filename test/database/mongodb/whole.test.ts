import { expect, test } from "bun:test";
import { streamOf } from "../../../src/base/bytes.ts";
import { readWhole } from "../../../src/database/whole.ts";
import { recorded } from "./archives.ts";
import { failureOf, signal } from "./servers.ts";

const READING = {
  kind: "mongo-archive",
  tool: { name: "mongodump", version: "100.9.4" },
  databaseToolsDirectory: undefined,
  spoolDirectory: "/nonexistent",
} as const;

test("readWhole() reads an archive of mongodump to its end", async () => {
  const archive = await recorded("instance-oplog.archive");
  expect(await readWhole(streamOf(archive), READING, signal)).toBe("the reader of mongodump's archives");
});

test("readWhole() refuses an archive of mongodump that is cut or changed", async () => {
  const archive = await recorded("shop.archive");
  expect(await failureOf(readWhole(streamOf(archive.slice(0, -1)), READING, signal))).toStartWith(
    "damaged: The dump is not whole: the dump ends inside a block of documents",
  );
  archive[400_000] = (archive[400_000] ?? 0) ^ 1;
  expect(await failureOf(readWhole(streamOf(archive), READING, signal))).toStartWith(
    "damaged: The dump is not whole: the documents of shop_é.big are not those that mongodump wrote: the CRC differs",
  );
});
