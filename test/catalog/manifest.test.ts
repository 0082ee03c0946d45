import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Bytes, utf8 } from "../../src/base/bytes.ts";
import { encodeManifest, type Manifest, parseManifest, parseSealedPart } from "../../src/catalog/manifest.ts";
import { nameBackup } from "../../src/catalog/name.ts";
import { failureOf } from "../conformance/sample.ts";

const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const count = fc.nat();
const moments = fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true });
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((each) => each.toBase64());

const manifests: fc.Arbitrary<Manifest> = fc
  .record({
    schema: fc.constant(1 as const),
    backup: hex(32),
    core: hex(64),
    signer: bytes(32),
    headerBytes: count,
    header: hex(64),
    set: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/),
    engine: fc.string(),
    takenAt: moments.map((each) => each.toISOString()),
    finishedAt: moments.map((each) => each.toISOString()),
    dump: fc.string(),
    compression: fc.string(),
    tool: fc.record({ name: fc.string(), version: fc.string() }),
    volumes: fc.array(count, { minLength: 1 }),
    segments: count,
    chain: hex(64),
    dumpBytes: count,
    tables: fc.option(count),
    rows: fc.option(count),
    complete: fc.boolean(),
    narrowed: fc.array(fc.string()),
    // The first manifests did not have it.
    gaps: fc.option(fc.record({ count, kinds: fc.array(fc.string()) }), { nil: undefined }),
    consistent: fc.constantFrom("snapshot" as const, "locked" as const, "no" as const),
    seq: count,
    prev: fc.option(hex(64)),
    recipients: fc.array(hex(64), { minLength: 1 }),
    version: fc.string(),
    sealed: bytes(60),
  })
  .map((rest) => Object.assign(rest, { bytes: rest.volumes.reduce((sum, each) => sum + each, 0) }));

function nameOf({ set, takenAt, backup }: Manifest) {
  return nameBackup(set, new Date(takenAt), backup);
}

const [sample] = fc.sample(manifests, { numRuns: 1, seed: 1 }) as [Manifest];

async function refusalOf(payload: Bytes, name = nameOf(sample)): Promise<unknown> {
  return await failureOf((async () => parseManifest(payload, name))());
}

const DAMAGED = { name: "DbackedError", kind: "damaged" };

test("parseManifest() undoes encodeManifest()", () => {
  fc.assert(
    fc.property(manifests, (manifest) => {
      expect(parseManifest(encodeManifest(manifest), nameOf(manifest))).toEqual(manifest);
    }),
  );
});

test("parseManifest() leaves out what a later version adds", () => {
  const later = { ...sample, colour: "red", tool: { ...sample.tool, build: 7 } };
  expect(parseManifest(encodeManifest(later), nameOf(sample))).toEqual(sample);
});

const required = Object.keys(sample).filter((key) => key !== "gaps");

test.each(required)("parseManifest() refuses a manifest without %s", async (key) => {
  const { [key as keyof Manifest]: _, ...rest } = sample;
  expect(await refusalOf(utf8(JSON.stringify(rest)))).toMatchObject(DAMAGED);
});

test.each<[string, Partial<Record<keyof Manifest, unknown>>, RegExp]>([
  ["of another schema", { schema: 2 }, /schema/],
  ["of another backup", { backup: "f".repeat(32) }, /of backup ffff/],
  ["of another set", { set: "other" }, /of the set "other"/],
  ["of another moment", { takenAt: "2001-01-01T00:00:00.000Z" }, /taken at 2001/],
  ["whose volumes are not its bytes", { volumes: [1], bytes: 2 }, /volumes hold 1 bytes, not 2/],
  ["without volumes", { volumes: [], bytes: 0 }, /volumes/],
  ["with negative sizes", { volumes: [-1, 2], bytes: 1 }, /volumes/],
  ["with half bytes", { volumes: [1.5], bytes: 1.5 }, /volumes/],
  ["with unsafe numbers", { segments: 2 ** 53 }, /segments/],
  ["of local time", { takenAt: "2026-11-22T02:00:00.000+01:00" }, /takenAt/],
  ["of a day that does not exist", { takenAt: "2026-02-30T02:00:00.000Z" }, /takenAt/],
  ["with a digest in capitals", { chain: "A".repeat(64) }, /chain/],
  ["without recipients", { recipients: [] }, /recipients/],
])("parseManifest() refuses one %s", async (_, change, says) => {
  const refusal = await refusalOf(utf8(JSON.stringify({ ...sample, ...change })));
  expect(refusal).toMatchObject({ ...DAMAGED, message: expect.stringMatching(says) });
});

test("parseManifest() refuses what is no JSON object in UTF-8, and never with another error", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), async (payload) => {
      expect(await refusalOf(new Uint8Array(payload))).toMatchObject(DAMAGED);
    }),
  );
});

const PART = { tables: [], narrowed: [], logPosition: null, gaps: [], stderrTail: "" };

test("parseSealedPart() takes what manifests have sealed since the first version", () => {
  const gap = { object: "table a", why: "the role may not read it" };
  expect(parseSealedPart({ ...PART, gaps: [gap], later: 1 }, nameOf(sample))).toEqual({
    ...PART,
    gaps: [gap],
  });
});

test.each([null, {}, { ...PART, tables: [{ table: "a", rows: -1, kind: "exact" }] }])(
  "parseSealedPart() refuses %j",
  async (part) => {
    const refused = (async () => parseSealedPart(part, nameOf(sample)))();
    expect(await failureOf(refused)).toMatchObject(DAMAGED);
  },
);
