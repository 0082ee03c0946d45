import { createDecipheriv } from "node:crypto";
import { type Bytes, type ByteStream, type ByteTransform, utf8 } from "../base/bytes.ts";
import { KEY_BYTES } from "./derive.ts";
import type { Identity } from "./key.ts";
import { ByteReader } from "./reader.ts";
import { Refusal } from "./refusal.ts";

const MAGIC = utf8("DBACKED");

/** Magic, three bytes of the agent's version, length of the wrapped key. */
const HEAD_BYTES = 14;

const IV_BYTES = 16;

/** The wrapped key of an RSA key of 16384 bits; none was longer. */
const MAX_WRAPPED_BYTES = 2048;

/** Says whether a stream is of version 1, and gives it back whole. */
export async function detectLegacy(
  stream: ByteStream,
  signal: AbortSignal,
): Promise<{ isLegacy: boolean; stream: ByteStream }> {
  const reader = new ByteReader(stream, signal);
  const head = await reader.take(MAGIC.length + 1);
  reader.unread(head);
  return { isLegacy: hasLegacyHead(head), stream: reader.rest() };
}

/**
 * Opens what the agent of 2018 made: the dump, decompressed. Nothing authenticates it: whoever could write to the
 * file may have changed or replaced it, and it is given out before its end has been seen. So `allowed` must be the
 * user's own word.
 *
 * @throws {Refusal} `legacy`, if it is not allowed; `truncated`; `no-matching-key`, if no identity opens it. The stream
 * fails with `legacy-content`, if it does not decrypt to a whole gzip file.
 */
export async function openLegacy(
  stream: ByteStream,
  identities: readonly Identity[],
  options: { allowed: boolean },
  signal: AbortSignal,
): Promise<ByteStream> {
  const reader = new ByteReader(stream, signal);
  try {
    const wrapped = await readWrappedKey(reader, options.allowed);
    const iv = await reader.takeWhole(IV_BYTES);
    const key = await unwrap(wrapped, identities, signal);
    return expectWhole(
      reader.rest().pipeThrough(decryptCbc(key, iv)).pipeThrough(new DecompressionStream("gzip")),
    );
  } catch (error) {
    reader.cancel(error);
    throw error;
  }
}

async function readWrappedKey(reader: ByteReader, allowed: boolean): Promise<Bytes> {
  const head = await reader.takeWhole(HEAD_BYTES);
  if (!hasLegacyHead(head)) throw new Refusal("magic", "This is no backup of version 1");
  if (!allowed) {
    throw new Refusal("legacy", "This is a backup of version 1, in which nothing is authenticated", {
      hint: "--allow-legacy-v1 opens it all the same; compare what comes out with what you know",
    });
  }
  const length = new DataView(head.buffer, head.byteOffset).getUint32(10, true);
  if (length < 1 || length > MAX_WRAPPED_BYTES) {
    throw new Refusal("recipients", `This backup of version 1 is damaged: a wrapped key of ${length} bytes`);
  }
  return await reader.takeWhole(length);
}

function hasLegacyHead(head: Bytes): boolean {
  const major = head[MAGIC.length];
  return Buffer.compare(head.subarray(0, MAGIC.length), MAGIC) === 0 && (major === 0 || major === 1);
}

/** The file names no recipient, so every identity is tried. */
async function unwrap(wrapped: Bytes, identities: readonly Identity[], signal: AbortSignal): Promise<Bytes> {
  let cause: unknown;
  for (const identity of identities) {
    try {
      const key = await identity.unwrap("v1", wrapped, signal);
      if (key.length === KEY_BYTES) return key;
    } catch (error) {
      signal.throwIfAborted();
      cause = error;
    }
  }
  throw new Refusal("no-matching-key", "None of the private keys at hand opens this backup of version 1", {
    hint: "which key pair did the agent of that time have?",
    cause,
  });
}

function decryptCbc(key: Bytes, iv: Bytes): ByteTransform {
  const decipher = createDecipheriv("aes-256-cbc", key, iv);
  key.fill(0);
  return new TransformStream<Bytes, Bytes>({
    transform(piece, controller) {
      const plaintext = decipher.update(piece);
      if (plaintext.length > 0) controller.enqueue(new Uint8Array(plaintext));
    },
    flush(controller) {
      try {
        controller.enqueue(new Uint8Array(decipher.final()));
      } catch (cause) {
        throw refuseContent(cause);
      }
    },
  });
}

/** Gives failures of the decompressor a name; all others pass as they are. */
function expectWhole(dump: ByteStream): ByteStream {
  const reader = new ByteReader(dump);
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          const piece = await reader.some(Infinity);
          if (piece === null) controller.close();
          else controller.enqueue(piece);
        } catch (error) {
          throw error instanceof TypeError ? refuseContent(error) : error;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function refuseContent(cause: unknown): Refusal {
  return new Refusal(
    "legacy-content",
    "This backup of version 1 is damaged: it does not decrypt to a whole dump",
    {
      hint: "take another copy of it; do not use what came out",
      cause,
    },
  );
}
