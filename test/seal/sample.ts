import { generateKeyPairSync } from "node:crypto";
import { type Bytes, type ByteStream, collect, concat } from "../../src/base/bytes.ts";
import { readHeader } from "../../src/seal/header.ts";
import { type Identity, type Recipient, readIdentity, readRecipient } from "../../src/seal/key.ts";
import { type Ending, openSource, openStream } from "../../src/seal/open.ts";
import { seal, type SealEnd } from "../../src/seal/seal.ts";
import { generateSigner, readSigner, type Signer } from "../../src/seal/signer.ts";
import { readSourceHeader, type Source } from "../../src/seal/source.ts";
import type { Summary } from "../../src/seal/trailer.ts";
import { trustAnyway, unlock, type Unlocked } from "../../src/seal/unlock.ts";

export const NEVER = new AbortController().signal;

/** Bytes of plaintext in the segments of all samples. */
export const SEGMENT = 4096;

/** A key pair in PEM. */
export interface Pair {
  publicPem: string;
  privatePem: string;
}

export function makePair(bits = 2048): Pair {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  return {
    publicPem: publicKey.export({ type: "spki", format: "pem" }),
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

export const pair = makePair();
export const recipient: Recipient = await readRecipient(pair.publicPem);
export const identity: Identity = await readIdentity(pair.privatePem);
export const signer: Signer = await readSigner((await generateSigner()).pem);

export const metadata = {
  takenAt: new Date("2026-11-22T02:00:00.123Z"),
  set: "shop",
  engine: "postgres",
  dump: "pg-custom",
  compression: "zstd",
  tool: { name: "pg_dump", version: "16.4" },
  seq: 3,
  prev: null,
};

export const sealedMetadata = {
  host: "db1",
  database: "shop",
  server: "16.4",
  args: ["--format=custom"],
  extensions: ["citext"],
};

/** Random bytes; `length` may be more than one call to the generator gives. */
export function randomBytes(length: number): Bytes {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

/** A stream of `bytes` in pieces of `size`. */
export function pieces(bytes: Bytes, size: number): ByteStream {
  let at = 0;
  return new ReadableStream<Bytes>(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at + size));
        at += size;
      },
    },
    { highWaterMark: 0 },
  );
}

export function summaryOf(payload: Bytes): Summary {
  const sourceDigest = new Uint8Array(new Bun.CryptoHasher("sha256").update(payload).digest());
  return {
    sourceBytes: payload.length,
    sourceDigest,
    finishedAt: new Date("2026-11-22T02:05:00.456Z"),
    warned: true,
  };
}

/** Seals `payload` as a whole envelope. */
export async function sealAll(
  payload: Bytes,
  options: { recipients?: readonly Recipient[]; pieceBytes?: number } = {},
): Promise<{ envelope: Bytes; end: SealEnd; id: string }> {
  await using sealing = await seal({
    metadata,
    sealedMetadata,
    recipients: options.recipients ?? [recipient],
    signer,
    segmentLog2: 12,
  });
  const stream = sealing.envelope(
    pieces(payload, options.pieceBytes ?? 65_536),
    Promise.resolve(summaryOf(payload)),
  );
  const envelope = await collect(stream, Infinity);
  return { envelope, end: await sealing.ended, id: sealing.id };
}

/** A source over bytes in memory. */
export function sourceOf(bytes: Bytes, pieceBytes = 65_536): Source {
  return {
    size: bytes.length,
    read: (start, end) => Promise.resolve(pieces(bytes.slice(start, end), pieceBytes)),
  };
}

/** What opening gave out, and how it ended. */
export interface Outcome {
  released: Bytes;
  error: unknown;
  ending: Ending | null;
}

/** Opens an envelope as one would from stdin. */
export async function openFromStream(
  envelope: Bytes,
  pieceBytes = 65_536,
  identities: readonly Identity[] = [identity],
): Promise<Outcome> {
  return await outcomeOf(async () => {
    const { header, body } = await readHeader(pieces(envelope, pieceBytes), NEVER);
    return openStream(body, await unlock(trustAnyway(header), identities, NEVER), NEVER);
  });
}

/** Opens an envelope as one would from a file. */
export async function openFromSource(
  envelope: Bytes,
  twoPass: boolean,
  pieceBytes = 65_536,
): Promise<Outcome> {
  return await outcomeOf(async () => {
    const source = sourceOf(envelope, pieceBytes);
    return await openSource(source, await unlockSource(source), { twoPass }, NEVER);
  });
}

export async function unlockSource(source: Source): Promise<Unlocked> {
  const header = await readSourceHeader(source, NEVER);
  return await unlock(trustAnyway(header), [identity], NEVER);
}

async function outcomeOf(
  begin: () => Promise<{ bytes: ByteStream; ended: Promise<Ending> }>,
): Promise<Outcome> {
  const released: Bytes[] = [];
  try {
    const { bytes, ended } = await begin();
    for await (const piece of bytes) released.push(piece);
    return { released: concat(...released), error: null, ending: await ended };
  } catch (error) {
    return { released: concat(...released), error, ending: null };
  }
}
