import { expect, test } from "bun:test";
import { type Bytes, collect, concat, streamOf } from "../../src/base/bytes.ts";
import type { Manifest } from "../../src/catalog/manifest.ts";
import { envelopeKey } from "../../src/catalog/name.ts";
import {
  type Opener,
  type ReadingPlan,
  unsealSource,
  unsealStream,
  type Unsealed,
} from "../../src/job/open.ts";
import { seal } from "../../src/seal/seal.ts";
import type { Summary } from "../../src/seal/trailer.ts";
import { volumeSource } from "../../src/store/volumes.ts";
import { failureOf, sample } from "../conformance/sample.ts";
import { metadata, recipient, SEGMENT, sealedMetadata, signer, sourceOf, summaryOf } from "../seal/sample.ts";
import { OPENER } from "./plan.ts";
import { makeSite, never } from "./site.ts";

const PLAIN: ReadingPlan = { verifyFirst: false, decompressed: true };
const dump = sample(5 * SEGMENT + 100);

/** An envelope of `dump` whose trailer may lie about it. */
async function sealDump(lies: Partial<Summary> = {}, compression = "none"): Promise<Bytes> {
  await using sealing = await seal({
    metadata: { ...metadata, compression },
    sealedMetadata,
    signer,
    recipients: [recipient],
    segmentLog2: 12,
  });
  const envelope = sealing.envelope(streamOf(dump.slice()), Promise.resolve({ ...summaryOf(dump), ...lies }));
  return await collect(envelope, Infinity);
}

const ways = {
  "a source": (envelope: Bytes, opener = OPENER) =>
    unsealSource({ source: sourceOf(envelope), manifest: null, storedAt: null }, opener, never),
  "a stream": (envelope: Bytes, opener = OPENER) => unsealStream(streamOf(envelope), opener, never),
};

/** What comes out, and how it ends. */
async function read(unsealed: Unsealed, plan = PLAIN): Promise<{ released: Bytes; error: unknown }> {
  const released: Bytes[] = [];
  try {
    for await (const piece of await unsealed.read(plan, never)) released.push(piece);
    return { released: concat(...released), error: null };
  } catch (error) {
    return { released: concat(...released), error };
  }
}

function expectHeldBack({ released, error }: Awaited<ReturnType<typeof read>>): void {
  expect(error).toMatchObject({ kind: "damaged" });
  expect(released.length).toBeLessThan(dump.length);
  expect(Buffer.compare(released, dump.subarray(0, released.length))).toBe(0);
}

test.each(Object.entries(ways))("%s gives the dump", async (_, unseal) => {
  const { released, error } = await read(await unseal(await sealDump()));
  expect(error).toBeNull();
  expect(Buffer.compare(released, dump)).toBe(0);
});

test.each(Object.entries(ways))(
  "%s whose dump is not what the trailer says never gives all of it",
  async (_, unseal) => {
    const lies: Partial<Summary>[] = [
      { sourceDigest: new Uint8Array(32) },
      { sourceBytes: dump.length + 1 },
      { sourceBytes: dump.length - 1 },
      { sourceBytes: 0 },
    ];
    for (const lie of lies) expectHeldBack(await read(await unseal(await sealDump(lie))));
  },
);

test.each(Object.entries(ways))(
  "%s of an unknown compression only comes out as it was sealed",
  async (_, unseal) => {
    const envelope = await sealDump({}, "brotli");
    expect(await read(await unseal(envelope))).toMatchObject({ error: { kind: "damaged" } });
    const { released, error } = await read(await unseal(envelope), { ...PLAIN, decompressed: false });
    expect(error).toBeNull();
    expect(Buffer.compare(released, dump)).toBe(0);
  },
);

test.each(Object.entries(ways))("%s of an unknown signer waits for approval", async (_, unseal) => {
  const envelope = await sealDump();
  const asked: string[] = [];
  const approve: Opener["approve"] = async (header) => {
    asked.push(header.signerText);
  };
  expect(await failureOf(unseal(envelope, { ...OPENER, trusted: [] }))).toMatchObject({
    message: "nobody was asked",
  });
  expect(await read(await unseal(envelope, { ...OPENER, trusted: [], approve }))).toMatchObject({
    error: null,
  });
  expect(asked).toEqual([signer.text]);
});

test.each(Object.entries(ways))(
  "%s with another core than the one that is wanted is refused",
  async (_, unseal) => {
    const envelope = await sealDump();
    const expectCore = "0".repeat(64);
    expect(await failureOf(unseal(envelope, { ...OPENER, expectCore }))).toMatchObject({ kind: "damaged" });
  },
);

test.each(Object.entries(ways))(
  "%s of another set than the one that is wanted is refused",
  async (_, unseal) => {
    const envelope = await sealDump();
    const refused = unseal(envelope, { ...OPENER, expectSet: `${metadata.set}2` });
    expect(await failureOf(refused)).toMatchObject({ kind: "damaged" });
    expect(await read(await unseal(envelope, { ...OPENER, expectSet: metadata.set }))).toMatchObject({
      error: null,
    });
  },
);

test("an envelope that is not the manifest's is refused before it is opened", async () => {
  await using site = await makeSite();
  const { name, manifest } = await site.backUp();
  const source = volumeSource(site.store, envelopeKey(name), manifest.volumes);
  const unseal = (manifest: Manifest) => unsealSource({ source, manifest, storedAt: null }, OPENER, never);
  const other = sample(32).toHex();
  const lies: Partial<Manifest>[] = [
    { core: other },
    { header: other },
    { signer: sample(32).toBase64() },
    { headerBytes: manifest.headerBytes + 1 },
    { bytes: manifest.bytes + 1 },
  ];
  for (const lie of lies) {
    expect(await failureOf(unseal({ ...manifest, ...lie }))).toMatchObject({ kind: "damaged" });
  }
  for (const lie of [{ chain: other }, { segments: manifest.segments + 1 }]) {
    const { released, error } = await read(await unseal({ ...manifest, ...lie }));
    expect(error).toMatchObject({ kind: "damaged" });
    expect(released.length).toBeLessThan(manifest.dumpBytes);
  }
  const { released, error } = await read(await unseal(manifest));
  expect([error, released.length]).toEqual([null, manifest.dumpBytes]);
});

test("with verifyFirst nothing comes out of an envelope that is damaged at its end", async () => {
  const envelope = await sealDump();
  const at = envelope.length - 300;
  envelope[at] = (envelope[at] ?? 0) ^ 1;
  const unsealed = await ways["a source"](envelope);
  expect(await read(unsealed, { ...PLAIN, verifyFirst: true })).toMatchObject({
    released: new Uint8Array(0),
    error: { kind: "damaged" },
  });
});
