import { expect, test } from "bun:test";
import type { Bytes, ByteStream } from "../../src/base/bytes.ts";
import { guarded, type Wait, type Watchdog } from "../../src/job/watchdog.ts";
import { failureOf } from "../conformance/sample.ts";
import { never } from "./site.ts";

const DUMP: Wait = { kind: "tool", lacks: "The dump has brought nothing", hint: "is it locked?" };
const STORE: Wait = { kind: "store", lacks: "The store has taken nothing", hint: "look at it", so: "pity" };

const since = new Date("2026-11-22T02:00:00Z");

/** A limit of 200 ms on something that moves only when it says so. */
function limit(moved: () => number = () => 0) {
  return { limitMs: 200, graceMs: 50, moved, now: () => since };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(new Error("some words of a driver")), { once: true });
  return promise;
}

test("guarded() gives what the job gives, and aborts its signal afterwards", async () => {
  let inner: AbortSignal | undefined;
  const work = async (watchdog: Watchdog, signal: AbortSignal) => {
    watchdog.turnTo(DUMP);
    inner = signal;
    return 7;
  };
  expect(await guarded(limit(), never, work)).toBe(7);
  expect(inner?.aborted).toBe(true);
});

test("guarded() stops a job that stands still, and says what it waited for and since when", async () => {
  const failure = await failureOf(
    guarded(limit(), never, async (watchdog, signal) => {
      watchdog.turnTo(DUMP);
      watchdog.turnTo(STORE);
      await untilAborted(signal);
    }),
  );
  expect(failure).toMatchObject({
    kind: "store",
    message: "The store has taken nothing for 200 ms, since 2026-11-22T02:00:00.000Z; pity",
    hint: "look at it\nif it only needs longer: raise stallTimeout of this database",
  });
});

test("guarded() lets a job go on for as long as something moves", async () => {
  let bytes = 0;
  const work = async (watchdog: Watchdog, signal: AbortSignal) => {
    watchdog.turnTo(DUMP);
    for (let at = 0; at < 8 && !signal.aborted; at += 1) {
      await Bun.sleep(60);
      if (at % 2 === 0) bytes += 1;
      else watchdog.stir();
    }
    signal.throwIfAborted();
    return "whole";
  };
  expect(
    await guarded(
      limit(() => bytes),
      never,
      work,
    ),
  ).toBe("whole");
});

test("guarded() gives up a job that does not stop", async () => {
  const work = async (watchdog: Watchdog) => {
    watchdog.turnTo(DUMP);
    await new Promise(() => {});
  };
  expect(await failureOf(guarded(limit(), never, work))).toMatchObject({ kind: "tool" });
});

test("guarded() hands on an interrupt", async () => {
  const stop = new AbortController();
  const failed = failureOf(
    guarded(limit(), stop.signal, async (watchdog, signal) => {
      watchdog.turnTo(DUMP);
      await untilAborted(signal).catch(() => signal.throwIfAborted());
    }),
  );
  stop.abort(new Error("SIGTERM"));
  expect(await failed).toMatchObject({ message: "SIGTERM" });
});

test("watch() tells a source that brings nothing from a reader that takes nothing", async () => {
  const drip = (): ByteStream => new ReadableStream<Bytes>({ pull: (to) => to.enqueue(new Uint8Array(1)) });
  const silent: ByteStream = new ReadableStream<Bytes>();
  const read = (stream: ByteStream) =>
    failureOf(
      guarded(limit(), never, async (watchdog, signal) => {
        const reader = watchdog.watch(stream, DUMP, STORE).getReader();
        const piece = reader.read();
        if (stream !== silent) await piece;
        await untilAborted(signal);
      }),
    );
  expect(await read(silent)).toMatchObject({ kind: "tool" });
  expect(await read(drip())).toMatchObject({ kind: "store" });
});
