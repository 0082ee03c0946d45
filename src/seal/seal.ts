import { type Bytes, type ByteStream, concat } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import { Carver, streamPieces, workOn } from "./carver.ts";
import {
  deriveCommitment,
  deriveKeys,
  deriveMetadataKey,
  type EnvelopeKeys,
  importFileKey,
  KEY_BYTES,
} from "./derive.ts";
import { headerMessage, parseHeader } from "./header.ts";
import type { Recipient } from "./key.ts";
import {
  encodePublicMetadata,
  encodeSealedMetadata,
  type PublicMetadata,
  type SealedMetadata,
} from "./metadata.ts";
import { sealPart } from "./note.ts";
import { encodeStanzas, MAX_RECIPIENTS, type Stanza } from "./stanza.ts";
import { encodeCore, SALT_BYTES, SEGMENT_LOG2 } from "./core.ts";
import { Chain, sealSegment, TAG_BYTES } from "./segment.ts";
import type { Signer } from "./signer.ts";
import { finalMessage, sealTrailer, type Summary } from "./trailer.ts";
import { Unlocked, trustAnyway } from "./unlock.ts";

/** What a new envelope is made of, but for its content. */
export interface SealOptions {
  metadata: PublicMetadata;
  sealedMetadata: SealedMetadata;
  recipients: readonly Recipient[];
  signer: Signer;
  /** Segments hold 2 to the power of this many bytes. @default 20 */
  segmentLog2?: number;
}

/** What is known of an envelope when all of it has been written. */
export interface SealEnd {
  segments: number;
  /** The running digest over all segments, in hex. */
  chain: string;
  /** Length of the whole envelope. */
  bytes: number;
}

/**
 * Begins an envelope: makes its key, wraps it for every recipient, and writes and signs the header.
 *
 * @throws {DbackedError} `config`, if there are no recipients or more than 64.
 */
export async function seal(options: SealOptions): Promise<Sealing> {
  checkRecipients(options.recipients);
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const { fileKey, stanzas } = await makeFileKey(options.recipients);
  const core = await writeCore(options, fileKey, salt);
  const coreHash = new Uint8Array(await crypto.subtle.digest("SHA-256", core));
  const keys = await deriveKeys(fileKey, salt, coreHash);
  const signed = concat(core, encodeStanzas(stanzas));
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", keys.mac, signed));
  const signature = await options.signer.sign(headerMessage(coreHash));
  const headerBytes = concat(signed, mac, signature);
  // Reading it back proves that every reader will take it.
  const header = await parseHeader(headerBytes);
  const unlocked = new Unlocked(trustAnyway(header), options.sealedMetadata, keys);
  return new Sealing(headerBytes, unlocked, keys, options.signer);
}

/** An envelope that is being written. It keeps its keys for the note and for reading back, until it is disposed of. */
export class Sealing implements AsyncDisposable {
  /** Opens this very envelope, so that it can be read back without a private key. */
  readonly unlocked: Unlocked;
  readonly #head: Bytes;
  readonly #keys: EnvelopeKeys;
  readonly #signer: Signer;
  readonly #ended = Promise.withResolvers<SealEnd>();
  #isStarted = false;

  constructor(head: Bytes, unlocked: Unlocked, keys: EnvelopeKeys, signer: Signer) {
    this.unlocked = unlocked;
    this.#head = head;
    this.#keys = keys;
    this.#signer = signer;
    // Nobody has to ask: a failure shows in the stream as well.
    this.#ended.promise.catch(() => {});
  }

  /** The backup's id: 32 hex digits. */
  get id(): string {
    return this.unlocked.header.id;
  }

  /** SHA-256 of the header's core, in hex. */
  get core(): string {
    return this.unlocked.header.core;
  }

  /** Length of the header. */
  get headerBytes(): number {
    return this.unlocked.header.headerBytes;
  }

  /** SHA-256 of the header, in hex. */
  get header(): string {
    return this.unlocked.header.digest;
  }

  /** Settles when the envelope has been read to its end, or has failed. */
  get ended(): Promise<SealEnd> {
    return this.#ended.promise;
  }

  /**
   * The envelope of `payload`, as a stream; once only, since no segment may ever be sealed twice. The trailer comes
   * only after `payload` has ended and `summary` is there: if either fails, the stream fails. A `summary` that is a
   * function is called when `payload` has ended.
   */
  envelope(payload: ByteStream, summary: Promise<Summary> | (() => Promise<Summary>)): ByteStream {
    if (this.#isStarted) throw new Error("an envelope can be written once only");
    this.#isStarted = true;
    // It may fail long before it is awaited.
    if (summary instanceof Promise) summary.catch(() => {});
    const carver = new Carver(payload, this.unlocked.header.segmentSize, 0);
    return streamPieces(this.#write(carver, summary), (reason) => {
      carver.cancel(reason);
      this.#ended.reject(reason);
    });
  }

  /** Seals the secret part of a manifest or a proof of this backup. */
  sealNote(payloadType: string, part: unknown): Promise<string> {
    return sealPart(this.#keys.manifest, this.unlocked.header.coreHash, payloadType, part);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.unlocked[Symbol.dispose]();
    this.#ended.reject(new Error("the envelope was given up"));
  }

  async *#write(
    carver: Carver,
    summary: Promise<Summary> | (() => Promise<Summary>),
  ): AsyncGenerator<Bytes, void, undefined> {
    const { coreHash } = this.unlocked.header;
    const chain = new Chain(coreHash);
    const sealNext = (piece: Bytes) => sealSegment(this.#keys.payload, chain.begin(piece.length), piece);
    let written = this.#head.length;
    yield this.#head;
    for await (const segment of workOn(carver, sealNext)) {
      chain.add(segment.digest);
      written += segment.bytes.length;
      yield segment.bytes;
    }
    if (carver.tail.length > 0) {
      const last = await sealNext(carver.tail);
      chain.add(last.digest);
      written += last.bytes.length;
      yield last.bytes;
    }
    const trailer = await this.#writeTrailer(
      chain,
      await (typeof summary === "function" ? summary() : summary),
    );
    const bytes = written + trailer.length;
    yield trailer;
    this.#ended.resolve({ segments: chain.segments, chain: chain.digest.toHex(), bytes });
  }

  async #writeTrailer(chain: Chain, summary: Summary): Promise<Bytes> {
    const unsigned = await sealTrailer(this.#keys.payload, chain, summary);
    const signature = await this.#signer.sign(finalMessage(this.unlocked.header.coreHash, unsigned));
    return concat(unsigned, signature);
  }
}

function checkRecipients(recipients: readonly Recipient[]): void {
  if (recipients.length >= 1 && recipients.length <= MAX_RECIPIENTS) return;
  throw new DbackedError(
    "config",
    `An envelope is sealed for 1 to ${MAX_RECIPIENTS} recipients, not ${recipients.length}`,
    { hint: "set `recipients` under [encryption]" },
  );
}

/** The bytes of the new key are gone when this returns. */
async function makeFileKey(
  recipients: readonly Recipient[],
): Promise<{ fileKey: CryptoKey; stanzas: readonly Stanza[] }> {
  const secret = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  try {
    const stanzas = await Promise.all(recipients.map((recipient) => wrapFor(recipient, secret)));
    return { fileKey: await importFileKey(secret), stanzas };
  } finally {
    secret.fill(0);
  }
}

async function wrapFor(recipient: Recipient, secret: Bytes): Promise<Stanza> {
  const { type, fingerprint } = recipient;
  return { type, fingerprint, body: await recipient.wrap(secret) };
}

async function writeCore(options: SealOptions, fileKey: CryptoKey, salt: Bytes): Promise<Bytes> {
  const sealedText = encodeSealedMetadata(options.sealedMetadata);
  const parts = {
    segmentLog2: options.segmentLog2 ?? SEGMENT_LOG2.default,
    salt,
    commitment: await deriveCommitment(fileKey, salt),
    signer: options.signer.publicKey,
    metadata: encodePublicMetadata(options.metadata),
  };
  const open = encodeCore(parts, sealedText.length + TAG_BYTES);
  const key = await deriveMetadataKey(fileKey, salt);
  const algorithm = { name: "AES-GCM", iv: new Uint8Array(12), additionalData: open };
  const sealed = await crypto.subtle.encrypt(algorithm, key, sealedText);
  return concat(open, new Uint8Array(sealed));
}
