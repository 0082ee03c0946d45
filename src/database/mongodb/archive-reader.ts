import type { Bytes } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { readFields, textIn, type Fields } from "./bson.ts";
import { Crc64 } from "./crc64.ts";
import { Framing, type BlockReader } from "./framing.ts";

/** What mongodump 100 calls its format. */
const FORMAT = "0.1";

/** What the data of a time series are kept in, before MongoDB 8.3. */
const BUCKETS = "system.buckets.";

/** What an archive says of a collection. */
export interface Namespace {
  /** Empty for the oplog, which belongs to none. */
  database: string;
  collection: string;
  type: "collection" | "view" | "timeseries" | "oplog";
  /** How many documents came so far; of a time series these are buckets of many measurements. */
  documents: number;
}

interface Open extends Namespace {
  crc: Crc64;
  hasEnded: boolean;
}

/** What the next document of an archive is. */
type Expected = "header" | "metadata" | "namespace" | "documents";

/**
 * Reads an archive of mongodump as it passes, and knows at its end whether it is whole. First comes the prelude: a
 * header, and a description of each collection. Then blocks of documents, each behind the name of its collection; blocks
 * of several collections alternate. A block that says so is the end of its collection, with the CRC of its documents.
 *
 * @see common/archive of https://github.com/mongodb/mongo-tools
 */
export class ArchiveReader {
  readonly #framing: Framing;
  readonly #namespaces = new Map<string, Open>();
  #expected: Expected = "header";
  #current: Open | null = null;
  #serverVersion = "";

  constructor() {
    const blocks: BlockReader = {
      expectsDescription: () => this.#expected !== "documents",
      describe: (document) => this.#describe(document),
      pass: (piece, start, end, documents) => this.#pass(piece, start, end, documents),
      endBlock: () => this.#endBlock(),
    };
    this.#framing = new Framing(blocks);
  }

  /** True once all collections of the archive are known. */
  get hasPrelude(): boolean {
    return this.#expected === "namespace" || this.#expected === "documents";
  }

  get namespaces(): readonly Namespace[] {
    return [...this.#namespaces.values()];
  }

  /** The version of the server that was dumped. */
  get serverVersion(): string {
    return this.#serverVersion;
  }

  /** How many documents a namespace has, as in `shop.orders`; null if the archive has no such namespace. */
  documentsOf(namespace: string): number | null {
    return this.#namespaces.get(namespace)?.documents ?? null;
  }

  /** @throws {DbackedError} `damaged`, if these bytes cannot be part of an archive. */
  push(piece: Uint8Array): void {
    this.#framing.push(piece);
  }

  /** @throws {DbackedError} `damaged`, if the archive is not whole. */
  end(): void {
    if (!this.hasPrelude) throw new DbackedError("damaged", "the dump ends inside its list of collections");
    if (this.#expected === "documents" || !this.#framing.isBetweenDocuments)
      throw new DbackedError("damaged", "the dump ends inside a block of documents");
    const open = [...this.#namespaces].filter(([, { hasEnded }]) => !hasEnded).map(([name]) => name);
    if (open.length > 0)
      throw new DbackedError(
        "damaged",
        `the dump lacks the end of ${open.length} collections, such as ${open[0]}`,
      );
  }

  #describe(document: Bytes): void {
    const fields = readFields(document);
    switch (this.#expected) {
      case "header":
        return this.#readHeader(fields);
      case "metadata":
        return this.#addNamespace(fields);
      case "namespace":
        return this.#beginBlock(fields);
      case "documents":
        throw new Error("documents are not described");
    }
  }

  #readHeader(fields: Fields): void {
    const format = textIn(fields, "version");
    if (format !== FORMAT)
      throw new DbackedError(
        "damaged",
        `the dump is a mongodump archive of version ${format}, which is not known`,
      );
    this.#serverVersion = textIn(fields, "server_version");
    this.#expected = "metadata";
  }

  #addNamespace(fields: Fields): void {
    const [database, collection] = [textIn(fields, "db"), textIn(fields, "collection")];
    const name = `${database}.${collection}`;
    if (this.#namespaces.has(name)) throw new DbackedError("damaged", `the dump lists ${name} twice`);
    const type = database === "" ? "oplog" : typeOf(textIn(fields, "type"));
    const open = { database, collection, type, documents: 0, crc: new Crc64(), hasEnded: false };
    this.#namespaces.set(name, open);
  }

  #beginBlock(fields: Fields): void {
    const [database, collection] = [textIn(fields, "db"), textIn(fields, "collection")];
    const name = `${database}.${collection}`;
    const open = this.#namespaces.get(name) ?? this.#findTimeSeries(database, collection);
    if (open === undefined)
      throw new DbackedError("damaged", `the dump holds documents of ${name}, which it does not list`);
    if (open.hasEnded)
      throw new DbackedError("damaged", `the dump holds documents of ${name} behind its end`);
    this.#expected = "documents";
    const isEnd = fields.get("EOF") === true;
    this.#current = isEnd ? null : open;
    if (!isEnd) return;
    if (fields.get("CRC") !== open.crc.value)
      throw new DbackedError(
        "damaged",
        `the documents of ${name} are not those that mongodump wrote: the CRC differs`,
      );
    open.hasEnded = true;
  }

  #findTimeSeries(database: string, collection: string): Open | undefined {
    if (!collection.startsWith(BUCKETS)) return undefined;
    const found = this.#namespaces.get(`${database}.${collection.slice(BUCKETS.length)}`);
    return found?.type === "timeseries" ? found : undefined;
  }

  #pass(piece: Uint8Array, start: number, end: number, documents: number): void {
    if (this.#current === null)
      throw new DbackedError("damaged", "the dump holds documents of no collection");
    this.#current.crc.update(piece, start, end);
    this.#current.documents += documents;
  }

  #endBlock(): void {
    if (this.#expected === "header" || this.#expected === "namespace")
      throw new DbackedError("damaged", "the dump holds a block without a beginning");
    this.#expected = "namespace";
  }
}

function typeOf(type: string): Namespace["type"] {
  return type === "view" || type === "timeseries" ? type : "collection";
}
