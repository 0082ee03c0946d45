import { DbackedError } from "../../base/error.ts";

const TABLE_DATA = 1;
const LARGE_OBJECTS = 3;

const NEWLINE = 10;

/** The length of what pg_dump writes behind the rows of a table: a backslash, a full stop and three newlines. */
const COPY_END = 5;

/** What the next number in the data part means. */
type Expected = "type" | "id" | "object" | "length";

/**
 * Follows the blocks of data behind an archive's table of contents. A block is a type, an id and chunks with their
 * length before them, up to a length of 0; one of large objects repeats that for each object, up to an object 0.
 * Bytes are jumped over, not looked at, so this loop runs once a chunk.
 *
 * Without compression pg_dump up to 18 writes a chunk for each row of COPY and one for its end: the server sends a row in
 * each message, and pg_dump hands it on as it comes. Chunks are counted as rows only where that is seen to be so: each
 * ends with a newline, which a row has nowhere else, and the first one has no other. A pg_dump that gathers rows into
 * larger chunks, or writes something else than rows, is found out by that, and not counted.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
export class BlockReader {
  readonly #intSize: number;
  readonly #onEnd: (id: number, rows: number | null) => void;
  #expected: Expected = "type";
  #isLargeObjects = false;
  #id = 0;
  /** Bytes of the current chunk that are still to come. */
  #skip = 0;
  /** Bytes of the current number that came, and their value. -1 stands before the sign. */
  #digit = -1;
  #value = 0;
  /** Chunks of the current block, whether they look like rows, and the length of the last one. */
  #chunks = 0;
  #areRows = true;
  #length = 0;

  /** @param onEnd is called when a block has ended, with the rows in it if it holds those of a table; null if they cannot be counted. */
  constructor(intSize: number, onEnd: (id: number, rows: number | null) => void) {
    this.#intSize = intSize;
    this.#onEnd = onEnd;
  }

  /** True between two blocks: the only place where an archive may end. */
  get isBetweenBlocks(): boolean {
    return this.#expected === "type";
  }

  /** @throws {DbackedError} `damaged`, if these bytes cannot be blocks. */
  push(piece: Uint8Array): void {
    const end = piece.length;
    let at = 0;
    while (at < end) {
      if (this.#digit < 0 && this.#expected === "length") at = this.#jumpChunks(piece, at);
      if (at === end) return;
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, end - at);
        this.#skip -= step;
        this.#judgeChunk(piece, at, at + step);
        at += step;
      } else if (this.#expected === "type") {
        this.#startBlock(piece[at] ?? 0);
        at += 1;
      } else if (this.#readDigit(piece[at] ?? 0)) {
        at += 1;
        this.#takeNumber();
      } else {
        at += 1;
      }
    }
  }

  /** Looks whether a part of a chunk is one of a row: only the first chunk is looked at everywhere. */
  #judgeChunk(piece: Uint8Array, from: number, to: number): void {
    const end = this.#skip === 0 ? to - 1 : to;
    if (this.#skip === 0 && piece[end] !== NEWLINE) this.#areRows = false;
    if (this.#chunks > 1 || this.#length === COPY_END) return;
    const newline = piece.indexOf(NEWLINE, from);
    if (newline !== -1 && newline < end) this.#areRows = false;
  }

  /**
   * Jumps over the chunks that lie whole in `piece`, but for the first of a block: the same as push() does byte by byte,
   * ten times as fast.
   */
  #jumpChunks(piece: Uint8Array, start: number): number {
    if (this.#skip > 0 || this.#intSize !== 4 || this.#chunks === 0) return start;
    let at = start;
    let chunks = 0;
    let notRows = 0;
    let last = this.#length;
    while (at + 5 <= piece.length) {
      const length =
        (piece[at + 1] ?? 0) |
        ((piece[at + 2] ?? 0) << 8) |
        ((piece[at + 3] ?? 0) << 16) |
        ((piece[at + 4] ?? 0) << 24);
      const next = at + 5 + length;
      if (length <= 0 || next > piece.length) break;
      if (piece[next - 1] !== NEWLINE) notRows += 1;
      chunks += 1;
      last = length;
      at = next;
    }
    this.#chunks += chunks;
    this.#length = last;
    if (notRows > 0) this.#areRows = false;
    return at;
  }

  #startBlock(type: number): void {
    if (type !== TABLE_DATA && type !== LARGE_OBJECTS)
      throw new DbackedError("damaged", `the dump holds a block of an unknown type (${type})`);
    this.#isLargeObjects = type === LARGE_OBJECTS;
    this.#expected = "id";
  }

  /** Takes one byte of a number: its sign, then its bytes, the lowest first. True if it is the last one. */
  #readDigit(byte: number): boolean {
    if (this.#digit >= 0) this.#value += byte * 2 ** (8 * this.#digit);
    this.#digit += 1;
    return this.#digit === this.#intSize;
  }

  #takeNumber(): void {
    const value = this.#value;
    this.#value = 0;
    this.#digit = -1;
    switch (this.#expected) {
      case "id":
        this.#id = value;
        this.#expected = this.#isLargeObjects ? "object" : "length";
        return;
      case "object":
        if (value === 0) this.#endBlock();
        else this.#expected = "length";
        return;
      case "length":
        this.#skip = value;
        if (value > 0) return this.#startChunk(value);
        if (this.#isLargeObjects) this.#expected = "object";
        else this.#endBlock();
        return;
      case "type":
        throw new Error("a type is no number");
    }
  }

  #startChunk(length: number): void {
    this.#chunks += 1;
    this.#length = length;
  }

  #endBlock(): void {
    const isCounted = this.#areRows && !this.#isLargeObjects && this.#length === COPY_END;
    const rows = isCounted ? this.#chunks - 1 : null;
    this.#expected = "type";
    this.#chunks = 0;
    this.#areRows = true;
    this.#length = 0;
    this.#onEnd(this.#id, rows);
  }
}
