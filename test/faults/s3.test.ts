import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";

import { collect, streamOf, type ByteStream } from "../../src/base/bytes.ts";
import { failureOf, sample } from "../conformance/sample.ts";
import { storeSuite } from "../conformance/store.ts";
import { sharedSeaweed } from "../services.ts";
import { makeBucket, type TestBucket } from "../store/bucket.ts";
import type { Tuning } from "../../src/store/s3/bucket.ts";
import { startProxy, type Fault, type Proxy, type Seen } from "./proxy.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;
const MIB = 1024 * 1024;
const BYTES = sample(22 * MIB);

type Spoil = (request: Seen) => Fault | null;

let made: Promise<TestBucket> | null = null;

/** A store whose way to the server has a fault, and one that goes straight to the same place. */
async function behind(spoil: Spoil, options: Record<string, unknown> = {}, tuning: Partial<Tuning> = {}) {
  const server = await sharedSeaweed();
  const bucket = await (made ??= makeBucket(server));
  const proxy = await startProxy(server.endpoint, spoil);
  const prefix = crypto.randomUUID();
  const quick = { partSize: 5 * MIB, pauseMs: 5, ...tuning };
  const store = await bucket.open({ endpoint: proxy.endpoint, prefix, ...options }, quick);
  const direct = await bucket.open({ prefix });
  return { store, direct, bucket, proxy, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

const parts = ({ seen }: Proxy) => seen.filter(({ kind }) => kind === "part");
const reset: Fault = { what: "reset" };
const busy: Fault = { what: "answer", status: 503, code: "SlowDown" };
const denied: Fault = { what: "answer", status: 403, code: "AccessDenied" };

describe("put() says what it sends", () => {
  test("a part is sent again with the same bytes, and no other part is", async () => {
    await using way = await behind(({ kind, before }) => (kind === "part" && before === 2 ? busy : null));
    await way.store.put("set/x.dbk", streamOf(BYTES.slice()), { id: "1" }, never);
    const sent = parts(way.proxy);
    const sums = sent.map(({ body }) => Bun.SHA256.hash(body, "hex"));
    expect(sent).toHaveLength(6);
    expect(new Set(sums).size).toBe(5);
    expect(sums.filter((sum) => sum === sums[2])).toHaveLength(2);
  });

  test("every part carries its MD5 and its SHA-256, and Complete names them", async () => {
    await using way = await behind(() => null);
    await way.store.put("set/x.dbk", streamOf(BYTES.slice()), { id: "1" }, never);
    const sums = parts(way.proxy).map(({ body, headers }) => {
      expect(headers["content-md5"]).toBe(Bun.MD5.hash(body, "base64"));
      expect(headers["x-amz-checksum-sha256"]).toBe(Bun.SHA256.hash(body, "base64"));
      expect(headers["x-amz-content-sha256"]).toBe(Bun.SHA256.hash(body, "hex"));
      return Bun.SHA256.hash(body, "base64");
    });
    const complete = way.proxy.seen.find(({ kind }) => kind === "complete");
    for (const sum of sums) expect(Buffer.from(complete?.body ?? []).toString()).toContain(sum);
    expect(complete?.headers["if-none-match"]).toBe("*");
    expect(way.store.dialect).toMatchObject({ sha256: true, conditionalComplete: true });
  });
});

test("options of storage go with envelopes, and those of encryption with everything", async () => {
  const options = { storageClass: "STANDARD_IA", serverSideEncryption: "AES256" };
  const accept: Spoil = ({ kind }) => (kind === "create" || kind === "put" ? denied : null);
  await using way = await behind(accept, options);
  await failureOf(way.store.put("set/x.dbk", streamOf(sample(10)), { id: "1" }, never));
  await failureOf(way.store.create("set/identity", sample(10), never));
  const [create, put] = ["create", "put"].map(
    (each) => way.proxy.seen.find(({ kind }) => kind === each)?.headers,
  );
  expect(create).toMatchObject({
    "x-amz-storage-class": "STANDARD_IA",
    "x-amz-server-side-encryption": "AES256",
  });
  expect(put).toMatchObject({ "x-amz-server-side-encryption": "AES256" });
  expect(put).not.toHaveProperty("x-amz-storage-class");
});

describe("put() that fails leaves nothing", () => {
  test("denied rights are named, and no secret is", async () => {
    await using way = await behind(({ kind }) => (kind === "part" ? denied : null));
    const failure = await failureOf(way.store.put("set/x.dbk", streamOf(BYTES.slice()), { id: "1" }, never));
    expect(failure).toMatchObject({
      hint: `the access key needs s3:PutObject on arn:aws:s3:::${way.bucket.name}/*`,
    });
    const { secretAccessKey } = await sharedSeaweed();
    expect(Bun.inspect(failure, { depth: 9 })).not.toContain(secretAccessKey);
  });

  test("the volumes before the one that fails are not there", async () => {
    await using way = await behind(
      ({ kind, before }) => (kind === "complete" && before === 1 ? denied : null),
      {
        maxParts: 2,
      },
    );
    const failure = await failureOf(way.store.put("set/x.dbk", streamOf(BYTES.slice()), { id: "1" }, never));
    expect(failure).toMatchObject({ kind: "store" });
    expect((await way.direct.list("", never)).objects.map(({ key }) => key)).toEqual(["set/x.dbk.0002"]);
    expect(await way.bucket.openUploads()).toEqual([]);
  });

  test("an abort while a part stalls ends at once", async () => {
    await using way = await behind(({ kind }) => (kind === "part" ? { what: "stall" } : null));
    const abort = new AbortController();
    const failed = failureOf(way.store.put("set/x.dbk", streamOf(BYTES.slice()), { id: "1" }, abort.signal));
    await Bun.sleep(200);
    const start = performance.now();
    abort.abort(new Error("SIGTERM"));
    expect(await failed).toMatchObject({ message: "SIGTERM" });
    // A part may take two minutes.
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(await way.bucket.openUploads()).toEqual([]);
  });
});

describe("create() settles its own lost answers", () => {
  const faults: [string, Spoil][] = [
    ["lost answer", ({ kind, before }) => (kind === "put" && before < 2 ? { what: "swallow" } : null)],
    ["reset", ({ kind, before }) => (kind === "put" && before < 2 ? reset : null)],
    [
      "conflict",
      ({ kind, before }) =>
        kind === "put" && before < 2
          ? { what: "answer", status: 409, code: "ConditionalRequestConflict" }
          : null,
    ],
    ["damage", ({ kind, before }) => (kind === "put" && before < 2 ? { what: "flip" } : null)],
    ["slow down", ({ kind, before }) => (kind === "put" && before < 2 ? busy : null)],
  ];

  test.each(faults)("%s", async (_name, spoil) => {
    await using way = await behind(spoil);
    expect(await way.store.create("set/identity", sample(90, 1), never)).toBe("created");
    expect(await way.store.create("set/identity", sample(90, 2), never)).toBe("exists");
    expect(await collect(await way.store.get("set/identity", null, never), 99)).toEqual(sample(90, 1));
  });
});

describe("get() goes on where it was interrupted", () => {
  const faults: [string, Spoil][] = [
    [
      "cut",
      ({ kind, before }) => (kind === "get" && before < 4 ? { what: "cut", after: 3 * MIB + before } : null),
    ],
    ["reset", ({ kind, before }) => (kind === "get" && before < 2 ? reset : null)],
    ["hang", ({ kind, before }) => (kind === "get" && before < 2 ? { what: "hang", after: MIB } : null)],
    ["stall", ({ kind, before }) => (kind === "get" && before < 1 ? { what: "stall" } : null)],
  ];

  test.each(faults)("%s", async (_name, spoil) => {
    await using way = await behind(spoil, {}, { stallMs: 300, limitMs: 500 });
    await way.direct.put("set/x.dbk", streamOf(BYTES.slice()), { id: "1" }, never);
    expect(await digestOf(await way.store.get("set/x.dbk", null, never))).toBe(Bun.SHA256.hash(BYTES, "hex"));
    const range = { start: 7, end: 21 * MIB };
    const wanted = Bun.SHA256.hash(BYTES.slice(range.start, range.end), "hex");
    expect(await digestOf(await way.store.get("set/x.dbk", range, never))).toBe(wanted);
  });

  test("gives up when nothing comes any more", async () => {
    await using way = await behind(({ kind }) => (kind === "get" ? { what: "cut", after: 0 } : null));
    await way.direct.put("set/x.dbk", streamOf(BYTES.slice()), { id: "1" }, never);
    const stream = way.store.get("set/x.dbk", null, never).then(digestOf);
    expect(await failureOf(stream)).toMatchObject({
      kind: "store",
      message: expect.stringContaining("read set/x.dbk"),
    });
  });
});

const bare = startBare();
afterAll(async () => (await bare)[Symbol.asyncDispose]());

/** A server that knows neither conditions nor checksums, and forgets ETags. */
async function startBare(): Promise<Proxy> {
  const server = await sharedSeaweed();
  return startProxy(server.endpoint, ({ headers, kind }) => {
    if ("if-none-match" in headers) return { what: "answer", status: 501, code: "NotImplemented" };
    if (Object.keys(headers).some((name) => name.startsWith("x-amz-checksum")))
      return { what: "answer", status: 400, code: "InvalidArgument" };
    if (kind !== "complete" && kind !== "head") return null;
    return {
      what: "edit",
      edit: (answer) => {
        answer.headers.delete("etag");
        const text = Buffer.from(answer.body)
          .toString()
          .replace(/<ETag>.*<\/ETag>/, "");
        if (kind === "complete") answer.body = new TextEncoder().encode(text);
      },
    };
  });
}

storeSuite("a server of a bare dialect", async () => {
  const { endpoint } = await bare;
  const bucket = await makeBucket(await sharedSeaweed());
  return {
    store: await bucket.open({ endpoint, prefix: "one" }),
    neighbour: await bucket.open({ endpoint, prefix: "two" }),
    leftovers: bucket.openUploads,
    [Symbol.asyncDispose]: async () => {},
  };
});

async function digestOf(stream: ByteStream): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const piece of stream) hash.update(piece);
  return hash.digest("hex");
}
