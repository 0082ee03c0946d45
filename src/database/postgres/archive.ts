import { DbackedError } from "../../base/error.ts";

/**
 * The head of a pg_dump archive in the custom format, versions 1.12 to 1.16: what pg_dump 9.0 to 18 write.
 *
 * @see https://www.postgresql.org/docs/current/app-pgdump.html and pg_restore's source for the layout
 */
export interface ArchiveHeader {
  version: { minor: number };
  /** The size of integers and of file offsets in this archive, in bytes. */
  intSize: number;
  offsetSize: number;
  database: string;
  serverVersion: string;
  dumpVersion: string;
  /** How many entries the table of contents has. */
  entries: number;
}

/** One line of the table of contents. Texts that the archive leaves out are empty here. */
export interface TocEntry {
  id: number;
  /** The numbers of its catalog and of itself there, as in `2606 16420`; `0 0` if it is about another entry. */
  object: string;
  /** The ids of entries that it depends on. */
  needs: readonly number[];
  /** True if a block of data of this id must follow the table of contents. */
  hasData: boolean;
  /** The object's name, or `TABLE orders` where the entry is about another object. */
  tag: string;
  /** The kind of object in capitals: `TABLE`, `TABLE DATA`, `ACL`. */
  kind: string;
  definition: string;
  /** True if the data are rows as COPY writes them. */
  isCopy: boolean;
  schema: string;
  tablespace: string;
  owner: string;
}

const MAGIC = "PGDMP";
const CUSTOM_FORMAT = 1;
const OLDEST_MINOR = 12;
const NEWEST_MINOR = 16;
/** The flag of an entry's file offset which says that it has no data. */
const OFFSET_NO_DATA = 3;

/** The bytes at hand end inside of what is read. */
export class Short extends Error {}

/** Reads the archive's basic types from bytes at hand. */
export class Cursor {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #intSize: number;
  static readonly #decoder = new TextDecoder();

  constructor(bytes: Uint8Array, intSize: number) {
    this.#bytes = bytes;
    this.#intSize = intSize;
  }

  byte(): number {
    const value = this.#bytes[this.at];
    if (value === undefined) throw new Short();
    this.at += 1;
    return value;
  }

  /** A sign, then the bytes of the number, the lowest first. */
  int(): number {
    const sign = this.byte();
    let value = 0;
    for (let index = 0; index < this.#intSize; index += 1) value += this.byte() * 2 ** (8 * index);
    return sign === 0 ? value : -value;
  }

  /** A text; null if the archive says that there is none. */
  textOrNull(): string | null {
    const length = this.int();
    return length < 0 ? null : Cursor.#decoder.decode(this.take(length));
  }

  text(): string {
    return this.textOrNull() ?? "";
  }

  take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new Short();
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}

/**
 * Reads the header; the cursor's `at` is then where the table of contents begins.
 *
 * @throws {DbackedError} `damaged`, if these bytes are no archive, or one of a version that is not known.
 */
export function readHeader(bytes: Uint8Array): { header: ArchiveHeader; end: number } {
  const start = new Cursor(bytes, 4);
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (!MAGIC.startsWith(magic)) throw new DbackedError("damaged", "the dump is no pg_dump archive");
  start.take(MAGIC.length);
  const [major, minor] = [start.byte(), start.byte()];
  start.byte();
  const [intSize, offsetSize, format] = [start.byte(), start.byte(), start.byte()];
  if (major !== 1 || minor < OLDEST_MINOR || minor > NEWEST_MINOR)
    throw new DbackedError(
      "damaged",
      `the dump is a pg_dump archive of version ${major}.${minor}, which is not known`,
    );
  if (format !== CUSTOM_FORMAT || intSize > 6 || offsetSize > 8)
    throw new DbackedError("damaged", "the dump is no pg_dump archive in the custom format");
  const cursor = new Cursor(bytes, intSize);
  cursor.at = start.at;
  // The kind of compression, then the time in seven parts.
  if (minor >= 15) cursor.byte();
  else cursor.int();
  for (let part = 0; part < 7; part += 1) cursor.int();
  const [database, serverVersion, dumpVersion] = [cursor.text(), cursor.text(), cursor.text()];
  const entries = cursor.int();
  const header = { version: { minor }, intSize, offsetSize, database, serverVersion, dumpVersion, entries };
  return { header, end: cursor.at };
}

/** Reads one entry of the table of contents. */
export function readEntry(cursor: Cursor, header: ArchiveHeader): TocEntry {
  const { minor } = header.version;
  const id = cursor.int();
  const hasDumper = cursor.int() !== 0;
  const object = `${cursor.text()} ${cursor.text()}`;
  const [tag, kind] = [cursor.text(), cursor.text()];
  // The section.
  cursor.int();
  const definition = cursor.text();
  // The statement that drops it, then the one that loads its rows.
  cursor.text();
  const isCopy = cursor.text() !== "";
  const [schema, tablespace] = [cursor.text(), cursor.text()];
  // The table's access method and kind of relation.
  if (minor >= 14) cursor.text();
  if (minor >= 16) cursor.int();
  const owner = cursor.text();
  // "With OIDs".
  cursor.text();
  const needs: number[] = [];
  for (let need = cursor.textOrNull(); need !== null; need = cursor.textOrNull()) needs.push(Number(need));
  const offsetFlag = cursor.byte();
  cursor.take(header.offsetSize);
  const hasData = hasDumper && offsetFlag !== OFFSET_NO_DATA;
  return { id, object, needs, hasData, tag, kind, definition, isCopy, schema, tablespace, owner };
}
