import { expect, test } from "bun:test";
import { waitUntil } from "../../scripts/services/service.ts";
import { type Charge, Loop, type View } from "../../src/agent/loop.ts";
import { parseSchedule } from "../../src/schedule/schedule.ts";

const HOUR_MS = 3_600_000;

async function charges(...names: string[]): Promise<Charge[]> {
  const schedule = await parseSchedule("6h", { zone: "UTC", delayMs: 0 });
  return names.map((name) => ({ name, schedule }));
}

/** A loop whose backups take 50 ms, and what it did. */
function watched(now: () => Date = () => new Date()) {
  const looks: string[] = [];
  const seen = { now: 0, most: 0 };
  const loop = new Loop(
    async ({ name }) => {
      looks.push(name);
      seen.now += 1;
      seen.most = Math.max(seen.most, seen.now);
      await Bun.sleep(50);
      seen.now -= 1;
      return name === "bad" ? "failed" : { newest: now() };
    },
    { now, napMs: 300 },
  );
  return { loop, looks, seen };
}

test("a loop tells each time it comes round what it is at, and what is next", async () => {
  const stop = new AbortController();
  const views: View[] = [];
  const beat = (view: View) => views.push(view);
  const tend = async () => {
    await Bun.sleep(50);
    return { newest: new Date() };
  };
  const loop = new Loop(tend, { napMs: 20, beat });
  loop.follow(await charges("a"));
  const running = loop.run(stop.signal);
  await waitUntil(() => views.length >= 8, { what: "the beats" });
  stop.abort();
  await running;
  expect(views[0]).toEqual({ running: ["a"], next: null });
  expect(views.at(-1)).toEqual({ running: [], next: { name: "a", at: expect.any(Date) } });
});

test("a loop looks after everything once, two at a time, and then waits", async () => {
  const stop = new AbortController();
  const { loop, looks, seen } = watched();
  loop.follow(await charges("a", "b", "bad", "c", "d"));
  const running = loop.run(stop.signal);
  await waitUntil(() => looks.length === 5, { what: "the looks" });
  stop.abort();
  await running;
  expect(looks.toSorted()).toEqual(["a", "b", "bad", "c", "d"]);
  expect(seen).toEqual({ now: 0, most: 2 });
});

test("a loop that is stopped starts nothing more, and waits for what runs", async () => {
  const stop = new AbortController();
  const { loop, looks, seen } = watched();
  loop.follow(await charges("a", "b", "c"));
  const running = loop.run(stop.signal);
  await Bun.sleep(10);
  stop.abort();
  await running;
  expect(looks).toEqual(["a", "b"]);
  expect(seen.now).toBe(0);
});

test("a loop looks at everything again when it is given other charges", async () => {
  const stop = new AbortController();
  const { loop, looks } = watched();
  loop.follow(await charges("a", "b"));
  const running = loop.run(stop.signal);
  await waitUntil(() => looks.length === 2, { what: "the first looks" });
  await Bun.sleep(100);
  loop.follow(await charges("b", "c"));
  await waitUntil(() => looks.length === 4, { what: "the next looks" });
  stop.abort();
  await running;
  expect(looks.slice(2).toSorted()).toEqual(["b", "c"]);
});

test("a loop looks again when the clock was put back, and when a backup is due by a clock that was put forward", async () => {
  const stop = new AbortController();
  let offset = 0;
  const { loop, looks } = watched(() => new Date(Date.now() + offset));
  loop.follow(await charges("a"));
  const running = loop.run(stop.signal);
  await Bun.sleep(150);
  for (const [jump, count] of [
    [7 * HOUR_MS, 2],
    [-HOUR_MS, 3],
  ] as const) {
    offset = jump;
    await waitUntil(() => looks.length === count, { what: `look ${count}` });
    await Bun.sleep(150);
  }
  stop.abort();
  await running;
  expect(looks).toEqual(["a", "a", "a"]);
});
