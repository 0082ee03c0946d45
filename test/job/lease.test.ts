import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { utimes } from "node:fs/promises";
import { temporaryFolder, waitUntil } from "../../scripts/services/service.ts";
import { DbackedError } from "../../src/base/error.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { encodeLease, LEASE_TYPE } from "../../src/catalog/lease-note.ts";
import { type Lease, takeLease } from "../../src/job/lease.ts";
import { signNote } from "../../src/seal/note.ts";
import { generateSigner, readSigner } from "../../src/seal/signer.ts";
import { FolderStore } from "../../src/store/folder.ts";
import type { Store } from "../../src/store/store.ts";
import { failureOf } from "../conformance/sample.ts";
import { signer } from "../seal/sample.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import { trusting } from "./plan.ts";
import { never } from "./site.ts";

const SECOND = 1000;

interface Told {
  waiting: number;
  unsure: number;
  unseen: unknown[];
}

function asked(store: Store, { timeoutMs = 60 * SECOND, waitMs = 0, told = newTold() } = {}) {
  const terms = {
    waitMs,
    tellWaiting: () => (told.waiting += 1),
    tellUnsure: () => (told.unsure += 1),
    tellUnseen: (failure: unknown) => told.unseen.push(failure),
  };
  const who = { set: "shop", store, signer, trusted: trusting(signer), now: () => new Date() };
  return { ...who, timeoutMs, terms, stir: () => {} };
}

function newTold(): Told {
  return { waiting: 0, unsure: 0, unseen: [] };
}

async function namesIn(store: Store): Promise<string[]> {
  const { objects } = await store.list("shop/", never);
  return objects.map(({ key }) => key.replace(/^shop\/lease\/\d{8}/, ""));
}

const STORES = ["a folder", "SeaweedFS", "Ceph RGW"] as const;

async function openStores(
  kind: (typeof STORES)[number],
  count: number,
): Promise<AsyncDisposable & { stores: Store[] }> {
  if (kind === "a folder") {
    const folder = await temporaryFolder("lease");
    const stores = Array.from({ length: count }, () => new FolderStore({ path: folder.path }));
    return { stores, [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]() };
  }
  const bucket = await makeBucket(await (kind === "SeaweedFS" ? sharedSeaweed() : sharedRgw()));
  const stores = await Promise.all(Array.from({ length: count }, () => bucket.open()));
  return { stores, [Symbol.asyncDispose]: async () => {} };
}

describe.each(STORES)("in %s", (kind) => {
  test("of many runs at once one takes the lease, and the others name it", async () => {
    await using place = await openStores(kind, 6);
    const results = await Promise.all(
      place.stores.map((store) => takeLease(asked(store), never).catch((error: unknown) => error as Error)),
    );
    const [taken, ...others] = results.toSorted((one) => (one instanceof Error ? 1 : -1));
    for (const other of others) expect(other).toMatchObject({ kind: "busy" });
    await using _ = taken as Lease;
    expect(others[0]).toHaveProperty("message", expect.stringContaining(`signer ${signer.text}`));
  }, 60_000);

  test("who waits takes it when it is given back", async () => {
    await using place = await openStores(kind, 2);
    const [one, other] = place.stores as [Store, Store];
    const told = newTold();
    const first = await takeLease(asked(one), never);
    const waiting = takeLease(asked(other, { timeoutMs: 10 * SECOND, waitMs: 30 * SECOND, told }), never);
    await Bun.sleep(500);
    await first[Symbol.asyncDispose]();
    await (await waiting)[Symbol.asyncDispose]();
    expect(told).toEqual({ waiting: 1, unsure: 0, unseen: [] });
    expect(await namesIn(one)).toEqual(["0001", "0001.end", "0002", "0002.end"]);
  }, 60_000);
});

test("a run shows that it lives, until its signal is aborted", async () => {
  await using place = await openStores("a folder", 2);
  const [store, other] = place.stores as [Store, Store];
  const stop = new AbortController();
  const lease = await takeLease(asked(store, { timeoutMs: 1500 }), stop.signal);
  await waitUntil(async () => (await namesIn(store)).includes("0001.00005"), { what: "its fifth sign" });
  expect(await failureOf(takeLease(asked(other, { timeoutMs: 1500 }), never))).toMatchObject({
    kind: "busy",
  });
  stop.abort();
  await Bun.sleep(2000);
  await using taken = await takeLease(asked(other, { timeoutMs: 1500 }), never);
  expect(taken).toBeDefined();
  await lease[Symbol.asyncDispose]();
}, 20_000);

test("a lease is over when its last sign is old by the store's clock", async () => {
  await using place = await openStores("a folder", 1);
  const [store] = place.stores as [Store];
  await takeLease(asked(store), never);
  const [{ key } = { key: "" }] = (await store.list("shop/lease/", never)).objects;
  const touch = async (ms: number) => {
    const time = new Date(Date.now() + ms);
    await utimes(join(store.label, key), time, time);
  };
  await touch(-59 * SECOND);
  expect(await failureOf(takeLease(asked(store), never))).toMatchObject({ kind: "busy" });
  // Of a time before the clock was put back.
  await touch(3600 * SECOND);
  await using _ = await takeLease(asked(store), never);
});

test("takeLease() refuses a host whose clock is not the store's", async () => {
  await using place = await openStores("SeaweedFS", 1);
  const [store] = place.stores as [Store];
  const takeAt = (offMs: number) => {
    const now = () => new Date(Date.now() + offMs);
    return takeLease({ ...asked(store), now }, never);
  };
  const sides = [
    [
      3 * 3600 * SECOND,
      /^Cannot make a backup in s3:.*this host's clock is ahead of the store's by (?:2 h 59|3 h)/,
    ],
    [-3 * 3600 * SECOND, /this host's clock is behind the store's by (?:2 h 59|3 h)/],
  ] as const;
  for (const [offMs, message] of sides) {
    const error = await failureOf(takeAt(offMs));
    expect(error).toMatchObject({ kind: "store", message: expect.stringMatching(message) });
  }
  expect(await namesIn(store)).toEqual([]);
  // As far as a backup counts all the same.
  await using _ = await takeAt(9 * 60 * SECOND);
});

test("a lease by nobody that is trusted, or of something else, keeps nobody waiting", async () => {
  await using place = await openStores("a folder", 1);
  const [store] = place.stores as [Store];
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  const note = {
    set: "shop",
    lease: `${day}0001`,
    sign: 0,
    run: crypto.randomUUID(),
    since: new Date().toISOString(),
    process: null,
  };
  const stranger = await readSigner((await generateSigner()).pem);
  const plant = async (name: string, bytes: Uint8Array<ArrayBuffer>) =>
    store.create(`shop/lease/${day}${name}`, bytes, never);
  await plant("0001", await signNote(LEASE_TYPE, encodeLease(note), stranger));
  await plant("0002", await signNote(LEASE_TYPE, encodeLease(note), signer));
  await plant("0003", utf8("{}"));
  await plant("0004", new Uint8Array(100_000));
  await plant(
    "0005",
    await signNote(LEASE_TYPE, encodeLease({ ...note, set: "app", lease: `${day}0005` }), signer),
  );
  await plant("junk", utf8("x"));
  await using _ = await takeLease(asked(store), never);
  expect(await namesIn(store)).toContain("0006");
});

test("a process of this host that is gone holds nothing", async () => {
  await using place = await openStores("a folder", 1);
  const [store] = place.stores as [Store];
  const script = `
    import { markProcess } from "${import.meta.dir}/../../src/job/process.ts";
    console.log(JSON.stringify(await markProcess()));
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  const mark = JSON.parse(await new Response(child.stdout).text()) as {
    host: string;
    pid: number;
    startedAt: string;
  };
  await child.exited;
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  const plant = async (number: string, process: typeof mark) => {
    const note = { set: "shop", lease: `${day}${number}`, sign: 0, run: crypto.randomUUID() };
    const whole = { ...note, since: new Date().toISOString(), process };
    await store.create(
      `shop/lease/${day}${number}`,
      await signNote(LEASE_TYPE, encodeLease(whole), signer),
      never,
    );
  };
  await plant("0001", mark);
  await (await takeLease(asked(store), never))[Symbol.asyncDispose]();
  // On another host nobody knows.
  await plant("0003", { ...mark, host: "0".repeat(64) });
  expect(await failureOf(takeLease(asked(store), never))).toMatchObject({ kind: "busy" });
});

/** A store that replaces objects, as those do that know no `If-None-Match` and are asked by two at once. */
class Careless extends FolderStore {
  readonly createsOnce = false;
  #before: () => Promise<void>;

  constructor(path: string, before: () => Promise<void>) {
    super({ path });
    this.#before = before;
  }

  override async create(key: string, bytes: Uint8Array<ArrayBuffer>) {
    await this.#before();
    await Bun.write(join(this.label, key), bytes);
    return "created" as const;
  }
}

test("where nothing is created once, it is told, and who was overwritten gives way", async () => {
  await using folder = await temporaryFolder("lease");
  const both = Promise.withResolvers<void>();
  let writers = 0;
  const meet = async () => {
    writers += 1;
    if (writers === 2) both.resolve();
    await both.promise;
  };
  const told = newTold();
  const runs = [1, 2].map(async () => takeLease(asked(new Careless(folder.path, meet), { told }), never));
  const results = await Promise.allSettled(runs);
  const taken = results.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  const refused = results.flatMap((each) => (each.status === "rejected" ? (each.reason as unknown) : []));
  expect(refused.every((error) => error instanceof DbackedError && error.kind === "busy")).toBe(true);
  expect(told.unsure).toBe(taken.length);
  expect(taken.length).toBeGreaterThanOrEqual(1);
  for (const lease of taken) await lease[Symbol.asyncDispose]();
});
