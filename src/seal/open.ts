import type { Bytes, ByteStream } from "../base/bytes.ts";
import { Carver, streamPieces, workOn } from "./carver.ts";
import { Refusal } from "./refusal.ts";
import { Chain, openSegment, TAG_BYTES } from "./segment.ts";
import { MARK_BYTES, measure, readTrailer, type Scan, scanSegments, type Source } from "./source.ts";
import {
  checkChain,
  openSummary,
  parseTrailer,
  type ReadSummary,
  type Trailer,
  TRAILER_BYTES,
  verifyTrailer,
} from "./trailer.ts";
import type { Unlocked } from "./unlock.ts";

/** What is known of an envelope when all of it has been verified. */
export interface Ending extends ReadSummary {
  segments: number;
  /** Length of the plaintext: the dump as it was compressed. */
  plaintextBytes: number;
  /** The running digest over all segments, in hex. */
  chain: string;
}

/** An envelope that is being opened. */
export interface Opened {
  /** Plaintext, in whole verified segments. It ends only if everything was verified; the last segment waits for that. */
  readonly bytes: ByteStream;
  /** What the trailer of a source says; null for a stream, whose trailer comes last. */
  readonly summary: ReadSummary | null;
  /** Settles when `bytes` has ended, or has failed. */
  readonly ended: Promise<Ending>;
}

/** The end of a source, verified before anything was streamed. */
export interface CheckedTrailer {
  trailer: Trailer;
  summary: ReadSummary;
}

/** What is known of a source before it is streamed, and must still be true then. */
interface Expected extends CheckedTrailer {
  scan: Scan | null;
}

/**
 * Verifies the end of a source before anything is streamed: this finds truncation, extension and a foreign trailer,
 * and says nothing of the segments.
 *
 * @throws {Refusal} `truncated`, `too-long`, `trailer`, `final-signature` or `summary`
 */
export async function checkTrailer(
  source: Source,
  unlocked: Unlocked,
  signal: AbortSignal,
): Promise<CheckedTrailer> {
  const trailer = await readTrailer(source, unlocked.header, signal);
  return { trailer, summary: await openSummary(unlocked.keys.payload, trailer) };
}

/**
 * Opens a source, whose trailer is verified first. With `twoPass`, all of it is read once before anything is given
 * out, and only the segments that were signed are: otherwise another holder of the file key could have sealed some
 * anew, which shows at the end only. It is due if several recipients can open the envelope, or its plaintext goes
 * to a program that cannot be stopped.
 *
 * @throws {Refusal} as `checkTrailer()` and `scanSource()` do; the stream fails with `segment`, `chain` or `changed`.
 */
export async function openSource(
  source: Source,
  unlocked: Unlocked,
  options: { twoPass: boolean },
  signal: AbortSignal,
): Promise<Opened> {
  const checked = await checkTrailer(source, unlocked, signal);
  const { header } = unlocked;
  const scan = options.twoPass ? await scanSegments(source, header, checked.trailer, signal) : null;
  const stream = await source.read(header.headerBytes, source.size, signal);
  return open(stream, unlocked, { ...checked, scan }, signal);
}

/** Opens what follows the header in a stream that can be read once only. Whoever holds the file key is trusted. */
export function openStream(body: ByteStream, unlocked: Unlocked, signal: AbortSignal): Opened {
  return open(body, unlocked, null, signal);
}

function open(body: ByteStream, unlocked: Unlocked, expected: Expected | null, signal: AbortSignal): Opened {
  const ended = Promise.withResolvers<Ending>();
  // Nobody has to ask: a failure shows in the stream as well.
  ended.promise.catch(() => {});
  // One byte more than a trailer tells a full last segment from one that others follow.
  const carver = new Carver(body, unlocked.header.segmentSize + TAG_BYTES, TRAILER_BYTES + 1, signal);
  const bytes = streamPieces(release(carver, unlocked, expected, ended.resolve), (reason) => {
    carver.cancel(reason);
    ended.reject(reason);
  });
  return { bytes, summary: expected?.summary ?? null, ended: ended.promise };
}

async function* release(
  carver: Carver,
  unlocked: Unlocked,
  expected: Expected | null,
  done: (ending: Ending) => void,
): AsyncGenerator<Bytes, void, undefined> {
  const { header, keys } = unlocked;
  const chain = new Chain(header.coreHash);
  const openNext = (piece: Bytes) => openSegment(keys.payload, chain.begin(piece.length - TAG_BYTES), piece);
  let index = 0;
  for await (const { plaintext, digest } of workOn(carver, openNext)) {
    checkMark(expected, index, digest);
    chain.add(digest);
    index += 1;
    yield plaintext;
  }
  const { last, trailer } = splitTail(carver.tail, header.segmentSize);
  if (expected !== null && Buffer.compare(expected.trailer.raw, trailer.raw) !== 0) throw refuseChanged();
  const opened = last.length > 0 ? await openNext(last) : null;
  if (opened !== null) {
    checkMark(expected, index, opened.digest);
    chain.add(opened.digest);
  }
  await verifyTrailer(trailer, header, chain);
  checkChain(trailer, chain);
  const summary = await openSummary(keys.payload, trailer);
  if (opened !== null) yield opened.plaintext;
  const { segments, plaintextBytes } = chain;
  done({ ...summary, segments, plaintextBytes, chain: chain.digest.toHex() });
}

function splitTail(tail: Bytes, segmentSize: number): { last: Bytes; trailer: Trailer } {
  const length = tail.length - TRAILER_BYTES;
  measure(length, segmentSize);
  return { last: tail.subarray(0, length), trailer: parseTrailer(tail.slice(length)) };
}

function checkMark(expected: Expected | null, index: number, digest: Bytes): void {
  if (expected === null || expected.scan === null) return;
  const mark = expected.scan.marks.subarray(index * MARK_BYTES, (index + 1) * MARK_BYTES);
  if (Buffer.compare(mark, digest.subarray(0, MARK_BYTES)) !== 0) throw refuseChanged();
}

function refuseChanged(): Refusal {
  return new Refusal("changed", "The envelope was changed while it was being read", {
    hint: "who else writes to where it is kept?",
  });
}
