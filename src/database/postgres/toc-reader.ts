import { concat, type Bytes } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { Cursor, readEntry, readHeader, Short, type ArchiveHeader, type TocEntry } from "./archive.ts";

/** An entry longer than this is no entry: the length was misread. Function bodies and views are in entries. */
const LONGEST_ENTRY = 256 * 1024 * 1024;

/** Reads an archive's header and table of contents out of a stream, and keeps no more of it than one entry. */
export class TocReader {
  header: ArchiveHeader | null = null;
  readonly #onEntry: (entry: TocEntry) => void;
  #rest: Bytes = new Uint8Array(0);
  /** How long `#rest` must be before it is worth another try. */
  #worthwhile = 0;
  #pieces: Bytes[] = [];
  #size = 0;
  #left = Number.POSITIVE_INFINITY;

  constructor(onEntry: (entry: TocEntry) => void) {
    this.#onEntry = onEntry;
  }

  /** True once the last entry was read. */
  get isDone(): boolean {
    return this.#left === 0;
  }

  /**
   * Takes the next bytes.
   *
   * @returns what of them belongs to the data after the table of contents; null while that is not reached.
   * @throws {DbackedError} `damaged`, if this cannot be an archive.
   */
  push(piece: Bytes): Bytes | null {
    this.#pieces.push(piece);
    this.#size += piece.length;
    // Doubling keeps the cost of a very long entry in proportion to its length.
    return this.#size < this.#worthwhile ? null : this.#try();
  }

  /** Makes do with the bytes that came: the archive has ended. The same as push() otherwise. */
  flush(): Bytes | null {
    return this.#try();
  }

  #try(): Bytes | null {
    this.#rest = concat(...this.#pieces);
    const at = this.#readAll();
    const rest = this.#rest.subarray(at);
    if (this.isDone) return rest;
    if (rest.length > LONGEST_ENTRY)
      throw new DbackedError("damaged", "the dump's table of contents is damaged");
    this.#worthwhile = at === 0 ? 2 * rest.length : 0;
    this.#pieces = [rest];
    this.#size = rest.length;
    return null;
  }

  /** Reads whole entries and says where the first that is not whole begins. */
  #readAll(): number {
    let at = 0;
    try {
      if (this.header === null) {
        const { header, end } = readHeader(this.#rest);
        this.header = header;
        this.#left = header.entries;
        at = end;
      }
      const cursor = new Cursor(this.#rest, this.header.intSize);
      cursor.at = at;
      while (this.#left > 0) {
        const entry = readEntry(cursor, this.header);
        at = cursor.at;
        this.#left -= 1;
        this.#onEntry(entry);
      }
    } catch (error) {
      if (!(error instanceof Short)) throw error;
    }
    return at;
  }
}
