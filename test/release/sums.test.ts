import { expect, test } from "bun:test";
import fc from "fast-check";
import { DbackedError } from "../../src/base/error.ts";
import { placeOf } from "../../src/release/place.ts";
import { printSums, readSums } from "../../src/release/sums.ts";
import { fileFor } from "../../src/release/target.ts";

const sum = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex());
const file = fc.stringMatching(/^[a-z0-9-]{1,20}\.gz$/);
const version = fc.stringMatching(/^\d{1,3}\.\d{1,3}\.\d{1,3}(-rc\.\d{1,2})?$/);

test("readSums() gives back what printSums() wrote", () => {
  fc.assert(
    fc.property(version, fc.array(fc.tuple(file, sum)), (version, pairs) => {
      const list = { version, sums: new Map(pairs) };
      expect(readSums(printSums(list), "there")).toEqual(list);
    }),
  );
});

test("readSums() refuses everything else, and only as damaged", () => {
  const good = printSums({ version: "1.2.3", sums: new Map([["a.gz", "0".repeat(64)]]) });
  const texts = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(good.length), fc.string({ minLength: 1 })).map(([at, more]) => good.slice(0, at) + more),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        expect(readSums(text, "there").version).toMatch(/^\d+\.\d+\.\d+/);
      } catch (error) {
        expect(error).toBeInstanceOf(DbackedError);
        expect((error as DbackedError).kind).toBe("damaged");
      }
    }),
  );
});

test.each([
  "",
  "<html>",
  "# dbacked\n",
  "# dbacked 1.2\n",
  "# dbacked 1.2.3\nabc  x\n",
  "# dbacked 1.2.3\u001B[2J\n",
])("readSums() refuses %j", (text) => {
  expect(() => readSums(text, "there")).toThrow("there is no list of a release of dbacked");
});

test.each([
  [undefined, "https://dbacked.com/download", true],
  ["", "https://dbacked.com/download", true],
  ["https://dbacked.com/download/", "https://dbacked.com/download", true],
  ["https://mirror.acme.example/dbacked/", "https://mirror.acme.example/dbacked", false],
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080", false],
])("placeOf(%j) is %s", (given, url, needsSignature) => {
  expect(placeOf(given)).toEqual({ url, needsSignature });
});

test.each(["ftp://x", "dbacked.com", "file:///srv", "https://me:secret@x/", "https://me@x/"])(
  "placeOf() refuses %s, and shows nothing of it",
  (given) => {
    expect(() => placeOf(given)).toThrow(/^DBACKED_DOWNLOAD_URL m(ust begin|ay not)/);
  },
);

test.each([
  [{ platform: "linux", arch: "x64", hasAvx2: true, isMusl: false }, "dbacked-linux-x64.gz"],
  [{ platform: "linux", arch: "x64", hasAvx2: false, isMusl: false }, "dbacked-linux-x64-baseline.gz"],
  [{ platform: "linux", arch: "x64", hasAvx2: false, isMusl: true }, "dbacked-linux-x64-baseline-musl.gz"],
  [{ platform: "linux", arch: "arm64", hasAvx2: false, isMusl: true }, "dbacked-linux-arm64-musl.gz"],
  [{ platform: "darwin", arch: "arm64", hasAvx2: true, isMusl: false }, "dbacked-darwin-arm64.gz"],
])("fileFor(%j) is %s", (host, expected) => {
  expect(fileFor(host)).toBe(expected);
});
