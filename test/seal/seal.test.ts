import { expect, test } from "bun:test";
import { type Bytes, type ByteStream, collect, concat } from "../../src/base/bytes.ts";
import { DbackedError } from "../../src/base/error.ts";
import { readRecipient } from "../../src/seal/key.ts";
import { openSource } from "../../src/seal/open.ts";
import { seal, type Sealing } from "../../src/seal/seal.ts";
import {
  metadata,
  NEVER,
  openFromSource,
  openFromStream,
  pair,
  pieces,
  randomBytes,
  recipient,
  SEGMENT,
  sealAll,
  sealedMetadata,
  signer,
  sourceOf,
  summaryOf,
} from "./sample.ts";

const S = SEGMENT;
const SIZES = [0, 1, 15, 16, 17, S - 1, S, S + 1, 2 * S - 1, 2 * S, 2 * S + 1, 5 * S, 5 * S + 123];

async function begin(): Promise<Sealing> {
  return await seal({ metadata, sealedMetadata, recipients: [recipient], signer, segmentLog2: 12 });
}

/** What a stream gave before it failed, and how it failed. */
async function drain(stream: ByteStream): Promise<{ bytes: Bytes; error: unknown }> {
  const got: Bytes[] = [];
  try {
    for await (const piece of stream) got.push(piece);
    return { bytes: concat(...got), error: null };
  } catch (error) {
    return { bytes: concat(...got), error };
  }
}

test.each(SIZES)("seal() makes an envelope of %d bytes that opens in every way", async (size) => {
  const payload = randomBytes(size);
  const { envelope, end } = await sealAll(payload);
  expect(end.bytes).toBe(envelope.length);
  expect(end.segments).toBe(Math.ceil(size / S));
  const outcomes = [
    await openFromStream(envelope),
    await openFromSource(envelope, false),
    await openFromSource(envelope, true),
  ];
  for (const { released, error, ending } of outcomes) {
    expect(error).toBeNull();
    expect(Buffer.compare(released, payload)).toBe(0);
    const { segments, chain } = end;
    expect(ending).toEqual({ ...summaryOf(payload), segments, plaintextBytes: size, chain });
  }
});

test.each([1, 7, 4096, 65_536])("seal() makes the same of pieces of %d bytes", async (pieceBytes) => {
  const payload = randomBytes(3 * S + 5);
  const { envelope } = await sealAll(payload, { pieceBytes });
  const outcomes = [
    await openFromStream(envelope, pieceBytes),
    await openFromSource(envelope, true, pieceBytes),
  ];
  for (const { released, error } of outcomes) {
    expect(error).toBeNull();
    expect(Buffer.compare(released, payload)).toBe(0);
  }
});

test("seal() keeps its keys for reading back and for notes, until it is disposed of", async () => {
  const payload = randomBytes(2 * S + 9);
  const sealing = await begin();
  const envelope = await collect(
    sealing.envelope(pieces(payload, 1000), Promise.resolve(summaryOf(payload))),
    Infinity,
  );
  const { bytes } = await openSource(sourceOf(envelope), sealing.unlocked, { twoPass: false }, NEVER);
  expect(Buffer.compare(await collect(bytes, Infinity), payload)).toBe(0);
  const note = await sealing.sealNote("type", { rows: 7 });
  expect(await sealing.unlocked.openNote("type", note)).toEqual({ rows: 7 });
  await sealing[Symbol.asyncDispose]();
  expect(() => sealing.sealNote("type", {})).toThrow("dropped");
});

test("seal() tells of itself what its header says", async () => {
  await using sealing = await begin();
  const envelope = await collect(
    sealing.envelope(pieces(randomBytes(10), 10), () => Promise.resolve(summaryOf(randomBytes(10)))),
    Infinity,
  );
  const head = envelope.slice(0, sealing.headerBytes);
  expect(sealing.header).toBe(new Bun.CryptoHasher("sha256").update(head).digest("hex"));
  expect(sealing.id).toBe(envelope.slice(16, 32).toHex());
  expect(sealing.unlocked.header.digest).toBe(sealing.header);
});

test("seal() never uses a key, a salt or an id twice", async () => {
  const seen = new Set<string>();
  for (let run = 0; run < 50; run += 1) {
    const { unlocked, id } = await begin();
    for (const part of [id, unlocked.header.parts.salt.toHex(), unlocked.header.parts.commitment.toHex()]) {
      expect(seen.has(part)).toBeFalse();
      seen.add(part);
    }
  }
});

test("envelope() has no trailer if the payload fails, and fails with the same error", async () => {
  const sealing = await begin();
  const failure = new DbackedError("tool", "pg_dump exited with code 1");
  let sent = 0;
  const payload = new ReadableStream<Bytes>({
    pull(controller) {
      sent += 1;
      if (sent > 3) controller.error(failure);
      else controller.enqueue(randomBytes(S));
    },
  });
  const { bytes, error } = await drain(sealing.envelope(payload, Promise.resolve(summaryOf(randomBytes(1)))));
  expect(error).toBe(failure);
  expect(Buffer.from(bytes).includes("DBKEND")).toBeFalse();
  expect(sealing.ended).rejects.toBe(failure);
});

test("envelope() has no trailer if the summary fails, however early", async () => {
  const failure = new Error("no report");
  for (const fail of [() => Promise.reject(failure), () => () => Promise.reject(failure)]) {
    const sealing = await begin();
    const envelope = sealing.envelope(pieces(randomBytes(2 * S), S), fail());
    await Bun.sleep(1);
    const { bytes, error } = await drain(envelope);
    expect(error).toBe(failure);
    expect(bytes.length).toBe(sealing.headerBytes + 2 * (S + 16));
    expect(sealing.ended).rejects.toBe(failure);
  }
});

test("envelope() waits for the summary until the payload has ended", async () => {
  const sealing = await begin();
  let hasEnded = false;
  const payload = pieces(randomBytes(3 * S), S).pipeThrough(
    new TransformStream<Bytes, Bytes>({
      flush() {
        hasEnded = true;
      },
    }),
  );
  const summary = () => {
    expect(hasEnded).toBeTrue();
    return Promise.resolve(summaryOf(randomBytes(1)));
  };
  expect((await drain(sealing.envelope(payload, summary))).error).toBeNull();
});

test("envelope() gives the payload up when it is cancelled", async () => {
  const sealing = await begin();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const payload = new ReadableStream<Bytes>({
    pull: (controller) => controller.enqueue(randomBytes(100)),
    cancel: resolve,
  });
  const reader = sealing.envelope(payload, () => Promise.resolve(summaryOf(randomBytes(1)))).getReader();
  await reader.read();
  await reader.cancel("enough");
  expect(await promise).toBe("enough");
  expect(sealing.ended).rejects.toBe("enough");
});

test("envelope() can be had once only", async () => {
  await using sealing = await begin();
  const summary = () => Promise.resolve(summaryOf(randomBytes(1)));
  sealing.envelope(pieces(randomBytes(1), 1), summary);
  expect(() => sealing.envelope(pieces(randomBytes(1), 1), summary)).toThrow("once");
});

test("envelope() fails if its keys are dropped meanwhile", async () => {
  const sealing = await begin();
  const reader = sealing
    .envelope(pieces(randomBytes(99 * S), S), () => Promise.resolve(summaryOf(randomBytes(1))))
    .getReader();
  await reader.read();
  await sealing[Symbol.asyncDispose]();
  const readAll = async () => {
    while (!(await reader.read()).done);
  };
  expect(readAll()).rejects.toThrow("dropped");
});

test.each([0, 65])("seal() refuses %d recipients", async (count) => {
  const recipients = Array.from({ length: count }, () => recipient);
  const refused = seal({ metadata, sealedMetadata, recipients, signer });
  expect(refused).rejects.toHaveProperty("kind", "config");
});

test("seal() takes 64 recipients, and segments of 1 MiB by itself", async () => {
  const plain = await readRecipient(pair.publicPem, { label: false });
  const recipients = Array.from({ length: 64 }, (_, index) => (index % 2 === 0 ? recipient : plain));
  await using sealing = await seal({ metadata, sealedMetadata, recipients, signer });
  expect(sealing.unlocked.header.recipients.length).toBe(64);
  expect(sealing.unlocked.header.segmentSize).toBe(2 ** 20);
});
