import { type Bytes, type ByteStream, collect } from "../base/bytes.ts";
import { Carver, streamPieces, workOn } from "./carver.ts";
import { type Header, MAX_HEADER_BYTES, readHeader } from "./header.ts";
import { refuseCut } from "./refusal.ts";
import { Chain, checkLength, digestSegment, TAG_BYTES } from "./segment.ts";
import { checkChain, parseTrailer, type Trailer, TRAILER_BYTES, verifyTrailer } from "./trailer.ts";

/** An envelope that can be read from any place, such as a file, or the volumes in a store. */
export interface Source {
  /** Length of the whole envelope. */
  readonly size: number;
  /** The bytes [start, end). */
  read(start: number, end: number, signal: AbortSignal): Promise<ByteStream>;
}

/** What all segments of an envelope add up to. */
export interface Scan {
  segments: number;
  plaintextBytes: number;
  /** The running digest over all segments, in hex. */
  chain: string;
  /** 16 bytes of each segment's digest: by these a second pass knows the segments again. */
  marks: Bytes;
}

export const MARK_BYTES = 16;

/** Reads no more than the header of a source. @throws {Refusal} as `readHeader()` does. */
export async function readSourceHeader(source: Source, signal: AbortSignal): Promise<Header> {
  const stream = await source.read(0, Math.min(source.size, MAX_HEADER_BYTES), signal);
  const { header, body } = await readHeader(stream, signal);
  await body.cancel();
  return header;
}

/**
 * Verifies the end of a source as far as that goes without a key.
 *
 * @throws {Refusal} `truncated`, `too-long`, `trailer` or `final-signature`
 */
export async function readTrailer(source: Source, header: Header, signal: AbortSignal): Promise<Trailer> {
  const found = measure(source.size - header.headerBytes - TRAILER_BYTES, header.segmentSize);
  const stream = await source.read(source.size - TRAILER_BYTES, source.size, signal);
  const trailer = parseTrailer(await collect(stream, TRAILER_BYTES));
  await verifyTrailer(trailer, header, found);
  return trailer;
}

/**
 * Verifies all of a source as far as that goes without a key: that it holds the very segments that its signer signed.
 *
 * @throws {Refusal} as `readTrailer()` does; `chain`, if a segment is not the one that was signed.
 */
export async function scanSource(source: Source, header: Header, signal: AbortSignal): Promise<Scan> {
  return await scanSegments(source, header, await readTrailer(source, header, signal), signal);
}

/** The same for a source whose trailer was verified already. @throws {Refusal} `chain` */
export async function scanSegments(
  source: Source,
  header: Header,
  trailer: Trailer,
  signal: AbortSignal,
): Promise<Scan> {
  const stream = await source.read(header.headerBytes, source.size - TRAILER_BYTES, signal);
  const carver = new Carver(stream, header.segmentSize + TAG_BYTES, 0, signal);
  const chain = new Chain(header.coreHash);
  const marks = new Uint8Array(trailer.segments * MARK_BYTES);
  let index = 0;
  const accept = (digest: Bytes) => {
    chain.add(digest);
    // A source that gives more than it was asked for is found out by the chain.
    if (index < trailer.segments) marks.set(digest.subarray(0, MARK_BYTES), index * MARK_BYTES);
    index += 1;
  };
  for await (const digest of workOn(carver, digestSegment)) accept(digest);
  if (carver.tail.length > 0) accept(await digestSegment(carver.tail));
  checkChain(trailer, chain);
  return {
    segments: trailer.segments,
    plaintextBytes: trailer.plaintextBytes,
    chain: chain.digest.toHex(),
    marks,
  };
}

/**
 * All of a source, as it is, for a copy of it: `head` is its header, which was read before, as its trailer was. The stream
 * ends only if these are the very segments that its signer signed, else it fails with `chain`.
 */
export async function passSource(
  source: Source,
  { head, header, trailer }: { head: Bytes; header: Header; trailer: Trailer },
  signal: AbortSignal,
): Promise<ByteStream> {
  const stream = await source.read(head.length, source.size - TRAILER_BYTES, signal);
  const carver = new Carver(stream, header.segmentSize + TAG_BYTES, 0, signal);
  return streamPieces(pass(carver, { head, header, trailer }), (reason) => carver.cancel(reason));
}

/** The trailer, without which there is no envelope, comes only after all segments have been found right. */
async function* pass(
  carver: Carver,
  { head, header, trailer }: { head: Bytes; header: Header; trailer: Trailer },
): AsyncGenerator<Bytes, void, undefined> {
  const chain = new Chain(header.coreHash);
  yield head;
  for await (const { bytes, digest } of workOn(carver, digestCopy)) {
    chain.add(digest);
    yield bytes;
  }
  if (carver.tail.length > 0) {
    const { bytes, digest } = await digestCopy(carver.tail);
    chain.add(digest);
    yield bytes;
  }
  checkChain(trailer, chain);
  yield trailer.raw;
}

/** What the carver gives is gone with the next piece. */
async function digestCopy(piece: Bytes): Promise<{ bytes: Bytes; digest: Bytes }> {
  const bytes = piece.slice();
  return { bytes, digest: await digestSegment(bytes) };
}

/** Where segment `index` of an envelope of `size` bytes lies: its first byte, and the one behind its last. */
export function segmentRange(
  size: number,
  header: Pick<Header, "headerBytes" | "segmentSize">,
  index: number,
): { start: number; end: number } {
  const whole = header.segmentSize + TAG_BYTES;
  const start = header.headerBytes + index * whole;
  return { start, end: Math.min(start + whole, size - TRAILER_BYTES) };
}

/** How many segments, and bytes in them, fit `length` bytes between header and trailer. */
export function measure(length: number, segmentSize: number): { segments: number; plaintextBytes: number } {
  const segments = Math.ceil(length / (segmentSize + TAG_BYTES));
  const last = length - (segments - 1) * (segmentSize + TAG_BYTES);
  if (length < 0 || (segments > 0 && last <= TAG_BYTES)) throw refuseCut();
  const plaintextBytes = length - segments * TAG_BYTES;
  checkLength(segments, plaintextBytes);
  return { segments, plaintextBytes };
}
