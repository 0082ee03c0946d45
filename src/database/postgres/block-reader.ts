import { DbackedError } from "../../base/error.ts";

const TABLE_DATA = 1;
const LARGE_OBJECTS = 3;

/** What the next number in the data part means. */
type Expected = "type" | "id" | "object" | "length";

/**
 * Follows the blocks of data behind an archive's table of contents. A block is a type, an id and chunks with their
 * length before them, up to a length of 0; one of large objects repeats that for each object, up to an object 0.
 * Bytes are jumped over, not looked at: with no compression each row is a chunk, so this loop runs once a row.
 */
export class BlockReader {
  readonly #intSize: number;
  readonly #onEnd: (id: number) => void;
  #expected: Expected = "type";
  #isLargeObjects = false;
  #id = 0;
  /** Bytes of the current chunk that are still to come. */
  #skip = 0;
  /** Bytes of the current number that came, and their value. -1 stands before the sign. */
  #digit = -1;
  #value = 0;

  /** @param onEnd is called when a block has ended. */
  constructor(intSize: number, onEnd: (id: number) => void) {
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

  /** Jumps over the chunks that lie whole in `piece`: the same as push() does byte by byte, ten times as fast. */
  #jumpChunks(piece: Uint8Array, start: number): number {
    if (this.#skip > 0 || this.#intSize !== 4) return start;
    let at = start;
    while (at + 5 <= piece.length) {
      const length =
        (piece[at + 1] ?? 0) |
        ((piece[at + 2] ?? 0) << 8) |
        ((piece[at + 3] ?? 0) << 16) |
        ((piece[at + 4] ?? 0) << 24);
      const next = at + 5 + length;
      if (length <= 0 || next > piece.length) break;
      at = next;
    }
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
        if (value > 0) return;
        if (this.#isLargeObjects) this.#expected = "object";
        else this.#endBlock();
        return;
      case "type":
        throw new Error("a type is no number");
    }
  }

  #endBlock(): void {
    this.#expected = "type";
    this.#onEnd(this.#id);
  }
}
