import { expect, test } from "bun:test";
import { scoped } from "../../src/job/scope.ts";
import { never } from "./site.ts";

test("scoped() aborts what was begun when the work is over, and not before", async () => {
  let seen: AbortSignal | undefined;
  const result = await scoped(never, async (signal) => {
    seen = signal;
    await Bun.sleep(1);
    return signal.aborted;
  });
  expect([result, seen?.aborted]).toEqual([false, true]);
});

test("scoped() aborts it when the work fails, and passes the failure on", async () => {
  let seen: AbortSignal | undefined;
  const failing = scoped(never, async (signal) => {
    seen = signal;
    throw new Error("no");
  });
  expect(failing).rejects.toThrow("no");
  await failing.catch(() => {});
  expect(seen?.aborted).toBe(true);
});

test("scoped() passes an abort from outside on, with its reason", async () => {
  const outer = new AbortController();
  const waiting = scoped(outer.signal, async (signal) => {
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => reject(signal.reason));
    return await promise;
  });
  const reason = new Error("stop");
  outer.abort(reason);
  expect(await waiting.catch((error: unknown) => error)).toBe(reason);
});
