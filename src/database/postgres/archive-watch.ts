import type { Bytes } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import type { TableRows } from "../database.ts";
import type { TocEntry } from "./archive.ts";
import { BlockReader } from "./block-reader.ts";
import { qualified } from "./psql.ts";
import { TocReader } from "./toc-reader.ts";

/** Reads an archive as it passes, and knows at its end whether it is whole: no half dump becomes a backup. */
export class ArchiveWatch {
  readonly #toc: TocReader;
  #blocks: BlockReader | null = null;
  /** The entries whose data has not come yet, by their ids. */
  readonly #pending = new Map<number, Pending>();
  readonly #tableRows: TableRows[] = [];
  #created = 0;
  #loaded = 0;

  constructor() {
    this.#toc = new TocReader(({ id, kind, tag, schema, hasData, isCopy }) => {
      if (kind === "TABLE") this.#created += 1;
      if (kind === "TABLE DATA") this.#loaded += 1;
      if (hasData) this.#pending.set(id, { kind, schema, tag, isCopy });
    });
  }

  /** The rows of each table, where they could be counted. */
  get tableRows(): readonly TableRows[] {
    return this.#tableRows;
  }

  /** The rows of all tables; null if one could not be counted. */
  get rows(): number | null {
    if (this.#tableRows.length < this.#loaded) return null;
    return this.#tableRows.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** How many tables the archive holds; of a dump of rows only, those that have rows. */
  get tables(): number {
    return Math.max(this.#created, this.#loaded);
  }

  /** @throws {DbackedError} `damaged`, if these bytes cannot be part of an archive. */
  see(piece: Bytes): void {
    // The reader keeps what it has not understood yet, and the piece itself goes on to others.
    if (this.#blocks === null) this.#startBlocks(this.#toc.push(piece.slice()));
    else this.#blocks.push(piece);
  }

  /** @throws {DbackedError} `damaged`, if the archive is not whole. */
  end(): void {
    if (this.#blocks === null) this.#startBlocks(this.#toc.flush());
    if (this.#blocks === null)
      throw new DbackedError("damaged", "the dump ends inside its table of contents");
    const [missing] = this.#pending.values();
    if (missing !== undefined)
      throw new DbackedError(
        "damaged",
        `the dump lacks data of ${this.#pending.size} objects, such as ${missing.kind} ${nameOf(missing)}`,
      );
    if (!this.#blocks.isBetweenBlocks)
      throw new DbackedError("damaged", "the dump ends inside a block of data");
  }

  /** @param data the first bytes behind the table of contents; null if that is not read yet. */
  #startBlocks(data: Bytes | null): void {
    if (data === null) return;
    this.#blocks = new BlockReader(this.#toc.header?.intSize ?? 4, (id, rows) => this.#endBlock(id, rows));
    this.#blocks.push(data);
  }

  #endBlock(id: number, rows: number | null): void {
    const entry = this.#pending.get(id);
    if (entry === undefined)
      throw new DbackedError("damaged", `the dump holds data of an object that it does not list (${id})`);
    this.#pending.delete(id);
    if (entry.kind === "TABLE DATA" && entry.isCopy && rows !== null)
      this.#tableRows.push({ table: nameOf(entry), rows, kind: "exact" });
  }
}

type Pending = Pick<TocEntry, "kind" | "schema" | "tag" | "isCopy">;

function nameOf({ schema, tag }: Pending): string {
  return schema === "" ? tag : qualified(schema, tag);
}
