import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readdir, readlink, rm } from "node:fs/promises";
import { join } from "node:path";

import { collect, concat, streamOf } from "../../src/base/bytes.ts";
import { FolderStore } from "../../src/store/folder.ts";
import { volumeKey } from "../../src/store/key.ts";
import type { Store } from "../../src/store/store.ts";
import { findVolumes, volumeSource } from "../../src/store/volumes.ts";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { failureOf, sample } from "../conformance/sample.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket } from "./bucket.ts";

const never = new AbortController().signal;
const MIB = 1024 * 1024;

async function fill(store: Store, key: string, sizes: readonly number[]): Promise<Uint8Array> {
  const pieces = sizes.map((size, number) => sample(size, number + 1));
  for (const [number, piece] of pieces.entries()) await store.create(volumeKey(key, number), piece, never);
  return concat(...pieces);
}

/** How many files of a folder this process holds open. */
async function countOpen(folder: string): Promise<number> {
  const numbers = await readdir("/proc/self/fd");
  const paths = await Promise.all(numbers.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => "")));
  return paths.filter((each) => each.startsWith(folder)).length;
}

describe("volumeSource()", () => {
  test("reads every range of every cut", async () => {
    await using folder = await temporaryFolder("volumes");
    const store = new FolderStore(folder);
    let run = 0;
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.nat(200), fc.nat(200), async (sizes, one, other) => {
        const key = `x${(run += 1)}.dbk`;
        const all = await fill(store, key, sizes);
        const source = volumeSource(store, key, sizes);
        const [start, end] = [Math.min(one, other, all.length), Math.min(Math.max(one, other), all.length)];
        expect(source.size).toBe(all.length);
        expect(await collect(await source.read(start, end, never), 200)).toEqual(all.slice(start, end));
      }),
      { numRuns: 50 },
    );
  });

  test("leaves no volume open when it is given up, wherever its reader is", async () => {
    await using folder = await temporaryFolder("volumes");
    const store = new FolderStore(folder);
    // More than is read at once, so that a volume is closed neither by its end nor by chance.
    const sizes = [3 * MIB, 3 * MIB, 3 * MIB];
    await fill(store, "x.dbk", sizes);
    for (const read of [0, 1, 2, 3, 4]) {
      const reader = (await volumeSource(store, "x.dbk", sizes).read(0, 9 * MIB, never)).getReader();
      for (let piece = 0; piece < read; piece += 1) await reader.read();
      const pending = reader.read();
      await reader.cancel();
      await pending;
      expect(await countOpen(folder.path)).toBe(0);
    }
  });

  test("fails if a volume is missing, or shorter than it was", async () => {
    await using folder = await temporaryFolder("volumes");
    const store = new FolderStore(folder);
    await fill(store, "x.dbk", [10, 10]);
    const longer = volumeSource(store, "x.dbk", [10, 20]);
    expect(await failureOf(longer.read(0, 30, never).then((all) => collect(all, 99)))).toMatchObject({
      kind: "damaged",
    });
    expect(await failureOf(longer.read(0, 31, never))).toMatchObject({ kind: "damaged" });
    await rm(join(folder.path, "x.dbk.0001"));
    const gone = volumeSource(store, "x.dbk", [10, 10]).read(5, 15, never);
    expect(await failureOf(gone.then((all) => collect(all, 99)))).toHaveProperty(
      "constructor.name",
      "NotFound",
    );
  });
});

test("findVolumes() takes consecutive numbers", async () => {
  await using folder = await temporaryFolder("volumes");
  const store = new FolderStore(folder);
  await fill(store, "x.dbk", [10, 20, 30]);
  await store.create("x.dbk.0004", sample(5), never);
  await store.create("x.dbk.keys-1", sample(5), never);
  expect(await findVolumes(store, "x.dbk", never)).toEqual([10, 20, 30]);
  expect(await failureOf(findVolumes(store, "y.dbk", never))).toHaveProperty("constructor.name", "NotFound");
});

test.each([
  ["SeaweedFS", sharedSeaweed],
  ["Ceph RGW", sharedRgw],
])("put() goes on in volumes when an upload is full (%s)", async (_name, server) => {
  const bucket = await makeBucket(await server());
  const store = await bucket.open({ maxParts: 2 }, { partSize: 5 * MIB });
  const bytes = sample(27 * MIB + 1);
  const sizes = await store.put("set/x.dbk", streamOf(bytes.slice()), { id: "1" }, never);
  expect(sizes).toEqual([10 * MIB, 10 * MIB, 7 * MIB + 1]);
  expect(await findVolumes(store, "set/x.dbk", never)).toEqual(sizes);
  const source = volumeSource(store, "set/x.dbk", sizes);
  const back = await collect(await source.read(0, source.size, never), bytes.length);
  expect(Bun.SHA256.hash(back)).toEqual(Bun.SHA256.hash(bytes));
  const middle = await collect(await source.read(10 * MIB - 5, 20 * MIB + 5, never), bytes.length);
  expect(Buffer.compare(middle, bytes.slice(10 * MIB - 5, 20 * MIB + 5))).toBe(0);

  const even = await store.put("set/y.dbk", streamOf(bytes.slice(0, 20 * MIB)), { id: "2" }, never);
  expect(even).toEqual([10 * MIB, 10 * MIB]);
  const failing = streamOf(bytes.slice()).pipeThrough(
    new TransformStream({
      flush: () => {
        throw new Error("died");
      },
    }),
  );
  expect(await failureOf(store.put("set/z.dbk", failing, { id: "3" }, never))).toMatchObject({
    message: "died",
  });
  expect((await store.list("set/z", never)).objects).toEqual([]);
  expect(await bucket.openUploads()).toEqual([]);
});
