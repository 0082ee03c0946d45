import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Bytes, type ByteStream, collect, concat, release, streamOf } from "../../src/base/bytes.ts";
import { Tee } from "../../src/job/tee.ts";
import { failureOf } from "../conformance/sample.ts";
import { never } from "./site.ts";

const MIB = 1024 * 1024;

/** Reads at its own pace, and detaches each piece as a store does. */
async function readSlowly(stream: ByteStream, ms: number, most = Infinity): Promise<Bytes> {
  const pieces: Bytes[] = [];
  for await (const piece of stream) {
    pieces.push(piece.slice());
    release(piece);
    if (pieces.length >= most) break;
    if (ms > 0) await Bun.sleep(ms);
  }
  return concat(...pieces);
}

test("Tee gives every reader the same bytes, whatever their paces", async () => {
  const bytes = fc.uint8Array({ maxLength: 9000 });
  const paces = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { maxLength: 8 }), paces, async (pieces, paces) => {
      const whole = concat(...pieces);
      const tee = new Tee(streamOf(...pieces.map((piece) => piece.slice())), paces.length);
      const read = await Promise.all(paces.map((pace) => readSlowly(tee.take(never), pace)));
      for (const each of read) expect(each).toEqual(whole);
      expect(tee.failure).toBeNull();
    }),
    { numRuns: 50 },
  );
});

test("Tee goes on for the others when readers leave, until the last one has left", async () => {
  const leaving = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(leaving, async (leaving) => {
      const given = Array.from({ length: 12 }, (_, at) => new Uint8Array([at]));
      const tee = new Tee(streamOf(...given), leaving.length + 1);
      const [whole, ...parts] = await Promise.all([
        collect(tee.take(never), 100),
        ...leaving.map((most) => readSlowly(tee.take(never), 0, most)),
      ]);
      expect(whole).toEqual(concat(...given));
      expect(parts.map(({ length }) => length)).toEqual(leaving);
    }),
    { numRuns: 50 },
  );
});

test("Tee cancels its stream when the last reader has left", async () => {
  const cancelled: unknown[] = [];
  const source: ByteStream = new ReadableStream<Bytes>({
    pull: (to) => to.enqueue(new Uint8Array(1)),
    cancel: (reason) => void cancelled.push(reason),
  });
  const tee = new Tee(source, 2);
  const [one, other] = [tee.take(never), tee.take(never)];
  await one.cancel("first");
  expect(cancelled).toEqual([]);
  await other.cancel("last");
  expect(cancelled).toEqual(["last"]);
});

test("Tee fails every reader when its stream fails, and says how", async () => {
  const error = new Error("pg_dump exited with code 1");
  let left = 3;
  const source: ByteStream = new ReadableStream<Bytes>({
    pull: (to) => (left-- > 0 ? to.enqueue(new Uint8Array(10)) : to.error(error)),
  });
  const tee = new Tee(source, 2);
  const read = [readSlowly(tee.take(never), 0), readSlowly(tee.take(never), 1)].map(failureOf);
  expect(await Promise.all(read)).toEqual([error, error]);
  expect(tee.failure).toEqual({ error });
});

test("Tee goes on without a reader that takes nothing any more, once its signal says so", async () => {
  const stop = new AbortController();
  const tee = new Tee(streamOf(...Array.from({ length: 5 }, () => new Uint8Array(7))), 2);
  const stalled = tee.take(stop.signal).getReader();
  const whole = collect(tee.take(never), 100);
  await stalled.read();
  const reason = new Error("it has stood still");
  stop.abort(reason);
  expect((await whole).length).toBe(35);
  expect(await failureOf(stalled.read())).toBe(reason);
});

test("Tee reads no piece before every reader wants one", async () => {
  let made = 0;
  const source: ByteStream = new ReadableStream<Bytes>(
    { pull: (to) => (made++ < 20 ? to.enqueue(new Uint8Array(MIB)) : to.close()) },
    { highWaterMark: 0 },
  );
  const tee = new Tee(source, 2);
  const slow = tee.take(never).getReader();
  const fast = readSlowly(tee.take(never), 0);
  await slow.read();
  await Bun.sleep(20);
  expect(made).toBe(1);
  await slow.cancel();
  expect((await fast).length).toBe(20 * MIB);
});
