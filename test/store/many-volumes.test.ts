import { heapStats } from "bun:jsc";
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type Bytes, collect, streamOf } from "../../src/base/bytes.ts";
import { s3Options } from "../../src/store/s3.ts";
import { PartDigests } from "../../src/store/s3/part-digests.ts";
import { S3Store } from "../../src/store/s3/s3-store.ts";
import { findVolumes, volumeSource } from "../../src/store/volumes.ts";
import { startCountingStore, type CountingStore } from "../../scripts/services/counting-store.ts";
import { runProgram } from "../../scripts/services/service.ts";
import { failureOf, sample } from "../conformance/sample.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;

/** Parts of 8 MiB in 5 TiB. */
const PARTS = 655_360;

function open({ endpoint }: CountingStore, maxParts: number, partSize: number): Promise<S3Store> {
  const options = { bucket: "many", endpoint, accessKeyId: "key", secretAccessKey: "secret", maxParts };
  return S3Store.open(s3Options.parse(options), { partSize });
}

test("put() goes on in hundreds of volumes, which read back as one, more of them than one page lists", async () => {
  await using server = await startCountingStore();
  const store = await open(server, 2, 100);
  const bytes = sample(1_010 * 200 - 50);
  const sizes = await store.put("set/x.dbk", streamOf(bytes.slice()), { id: "1" }, never);
  expect(sizes).toEqual([...Array<number>(1_009).fill(200), 150]);
  expect(await server.tally()).toMatchObject({ parts: 2_020, volumes: 1_010, mostParts: 2, openUploads: 0 });
  expect(await findVolumes(store, "set/x.dbk", never)).toEqual(sizes);
  const source = volumeSource(store, "set/x.dbk", sizes);
  const back = await collect(await source.read(0, source.size, never), bytes.length);
  expect(Buffer.compare(back, bytes)).toBe(0);
});

test("put() that fails gives up all of its volumes", async () => {
  await using server = await startCountingStore({ keeps: false });
  const store = await open(server, 1, 100);
  let pieces = 0;
  const body = new ReadableStream<Bytes>({
    pull: (controller) => {
      if (pieces === 100) throw new Error("died");
      pieces += 1;
      controller.enqueue(sample(100));
    },
  });
  expect(await failureOf(store.put("set/x.dbk", body, { id: "1" }, never))).toMatchObject({
    message: "died",
  });
  const { parts, openUploads } = await server.tally();
  expect(parts).toBeGreaterThan(90);
  expect(openUploads).toBe(0);
});

test("put() keeps no more of a part than its digests", async () => {
  await using server = await startCountingStore({ keeps: false });
  const program = join(import.meta.dir, "..", "..", "scripts", "bench", "many-parts.ts");
  const told = await runProgram([process.execPath, program, server.endpoint, "6000", "16"]);
  // What is compiled meanwhile is counted, too: with more parts it is 55 bytes.
  expect(JSON.parse(told)).toMatchObject({ volumes: 6 });
  expect((JSON.parse(told) as { perPart: number }).perPart).toBeLessThan(250);
  expect(await server.tally()).toMatchObject({ parts: 6_000, volumes: 6, mostParts: 1_000, openUploads: 0 });
});

test("PartDigests of 5 TiB in volumes of 1,000 parts take 50 bytes for each part", () => {
  const [md5, sha256] = [sample(16), sample(32)];
  const before = heldBytes();
  const volumes = Array.from({ length: Math.ceil(PARTS / 1000) }, () => new PartDigests());
  const etag = `"${Buffer.from(md5).toString("hex")}"`;
  for (let part = 0; part < PARTS; part += 1)
    volumes[Math.floor(part / 1000)]?.record({ number: (part % 1000) + 1, md5, sha256, etag });
  expect((heldBytes() - before) / PARTS).toBeLessThan(51);
  expect(new TextDecoder().decode(volumes.at(-1)?.toXml(true))).toContain(`>${PARTS % 1000}</PartNumber>`);
});

function heldBytes(): number {
  Bun.gc(true);
  return heapStats().heapSize;
}
