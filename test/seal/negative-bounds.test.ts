import { describe, expect, test } from "bun:test";
import { type Bytes, type ByteStream, streamOf } from "../../src/base/bytes.ts";
import { reasonOf } from "../../src/base/error.ts";
import { readHeader } from "../../src/seal/header.ts";
import { checkTrailer, openStream } from "../../src/seal/open.ts";
import { Chain, nonceOf } from "../../src/seal/segment.ts";
import { unlockForged } from "./body.ts";
import { large, PAYLOAD, SHORT } from "./fault.ts";
import { derive, forge, gcmSeal, nonceOf as forgedNonce, summaryOf, type Design } from "./forge.ts";
import { codeOf } from "./refused.ts";
import { NEVER } from "./sample.ts";
import { design, SEGMENT } from "./specimen.ts";

const MAX_SEGMENTS = 2 ** 32 - 1;
const MAX_BYTES = 2 ** 46;

/** A stream that counts what is taken from it, and tells whether it was given up. */
function counted(pieces: Iterable<Bytes>): {
  stream: ByteStream;
  taken: () => number;
  isCancelled: () => boolean;
} {
  const iterator = pieces[Symbol.iterator]();
  let [taken, isCancelled] = [0, false];
  const stream = new ReadableStream<Bytes>(
    {
      pull(controller) {
        const next = iterator.next();
        if (next.done) return controller.close();
        taken += next.value.length;
        controller.enqueue(next.value);
      },
      cancel: () => void (isCancelled = true),
    },
    { highWaterMark: 0 },
  );
  return { stream, taken: () => taken, isCancelled: () => isCancelled };
}

async function reasonWhy(promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => "no error", reasonOf);
}

/** `start`, and then zeros without an end, in pieces of `size` bytes. */
function* endless(start: Uint8Array, size: number): Generator<Bytes> {
  for (let at = 0; at < start.length; at += size) yield new Uint8Array(start.subarray(at, at + size));
  for (;;) yield new Uint8Array(size);
}

describe("counters", () => {
  test.each([
    [0, false, "000000000000000000000000"],
    [1, false, "000000000000000000000100"],
    [255, true, "00000000000000000000ff01".padStart(24, "0")],
    [2 ** 32 - 1, false, "000000 00000000ffffffff 00"],
    [2 ** 32, true, "000000 0000000100000000 01"],
    [2 ** 53 - 1, false, "000000 001fffffffffffff 00"],
  ])("nonceOf() writes %d, last: %p, as %s", (index, last, hex) => {
    expect(nonceOf(index, last).toHex()).toBe(hex.replaceAll(" ", ""));
  });

  test("a writer begins no segment of index 2^32 - 1, and no byte beyond 2^46", () => {
    const coreHash = new Uint8Array(32);
    expect(new Chain(coreHash, MAX_SEGMENTS - 1).begin(1)).toBe(MAX_SEGMENTS - 1);
    expect(() => new Chain(coreHash, MAX_SEGMENTS).begin(1)).toThrow("64 TiB");
    expect(new Chain(coreHash, 0, MAX_BYTES - 1).begin(1)).toBe(0);
    expect(() => new Chain(coreHash, 0, MAX_BYTES).begin(1)).toThrow("64 TiB");
  });
});

describe("the end of a source of any size", () => {
  /** A source of zeros, `segments` long, that ends with a right trailer. It refuses every range but that one. */
  async function check(changes: Partial<Design>, segments: number, lastBytes: number) {
    const chosen = design(changes, SHORT);
    const forged = forge(chosen);
    const { coreHash, header } = forged;
    const subject = await unlockForged(forged, SHORT);
    const step = 2 ** chosen.segmentLog2 + 16;
    const size = header.length + (segments - 1) * step + lastBytes + 16 + 216;
    const fixed = Buffer.alloc(56);
    fixed.write("DBKEND\x02\x0a", "latin1");
    fixed.writeBigUInt64BE(BigInt(segments), 8);
    fixed.writeBigUInt64BE(BigInt((segments - 1) * 2 ** chosen.segmentLog2 + lastBytes), 16);
    const key = derive(chosen, "payload", coreHash);
    const signed = Buffer.concat([
      fixed,
      gcmSeal(key, forgedNonce(BigInt(segments), 1), summaryOf(SHORT), fixed),
    ]);
    const signature = chosen.signer.sign(
      Buffer.concat([Buffer.from("dbacked.v2 final-sig\0"), coreHash, signed]),
    );
    const ranges: number[][] = [];
    const read = (start: number, end: number) => {
      ranges.push([start - size, end - size]);
      return Promise.resolve(streamOf(new Uint8Array(Buffer.concat([signed, signature]))));
    };
    const { trailer } = await checkTrailer({ size, read }, subject.unlocked, NEVER);
    expect(ranges).toEqual([[-216, 0]]);
    return { segments: trailer.segments, plaintextBytes: trailer.plaintextBytes };
  }

  test.each([
    ["of 4 GiB and a byte", {}, 2 ** 20 + 1, 1],
    ["of 1 TiB", { segmentLog2: 20 }, 2 ** 20, 2 ** 20],
    ["of 2^32 - 1 segments", {}, MAX_SEGMENTS, SEGMENT],
    ["of 2^46 bytes", { segmentLog2: 24 }, 2 ** 22, 2 ** 24],
  ])("is found and verified, %s", async (_, changes, segments, lastBytes) => {
    const plaintextBytes = (segments - 1) * 2 ** ((changes as Partial<Design>).segmentLog2 ?? 12) + lastBytes;
    expect(await check(changes, segments, lastBytes)).toEqual({ segments, plaintextBytes });
  });

  test.each([
    ["2^32 segments", {}, MAX_SEGMENTS + 1, SEGMENT],
    ["2^46 + 1 bytes", { segmentLog2: 24 }, 2 ** 22 + 1, 1],
  ])("is refused with %s, under right signatures", async (_, changes, segments, lastBytes) => {
    expect(await codeOf(check(changes, segments, lastBytes))).toBe("too-long");
  });
});

describe("what is read before a refusal", () => {
  test.each([
    ["a core of 4 GiB", { coreLength: 0xffff_ffff }, "core-length"],
    ["public metadata of 4 GiB", { publicLength: 0xffff_ffff }, "metadata-length"],
    ["sealed metadata of 4 GiB", { sealedLength: 0xffff_ffff }, "metadata-length"],
    ["a newer version", { major: 3 }, "version"],
  ])("of %s is the fixed part", async (_, changes, code) => {
    const source = counted(endless(forge(design(changes, SHORT)).bytes, 1));
    expect<string>(await codeOf(readHeader(source.stream))).toBe(code);
    expect(source.taken()).toBeLessThanOrEqual(120);
    expect(source.isCancelled()).toBe(true);
  });

  test("of a stream of zeros behind a right core is a list of recipients", async () => {
    const { core } = large();
    const source = counted(endless(core, 100));
    expect(await codeOf(readHeader(source.stream))).toBe("recipients");
    expect(source.taken()).toBeLessThanOrEqual(core.length + 200);
  });

  test("of the longest header there can be is that header", async () => {
    const entry = Buffer.concat([Buffer.from("80002000", "hex"), Buffer.alloc(32 + 8192)]);
    const recipients = Buffer.concat([
      Buffer.from("0040", "hex"),
      ...Array.from({ length: 64 }, () => entry),
    ]);
    const { bytes, header } = forge(design({ recipients, headerSignature: Buffer.alloc(64, 1) }, SHORT));
    const source = counted(endless(bytes, 4096));
    expect(await codeOf(readHeader(source.stream))).toBe("header-signature");
    expect(source.taken()).toBeLessThanOrEqual(header.length + 4096);
  });

  test("of a body without an end is a few segments", async () => {
    const good = large();
    const { unlocked } = await unlockForged(good, PAYLOAD);
    const source = counted(endless(good.segments[0] ?? Buffer.alloc(0), 1000));
    const opened = openStream(source.stream, unlocked, NEVER);
    const reader = opened.bytes.getReader();
    expect((await reader.read()).value).toHaveLength(SEGMENT);
    expect(await codeOf(reader.read())).toBe("segment");
    expect(await codeOf(opened.ended)).toBe("segment");
    expect(source.taken()).toBeLessThan(8 * SEGMENT);
    expect(source.isCancelled()).toBe(true);
  });
});

describe("a source that fails", () => {
  test.each([1, 3000, 5000, 8000, 8500])(
    "after %d bytes fails the stream with its own error",
    async (length) => {
      const good = large();
      const { unlocked, body } = await unlockForged(good, PAYLOAD);
      function* failing(): Generator<Bytes> {
        yield body.slice(0, length);
        throw new Error("connection reset");
      }
      const opened = openStream(counted(failing()).stream, unlocked, NEVER);
      const drain = async () => {
        for await (const piece of opened.bytes) expect(piece).toHaveLength(SEGMENT);
      };
      expect(await reasonWhy(drain())).toBe("connection reset");
      expect(await reasonWhy(opened.ended)).toBe("connection reset");
    },
  );

  test("by being aborted gives nothing more out, and gives the source up", async () => {
    const good = large();
    const { unlocked, body } = await unlockForged(good, PAYLOAD);
    const abort = new AbortController();
    const source = counted(endless(body.subarray(0, 4112), 500));
    const reader = openStream(source.stream, unlocked, abort.signal).bytes.getReader();
    abort.abort(new Error("enough"));
    expect(await reasonWhy(reader.read())).toBe("enough");
    expect(source.isCancelled()).toBe(true);
  });
});
