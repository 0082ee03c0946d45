import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";

import { collect, streamOf, type Bytes, type ByteStream } from "../../src/base/bytes.ts";
import type { Draft, Store } from "../../src/store/store.ts";
import { failureOf, sample } from "./sample.ts";

/** A store to be judged, empty at first, and what can be seen of it from outside. */
export interface Subject extends AsyncDisposable {
  store: Store;
  /** Another store beside it, which shares all but the prefix or the folder. */
  neighbour: Store;
  /** Whatever a put that failed left behind: temporary files, open uploads. */
  leftovers: () => Promise<readonly string[]>;
}

const never = new AbortController().signal;
const MIB = 1024 * 1024;

/** What every store promises. `start` is called once. */
export function storeSuite(name: string, start: () => Promise<Subject>): void {
  setDefaultTimeout(60_000);
  describe(`${name} as a store`, () => {
    let subject: Subject;
    const store = () => subject.store;
    beforeAll(async () => {
      subject = await start();
    });
    afterAll(() => subject[Symbol.asyncDispose]());

    putTests(() => subject);
    failureTests(() => subject);
    createTests(store);
    readTests(store);
    listTests(() => subject);
    removalTests(() => subject);
  });
}

function putTests(subject: () => Subject): void {
  test.each([1, 1000, 5 * MIB, 8 * MIB, 8 * MIB + 1, 21 * MIB])("put() keeps %d bytes", async (length) => {
    const { store } = subject();
    const bytes = sample(length);
    const key = `sizes/${length}.dbk`;
    expect(await store.put(key, pieces(bytes, 700_001), { id: "1" }, never)).toEqual([length]);
    expect(Bun.SHA256.hash(await read(store, key))).toEqual(Bun.SHA256.hash(bytes));
  });

  test("put() never replaces an object", async () => {
    const { store } = subject();
    await store.put("taken/x.dbk", streamOf(sample(100, 1)), { id: "1" }, never);
    const failure = await failureOf(store.put("taken/x.dbk", streamOf(sample(90, 2)), { id: "2" }, never));
    expect(failure).toMatchObject({ name: "DbackedError", kind: "store" });
    expect(String(failure)).toContain("taken/x.dbk");
    expect(await read(store, "taken/x.dbk")).toEqual(sample(100, 1));
    expect(await subject().leftovers()).toEqual([]);
  });

  test("put() does not show an object before its body has ended", async () => {
    const { store } = subject();
    const { body, finish } = openEnded(sample(9 * MIB));
    const done = store.put("slow/x.dbk", body, { id: "1" }, never);
    await Bun.sleep(100);
    expect((await store.list("slow/", never)).objects).toEqual([]);
    finish();
    expect(await done).toEqual([9 * MIB]);
    expect((await store.list("slow/", never)).objects).toHaveLength(1);
  });
}

/** For stores that know conditions on PutObject, or the like. */
export function exclusiveCreateTest(name: string, start: () => Promise<Subject>): void {
  test(`create() in ${name} lets one of many win`, async () => {
    await using subject = await start();
    const tries = Array.from({ length: 8 }, (_, at) =>
      subject.store.create("lease/1", sample(20, at + 1), never),
    );
    expect((await Promise.all(tries)).filter((answer) => answer === "created")).toHaveLength(1);
  });
}

/** For stores that know conditions on Complete, or the like. On others two writers of one key could both succeed. */
export function exclusivePutTest(name: string, start: () => Promise<Subject>): void {
  test(`put() into ${name} lets one of two have a key, whole, and fails the other`, async () => {
    await using subject = await start();
    const { store, leftovers } = subject;
    const bodies = [sample(9 * MIB, 3), sample(9 * MIB, 4)];
    const puts = bodies.map((bytes, at) =>
      store.put("race/x.dbk", streamOf(bytes.slice()), { id: `${at}` }, never),
    );
    const settled = await Promise.allSettled(puts);
    const winner = settled.findIndex(({ status }) => status === "fulfilled");
    expect(settled.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(Bun.SHA256.hash(await read(store, "race/x.dbk"))).toEqual(Bun.SHA256.hash(bodies[winner] ?? ""));
    expect(await leftovers()).toEqual([]);
  });
}

function failureTests(subject: () => Subject): void {
  test.each([0, 100, 9 * MIB, 30 * MIB])(
    "put() leaves nothing when its body fails after %d bytes",
    async (length) => {
      const { store, leftovers } = subject();
      const body = failing(sample(length), new Error("pg_dump was killed"));
      const failure = await failureOf(store.put("failed/x.dbk", body, { id: "1" }, never));
      expect(failure).toMatchObject({ message: "pg_dump was killed" });
      expect((await store.list("failed/", never)).objects).toEqual([]);
      expect(await leftovers()).toEqual([]);
    },
  );

  test("put() leaves nothing when it is aborted while its body is silent, and stops the body", async () => {
    const { store, leftovers } = subject();
    const { body, cancelled } = openEnded(sample(9 * MIB));
    const abort = new AbortController();
    const failed = failureOf(store.put("aborted/x.dbk", body, { id: "1" }, abort.signal));
    await Bun.sleep(100);
    abort.abort(new Error("SIGTERM"));
    expect(await failed).toMatchObject({ message: "SIGTERM" });
    expect(await cancelled).toMatchObject({ message: "SIGTERM" });
    expect((await store.list("aborted/", never)).objects).toEqual([]);
    expect(await leftovers()).toEqual([]);
  });

  test("put() stops its body when it is aborted before it begins", async () => {
    const { store, leftovers } = subject();
    const { body, cancelled } = openEnded(sample(9));
    const failure = await failureOf(store.put("early/x.dbk", body, { id: "1" }, AbortSignal.abort("no")));
    expect(failure).toBe("no");
    await cancelled;
    expect(await leftovers()).toEqual([]);
  });

  test.each([
    "",
    "/x",
    "x/",
    "../x",
    "a/../../x",
    "a//b",
    "./x",
    "a/.hidden",
    "a\nb",
    "a\0b",
    "x".repeat(300),
  ])("put() refuses the key %j", async (key) => {
    const { store } = subject();
    const { body, cancelled } = openEnded(sample(9));
    expect(await failureOf(store.put(key, body, { id: "1" }, never))).toMatchObject({ kind: "store" });
    await cancelled;
  });
}

function createTests(store: () => Store): void {
  test("create() makes an object once, and says so when the key holds other bytes", async () => {
    expect(await store().create("once/identity", sample(50, 1), never)).toBe("created");
    expect(await store().create("once/identity", sample(50, 2), never)).toBe("exists");
    expect(await store().create("once/identity", sample(49, 1), never)).toBe("exists");
    expect(await read(store(), "once/identity")).toEqual(sample(50, 1));
  });

  test("create() takes equal bytes for its own", async () => {
    expect(await store().create("same/identity", sample(50), never)).toBe("created");
    expect(await store().create("same/identity", sample(50), never)).toBe("created");
  });

  test.each([
    "with space/x y.json",
    "ünï/cödé-ё-日本.json",
    "a+b&c=d%20/%2F.json",
    "q/a'b\"(c)!*~;:@,$#?.json",
  ])("create(), get(), list() and remove() take the key %j", async (key) => {
    expect(await store().create(key, sample(10), never)).toBe("created");
    expect(await read(store(), key)).toEqual(sample(10));
    expect((await store().list(key, never)).objects.map((each) => each.key)).toEqual([key]);
    await store().remove([key], never);
    expect((await store().list(key, never)).objects).toEqual([]);
  });
}

function readTests(store: () => Store): void {
  test("get() gives every range of an object", async () => {
    const bytes = sample(10_000);
    await store().create("ranges/x", bytes, never);
    const ends = fc.tuple(fc.nat(bytes.length), fc.nat(bytes.length));
    await fc.assert(
      fc.asyncProperty(ends, async ([one, other]) => {
        const range = { start: Math.min(one, other), end: Math.max(one, other) };
        const got = await collect(await store().get("ranges/x", range, never), bytes.length);
        expect(got).toEqual(bytes.slice(range.start, range.end));
      }),
      { numRuns: 30 },
    );
  });

  test("get() refuses a range that the object is too short for", async () => {
    await store().create("short/x", sample(100), never);
    for (const range of [
      { start: 0, end: 101 },
      { start: 100, end: 200 },
      { start: 500, end: 600 },
    ])
      expect(await failureOf(store().get("short/x", range, never))).toMatchObject({ kind: "damaged" });
  });

  test("get() says which object is not there", async () => {
    const failure = await failureOf(store().get("absent/x", null, never));
    expect(failure).toMatchObject({ name: "DbackedError", kind: "store" });
    expect(failure).toHaveProperty("constructor.name", "NotFound");
    expect(String(failure)).toContain("absent/x");
    expect(await failureOf(store().get("absent/x", { start: 5, end: 9 }, never))).toMatchObject({
      kind: "store",
    });
  });

  test("get() ends without an error when its reader has enough", async () => {
    await store().put("cancel/x.dbk", streamOf(sample(20 * MIB)), { id: "1" }, never);
    const reader = (await store().get("cancel/x.dbk", null, never)).getReader();
    expect((await reader.read()).value?.length).toBeGreaterThan(0);
    await reader.cancel("enough");
    expect((await reader.read()).done).toBe(true);
  });

  test("get() fails with the reason when it is aborted", async () => {
    await store().put("stop/x.dbk", streamOf(sample(30 * MIB)), { id: "1" }, never);
    const abort = new AbortController();
    const reader = (await store().get("stop/x.dbk", null, abort.signal)).getReader();
    await reader.read();
    abort.abort(new Error("SIGINT"));
    const failure = await failureOf(drain(reader));
    expect(failure).toMatchObject({ message: "SIGINT" });
  });
}

function listTests(subject: () => Subject): void {
  test("list() sorts by key, takes any prefix, and knows sizes and times", async () => {
    const { store } = subject();
    const keys = ["set/a.dbk", "set/a.dbk.0001", "set/a.json", "set/b/1", "set/b/2", "set-2/a", "se"];
    await Promise.all(keys.map((key, at) => store.create(key, sample(at + 1), never)));
    const names = async (prefix: string) => (await store.list(prefix, never)).objects.map(({ key }) => key);
    expect(await names("set/")).toEqual(["set/a.dbk", "set/a.dbk.0001", "set/a.json", "set/b/1", "set/b/2"]);
    expect(await names("set/a.dbk")).toEqual(["set/a.dbk", "set/a.dbk.0001"]);
    expect(await names("set")).toEqual(["set-2/a", ...(await names("set/"))]);
    expect(await names("set/b/")).toEqual(["set/b/1", "set/b/2"]);
    expect(await names("nothing/")).toEqual([]);
    expect(await names("")).toContain("se");
    const { objects, now } = await store.list("set/b/2", never);
    expect(objects[0]?.size).toBe(5);
    expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(60_000);
    expect(Math.abs(now.getTime() - (objects[0]?.modifiedAt.getTime() ?? 0))).toBeLessThan(60_000);
  });

  test("a store sees nothing of its neighbour", async () => {
    const { store, neighbour } = subject();
    await neighbour.create("theirs/x", sample(5, 1), never);
    expect((await store.list("", never)).objects.filter(({ key }) => key.includes("theirs"))).toEqual([]);
    expect(await failureOf(store.get("theirs/x", null, never))).toMatchObject({ kind: "store" });
    expect(await store.create("theirs/x", sample(5, 2), never)).toBe("created");
    expect(await read(neighbour, "theirs/x")).toEqual(sample(5, 1));
  });
}

function removalTests(subject: () => Subject): void {
  test("remove() takes objects away, and does not mind if one is not there", async () => {
    const { store } = subject();
    for (const key of ["gone/a", "gone/b", "gone/c"]) await store.create(key, sample(5), never);
    await store.remove(["gone/a", "gone/never-was", "gone/c"], never);
    await store.remove(["gone/a"], never);
    expect(await failureOf(store.get("gone/a", null, never))).toMatchObject({ kind: "store" });
    expect((await store.list("gone/", never)).objects.map(({ key }) => key)).toEqual(["gone/b"]);
  });

  test("remove() stops when it is aborted", async () => {
    const { store } = subject();
    await store.create("stays/a", sample(5), never);
    expect(await failureOf(store.remove(["stays/a"], AbortSignal.abort("no")))).toBe("no");
    expect((await store.list("stays/", never)).objects).toHaveLength(1);
  });

  test("drafts are what is being written, and whose draft is discarded fails", async () => {
    const { store, neighbour, leftovers } = subject();
    const keys = ["drafting.%41/x.dbk", "drafting.%42/x.dbk"];
    const done: Promise<unknown>[] = [];
    const finishes = keys.map((key) => {
      const { body, finish } = openEnded(sample(9 * MIB));
      done.push(failureOf(store.put(key, body, { id: "1" }, never)));
      return finish;
    });
    const drafts = await waitForDrafts(store, "drafting.", keys.length);
    const sets = new Set(drafts.map(({ key }) => key.split("/")[0]));
    expect(sets).toEqual(new Set(["drafting.%41", "drafting.%42"]));
    expect(await store.drafts.list("drafting.%4", never)).toHaveLength(2);
    expect(await store.drafts.list("drafting.%41/", never)).toHaveLength(1);
    expect(await store.drafts.list("other", never)).toEqual([]);
    expect(await neighbour.drafts.list("", never)).toEqual([]);
    for (const draft of drafts) {
      expect(Math.abs(Date.now() - draft.modifiedAt.getTime())).toBeLessThan(60_000);
      await store.drafts.discard(draft, never);
      await store.drafts.discard(draft, never);
    }
    expect(await store.drafts.list("drafting.", never)).toEqual([]);
    for (const finish of finishes) finish();
    for (const failure of await Promise.all(done)) expect(failure).toMatchObject({ kind: "store" });
    expect((await store.list("drafting.", never)).objects).toEqual([]);
    expect(await leftovers()).toEqual([]);
  });
}

/** Gives the drafts once there are so many. */
async function waitForDrafts(store: Store, prefix: string, count: number): Promise<readonly Draft[]> {
  for (;;) {
    const drafts = await store.drafts.list(prefix, never);
    if (drafts.length === count) return drafts;
    await Bun.sleep(20);
  }
}

function read(store: Store, key: string): Promise<Bytes> {
  return store.get(key, null, never).then((stream) => collect(stream, 100 * MIB));
}

async function drain(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done) await Bun.sleep(1);
}

function pieces(bytes: Bytes, size: number): ByteStream {
  const all: Bytes[] = [];
  for (let at = 0; at < bytes.length; at += size) all.push(bytes.slice(at, at + size));
  return streamOf(...all);
}

function failing(bytes: Bytes, error: Error): ByteStream {
  const fail = () => {
    throw error;
  };
  return pieces(bytes, MIB).pipeThrough(new TransformStream({ flush: fail }));
}

/** A body that gives `bytes`, and then nothing until it is told to end. */
function openEnded(bytes: Bytes): { body: ByteStream; cancelled: Promise<unknown>; finish: () => void } {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
  let finish = () => {};
  const body = new ReadableStream<Bytes>({
    start(controller) {
      controller.enqueue(bytes);
      finish = () => controller.close();
    },
    cancel(reason) {
      finish = () => {};
      resolve(reason);
    },
  });
  return { body, cancelled, finish: () => finish() };
}
