import { describe, expect, test } from "bun:test";
import fc from "fast-check";

import { collect, concat, streamOf, type Bytes, type ByteStream } from "../../src/base/bytes.ts";
import { compress, compressionOption, decompress, type Codec } from "../../src/compress/codec.ts";
import { failureOf } from "../conformance/sample.ts";

const MIB = 1024 * 1024;
const LIMIT = 64 * MIB;
const ZSTD: Codec = { name: "zstd", level: 1 };

/** Bytes that compress to about half, the same for the same seed. */
function sample(length: number, seed = 1): Bytes {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = (state >>> 16) & 15;
  }
  return bytes;
}

function cut(bytes: Bytes, size: number): ByteStream {
  const pieces: Bytes[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
  return streamOf(...pieces);
}

function pack(bytes: Bytes, codec: Codec, size: number): Promise<Bytes> {
  return collect(cut(bytes, size).pipeThrough(compress(codec)), LIMIT);
}

function unpack(bytes: Bytes, compression: "none" | "zstd" | "gzip", size = 65_536): Promise<Bytes> {
  return collect(cut(bytes, size).pipeThrough(decompress(compression)), LIMIT);
}

const damaged = { name: "DbackedError", kind: "damaged" };

describe("compress()", () => {
  test.each([0, 1, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 11 * MIB + 5])(
    "makes what decompress() undoes when there are %d bytes",
    async (length) => {
      const bytes = sample(length);
      const packed = await pack(bytes, ZSTD, 100_003);
      expect(await unpack(packed, "zstd")).toEqual(bytes);
    },
  );

  test("makes what decompress() undoes whatever the pieces are", async () => {
    const codec = fc.constantFrom<Codec>(ZSTD, { name: "zstd", level: 3 }, { name: "none" });
    const bytes = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 50 }), codec, async (bytes, size, codec) => {
        const packed = await pack(new Uint8Array(bytes), codec, size);
        expect(await unpack(packed, codec.name, size)).toEqual(new Uint8Array(bytes));
      }),
    );
  });

  test("writes nothing when nothing comes in", async () => {
    expect(await pack(new Uint8Array(0), ZSTD, 1)).toHaveLength(0);
  });

  test("writes one valid stream for the zstd command", async () => {
    const bytes = sample(9 * MIB);
    const packed = await pack(bytes, { name: "zstd", level: 3 }, MIB);
    const zstd = Bun.spawn(["zstd", "-dc"], { stdin: packed, stdout: "pipe" });
    expect(new Uint8Array(await new Response(zstd.stdout).arrayBuffer())).toEqual(bytes);
    expect(await zstd.exited).toBe(0);
  });

  test("stops its source when its reader cancels", async () => {
    const source = endless();
    const reader = source.body.pipeThrough(compress(ZSTD)).getReader();
    await reader.read();
    await reader.cancel("enough");
    await source.cancelled;
    const taken = source.taken();
    await Bun.sleep(20);
    expect(source.taken()).toBe(taken);
  });

  test("reads ahead no further than a few frames when nobody reads", async () => {
    const source = endless();
    const reader = source.body.pipeThrough(compress(ZSTD)).getReader();
    await reader.read();
    await Bun.sleep(50);
    expect(source.taken()).toBeLessThanOrEqual(14 * MIB);
    await reader.cancel();
  });

  test("fails with the error of its source", async () => {
    const failing = streamOf(sample(3 * MIB)).pipeThrough(failAtEnd(new Error("dump failed")));
    expect(await failureOf(collect(failing.pipeThrough(compress(ZSTD)), LIMIT))).toMatchObject({
      message: "dump failed",
    });
  });
});

describe("decompress()", () => {
  test("refuses a stream of zstd frames that is cut inside a frame", async () => {
    const packed = await pack(sample(5 * MIB), ZSTD, MIB);
    for (const missing of [1, 5, 1000, packed.length - 4])
      expect(await failureOf(unpack(packed.slice(0, -missing), "zstd"))).toMatchObject(damaged);
  });

  test.each(["zstd", "gzip"] as const)("refuses what is not %s", async (compression) => {
    expect(await failureOf(unpack(sample(1000), compression))).toMatchObject(damaged);
  });

  test("reads several gzip members, and refuses what follows them", async () => {
    const [one, two] = [sample(1000, 2), sample(2 * MIB, 3)];
    const members = concat(Bun.gzipSync(one), Bun.gzipSync(two));
    expect(await unpack(members, "gzip")).toEqual(concat(one, two));
    expect(await unpack(members, "gzip", 7)).toEqual(concat(one, two));
    expect(await failureOf(unpack(concat(members, sample(9)), "gzip"))).toMatchObject(damaged);
    expect(await failureOf(unpack(members.slice(0, -3), "gzip"))).toMatchObject(damaged);
  });

  test.each(["none", "zstd", "gzip"] as const)("gives nothing for nothing (%s)", async (compression) => {
    expect(await unpack(new Uint8Array(0), compression)).toHaveLength(0);
  });

  test.each(["none", "zstd", "gzip"] as const)(
    "fails with the error of its source (%s)",
    async (compression) => {
      const packed = { none: sample, zstd: Bun.zstdCompressSync, gzip: Bun.gzipSync };
      const bytes = compression === "none" ? sample(9) : new Uint8Array(packed[compression](sample(MIB)));
      const failing = streamOf(bytes.slice(0, -1)).pipeThrough(failAtEnd(new Error("link is down")));
      expect(await failureOf(collect(failing.pipeThrough(decompress(compression)), LIMIT))).toMatchObject({
        message: "link is down",
      });
    },
  );

  test("stops its source when its reader cancels, even if the source is idle", async () => {
    const packed = new Uint8Array(Bun.zstdCompressSync(sample(1000)));
    const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
    const idle = new ReadableStream<Bytes>({ start: (to) => to.enqueue(packed), cancel: resolve });
    const reader = idle.pipeThrough(decompress("zstd")).getReader();
    await reader.read();
    await reader.cancel("enough");
    expect(await cancelled).toBe("enough");
  });

  test("holds a bomb down when its reader is slow", async () => {
    const bomb = new Uint8Array(await Bun.zstdCompress(new Uint8Array(256 * MIB)));
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    const reader = streamOf(bomb).pipeThrough(decompress("zstd")).getReader();
    for (let reads = 0; reads < 20; reads += 1) {
      await reader.read();
      await Bun.sleep(5);
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MIB);
    await reader.cancel();
  });
});

describe("compressionOption", () => {
  test("is zstd at level 3 when nothing is said", () => {
    expect(compressionOption.parse(undefined)).toEqual({ name: "zstd", level: 3 });
  });

  test("takes levels and none, and says so when it is something else", () => {
    expect(compressionOption.parse(19)).toEqual({ name: "zstd", level: 19 });
    expect(compressionOption.parse("none")).toEqual({ name: "none" });
    for (const value of [0, 20, 1.5, "zstd", null])
      expect(compressionOption.safeParse(value).error?.issues[0]?.message).toContain(
        "from 1 (fast) to 19 (small)",
      );
  });
});

function endless(): { body: ByteStream; cancelled: Promise<void>; taken(): number } {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const piece = sample(MIB);
  let taken = 0;
  const body = new ReadableStream<Bytes>(
    {
      pull(controller) {
        taken += piece.length;
        controller.enqueue(piece.slice());
      },
      cancel: () => resolve(),
    },
    { highWaterMark: 0 },
  );
  return { body, cancelled, taken: () => taken };
}

/** Passes everything on, and then fails instead of ending. */
function failAtEnd(error: Error): TransformStream<Bytes, Bytes> {
  return new TransformStream({
    flush() {
      throw error;
    },
  });
}
