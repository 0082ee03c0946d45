import { join } from "node:path";

/** What is kept of a part. */
export interface Part {
  size: number;
  /** In hex. */
  md5: string;
  /** In base64. */
  sha256: string;
}

/** An upload that is open. */
export interface Upload {
  id: string;
  key: string;
  begunAt: Date;
  /** Headers that HEAD gives back. */
  marks: Record<string, string>;
  parts: Map<number, Part>;
}

/** An object: a small one whole, a large one by what its parts were, whose bytes lie in files, if at all. */
export interface StoredObject {
  size: number;
  etag: string;
  marks: Record<string, string>;
  modifiedAt: Date;
  bytes: Uint8Array | null;
  parts: readonly { file: string; size: number }[];
}

/** What came in, all told. */
export interface Tally {
  parts: number;
  partBytes: number;
  volumes: number;
  /** The most parts of one volume. */
  mostParts: number;
  openUploads: number;
  /** Requests that were refused, by their code. */
  refused: Record<string, number>;
}

/** Everything that the store knows. Parts are forgotten but for their digests, unless there is a folder to keep them in. */
export class Ledger {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, Upload>();
  readonly keeps: string | null;
  readonly #tally = { parts: 0, partBytes: 0, volumes: 0, mostParts: 0 };
  readonly #refused: Record<string, number> = {};

  constructor(keeps: string | null) {
    this.keeps = keeps;
  }

  get tally(): Tally {
    return { ...this.#tally, openUploads: this.uploads.size, refused: this.#refused };
  }

  countRefusal(code: string): void {
    this.#refused[code] = (this.#refused[code] ?? 0) + 1;
  }

  begin(key: string, marks: Record<string, string>): Upload {
    const upload = { id: crypto.randomUUID(), key, begunAt: new Date(), marks, parts: new Map() };
    this.uploads.set(upload.id, upload);
    return upload;
  }

  addPart(upload: Upload, number: number, part: Part): void {
    upload.parts.set(number, part);
    this.#tally.parts += 1;
    this.#tally.partBytes += part.size;
  }

  /** Makes an object of an upload: its parts, in order, must be these. */
  complete(upload: Upload, etag: string): void {
    const parts = [...upload.parts.keys()]
      .toSorted((one, two) => one - two)
      .map((number) => ({
        file: this.fileOf(upload, number) ?? "",
        size: upload.parts.get(number)?.size ?? 0,
      }));
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const { key, marks } = upload;
    const kept = this.keeps === null ? [] : parts;
    this.objects.set(key, { size, etag, marks, modifiedAt: new Date(), bytes: null, parts: kept });
    this.uploads.delete(upload.id);
    this.#tally.volumes += 1;
    this.#tally.mostParts = Math.max(this.#tally.mostParts, parts.length);
  }

  /** Where the bytes of a part lie; null if they are not kept. */
  fileOf(upload: Upload, number: number): string | null {
    return this.keeps === null ? null : join(this.keeps, `${upload.id}.${number}`);
  }
}
