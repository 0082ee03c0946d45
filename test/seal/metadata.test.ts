import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Bytes, concat, utf8 } from "../../src/base/bytes.ts";
import { parseHeader } from "../../src/seal/header.ts";
import {
  encodePublicMetadata,
  encodeSealedMetadata,
  parsePublicMetadata,
  parseSealedMetadata,
} from "../../src/seal/metadata.ts";
import { draft } from "./draft.ts";
import { codeOf, codeOfThrown } from "./refused.ts";
import { metadata, sealedMetadata } from "./sample.ts";

const text = JSON.stringify(metadata);
const BAD_METADATA: readonly [name: string, bytes: Bytes][] = [
  ["two equal keys", utf8(text.replace("{", `{"set":"other",`))],
  ["a space", utf8(text.replace(":", ": "))],
  ["a NUL behind it", utf8(`${text}\0`)],
  ["a NUL inside", utf8(text.replace("shop", "sh\0op"))],
  ["invalid UTF-8", concat(utf8(text.slice(0, -1)), new Uint8Array([0xff]), utf8("}"))],
  ["a byte order mark", concat(new Uint8Array([0xef, 0xbb, 0xbf]), utf8(text))],
  ["a needless escape", utf8(text.replace("shop", String.raw`\u0073hop`))],
  ["a number in another form", utf8(text.replace(`"seq":3`, `"seq":3.0`))],
  ["an array", utf8(`[${text}]`)],
  ["null", utf8("null")],
  ["an empty object", utf8("{}")],
  ["no set", utf8(text.replace(`"set":"shop",`, ""))],
  ["a set that is a number", utf8(text.replace(`"shop"`, "7"))],
  ["a time without milliseconds", utf8(text.replace(".123Z", "Z"))],
  ["a day that does not exist", utf8(text.replace("2026-11-22", "2026-02-30"))],
  ["a negative seq", utf8(text.replace(`"seq":3`, `"seq":-3`))],
  ["a prev that is no digest", utf8(text.replace(`"prev":null`, `"prev":"abc"`))],
  ["a tool without version", utf8(text.replace(`,"version":"16.4"`, ""))],
  ["16,000 brackets", utf8(`{"a":${"[".repeat(8000)}${"]".repeat(8000)}}`)],
];

test.each(BAD_METADATA)(
  "readHeader() refuses public metadata with %s, though it is signed",
  async (_name, metadata) => {
    expect(await codeOf(parseHeader(await draft({ metadata })))).toBe("metadata");
  },
);

test("readHeader() ignores keys of public metadata that it does not know", async () => {
  const more = text.replace("{", `{"__proto__":{"polluted":true},"future":[1],"":0,`);
  const { metadata: read } = await parseHeader(await draft({ metadata: utf8(more) }));
  expect(read).toEqual(metadata);
  expect("polluted" in read).toBeFalse();
  expect("polluted" in {}).toBeFalse();
});

test("parsePublicMetadata() gives back what encodePublicMetadata() wrote", () => {
  const unicode = fc.string({ unit: "binary", maxLength: 50 });
  const any = fc.record(
    {
      takenAt: fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
      set: unicode,
      engine: unicode,
      dump: unicode,
      compression: unicode,
      tool: fc.record({ name: unicode, version: unicode }, { noNullPrototype: true }),
      seq: fc.maxSafeNat(),
      prev: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(any, (metadata) => {
      expect(parsePublicMetadata(encodePublicMetadata(metadata))).toEqual(metadata);
    }),
  );
});

test("parseSealedMetadata() gives back what encodeSealedMetadata() wrote", () => {
  expect(parseSealedMetadata(encodeSealedMetadata(sealedMetadata))).toEqual(sealedMetadata);
});

test("encodeSealedMetadata() cuts what exceeds 16 KiB of arguments, and says so", () => {
  const args = Array.from({ length: 2000 }, (_, index) => `--table=t${index}`);
  const read = parseSealedMetadata(encodeSealedMetadata({ ...sealedMetadata, args }));
  expect(read.argsCut).toBeTrue();
  expect(read.args).toEqual(args.slice(0, read.args.length));
  expect(JSON.stringify(read.args).length).toBeWithin(16_000, 16_385 + 1);
});

test("encodeSealedMetadata() keeps what a restore leaves out, up to 32 KiB", () => {
  const skip = Array.from({ length: 4000 }, (_, index) => `2606 ${index}`);
  const read = parseSealedMetadata(encodeSealedMetadata({ ...sealedMetadata, skip }));
  expect(read.skip).toEqual(skip.slice(0, read.skip?.length));
  expect(JSON.stringify(read.skip).length).toBeWithin(32_000, 32_770);
  expect(parseSealedMetadata(encodeSealedMetadata(sealedMetadata)).skip).toBeUndefined();
});

test("encode…Metadata() refuse what no reader would take", () => {
  expect(() => encodePublicMetadata({ ...metadata, set: "s".repeat(16_384) })).toThrow(RangeError);
  expect(() => encodeSealedMetadata({ ...sealedMetadata, host: "h".repeat(65_536) })).toThrow(RangeError);
});

test.each([
  "",
  "[]",
  "null",
  "{}",
  `{"host":7}`,
  `{"host":"h","database":"d","server":"s","args":[1],"extensions":[]}`,
])("parseSealedMetadata() refuses %j", (text) => {
  expect(codeOfThrown(() => parseSealedMetadata(utf8(text)))).toBe("sealed-metadata");
});
