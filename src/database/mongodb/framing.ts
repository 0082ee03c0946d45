import { concat, type Bytes } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";

/** The first four bytes of every archive. */
const MAGIC = 0x8199e26d;

/** Four bytes that end a block. */
const TERMINATOR = 0xffffffff;

const SMALLEST_DOCUMENT = 5;

/** What mongorestore reads at most: a larger document could be dumped, but not restored. */
const LARGEST_DOCUMENT = 16 * 1024 * 1024;

/** Who makes sense of the documents and blocks. */
export interface BlockReader {
  /** True if the next document describes something, and must be seen whole; else its bytes only pass. */
  expectsDescription(): boolean;
  describe(document: Bytes): void;
  /** Bytes of documents, from `start` up to `end`, in which that many of them end. */
  pass(piece: Uint8Array, start: number, end: number, documents: number): void;
  endBlock(): void;
}

/**
 * Cuts an archive into blocks: documents, each with its length in front, up to a terminator. Documents that only pass
 * are jumped over, not copied: this loop runs once a document.
 */
export class Framing {
  readonly #reader: BlockReader;
  #hasMagic = false;
  /** The number that is being read: a length, or a terminator. */
  readonly #number = new Uint8Array(4);
  #digits = 0;
  /** Bytes of the current document that are still to come. */
  #rest = 0;
  /** What has come of a document that must be seen whole. */
  #held: Uint8Array[] | null = null;

  constructor(reader: BlockReader) {
    this.#reader = reader;
  }

  /** True if no document and no number is cut. */
  get isBetweenDocuments(): boolean {
    return this.#hasMagic && this.#digits === 0 && this.#rest === 0;
  }

  /** @throws {DbackedError} `damaged`, if these bytes cannot be part of an archive. */
  push(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#rest > 0) {
        at = this.#continueDocument(piece, at);
        continue;
      }
      const mayJump = this.#hasMagic && this.#digits === 0 && !this.#reader.expectsDescription();
      if (mayJump) at = this.#jumpDocuments(piece, at);
      if (at < piece.length) at = this.#readNumber(piece, at);
    }
  }

  /** Jumps over the documents that lie whole in `piece`. */
  #jumpDocuments(piece: Uint8Array, start: number): number {
    let at = start;
    let documents = 0;
    while (at + 4 <= piece.length) {
      const size = numberAt(piece, at);
      const next = at + size;
      if (size < SMALLEST_DOCUMENT || size > LARGEST_DOCUMENT || next > piece.length) break;
      if (piece[next - 1] !== 0) throw unended();
      documents += 1;
      at = next;
    }
    if (documents > 0) this.#reader.pass(piece, start, at, documents);
    return at;
  }

  #readNumber(piece: Uint8Array, at: number): number {
    this.#number[this.#digits] = piece[at] ?? 0;
    this.#digits += 1;
    if (this.#digits === 4) {
      this.#digits = 0;
      this.#takeNumber(numberAt(this.#number, 0));
    }
    return at + 1;
  }

  #takeNumber(number: number): void {
    if (!this.#hasMagic) {
      if (number !== MAGIC) throw new DbackedError("damaged", "the dump is no mongodump archive");
      this.#hasMagic = true;
    } else if (number === TERMINATOR) {
      this.#reader.endBlock();
    } else {
      if (number < SMALLEST_DOCUMENT || number > LARGEST_DOCUMENT)
        throw new DbackedError(
          "damaged",
          `the dump holds a document of an impossible size (${number} bytes)`,
        );
      this.#rest = number - 4;
      if (this.#reader.expectsDescription()) this.#held = [this.#number.slice()];
      else this.#reader.pass(this.#number, 0, 4, 0);
    }
  }

  #continueDocument(piece: Uint8Array, at: number): number {
    const step = Math.min(this.#rest, piece.length - at);
    const end = at + step;
    this.#rest -= step;
    const isEnd = this.#rest === 0;
    if (isEnd && piece[end - 1] !== 0) throw unended();
    if (this.#held === null) {
      this.#reader.pass(piece, at, end, isEnd ? 1 : 0);
    } else {
      // The piece itself goes on to others.
      this.#held.push(piece.slice(at, end));
      if (isEnd) {
        const document = concat(...this.#held);
        this.#held = null;
        this.#reader.describe(document);
      }
    }
    return end;
  }
}

function numberAt(piece: Uint8Array, at: number): number {
  const low = (piece[at] ?? 0) | ((piece[at + 1] ?? 0) << 8) | ((piece[at + 2] ?? 0) << 16);
  return (low | ((piece[at + 3] ?? 0) << 24)) >>> 0;
}

function unended(): DbackedError {
  return new DbackedError("damaged", "the dump holds a document without an end");
}
