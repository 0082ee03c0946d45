import { type Bytes, utf8 } from "../../base/bytes.ts";
import { md5 } from "./digest.ts";

const MD5_SIZE = 16;
const SHA256_SIZE = 32;
const RECORD_SIZE = MD5_SIZE + SHA256_SIZE;

/** What the store was told of a part, and what it answered. */
export interface PartReceipt {
  /** From 1. */
  number: number;
  md5: Uint8Array;
  sha256: Uint8Array;
  /** As the store gave it; a store that gives none is told the MD5. */
  etag: string | undefined;
}

/** Digests of all parts of one upload: 48 bytes each, so that 5 TiB fit in 32 MB; the ETag only where it is not the MD5. */
export class PartDigests {
  #records = new Uint8Array(64 * RECORD_SIZE);
  readonly #etags = new Map<number, string>();
  #count = 0;

  record({ number, md5, sha256, etag }: PartReceipt): void {
    const at = (number - 1) * RECORD_SIZE;
    if (at + RECORD_SIZE > this.#records.length) this.#grow(2 * at);
    this.#records.set(md5, at);
    this.#records.set(sha256, at + MD5_SIZE);
    if (etag !== undefined && !isMd5(etag, md5)) this.#etags.set(number, etag);
    this.#count = Math.max(this.#count, number);
  }

  /** All parts in order, as CompleteMultipartUpload wants them. The SDK would take 40 MiB to write 10,000 (measured). */
  toXml(withSha256: boolean): Bytes {
    const parts = Array.from({ length: this.#count }, (_, index) => {
      const record = this.#records.subarray(index * RECORD_SIZE, (index + 1) * RECORD_SIZE);
      const etag = this.#etags.get(index + 1) ?? quote(record.subarray(0, MD5_SIZE));
      const sha256 = withSha256
        ? `<ChecksumSHA256>${Buffer.from(record.subarray(MD5_SIZE)).toString("base64")}</ChecksumSHA256>`
        : "";
      return `<Part>${sha256}<ETag>${Bun.escapeHTML(etag)}</ETag><PartNumber>${index + 1}</PartNumber></Part>`;
    });
    const tag = "CompleteMultipartUpload";
    return utf8(`<${tag} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</${tag}>`);
  }

  /** The ETag of the whole object as Amazon computes it; null if this store makes its ETags in another way. */
  wholeEtag(): string | null {
    if (this.#etags.size > 0) return null;
    const all = new Uint8Array(this.#count * MD5_SIZE);
    for (let index = 0; index < this.#count; index += 1) {
      const at = index * RECORD_SIZE;
      all.set(this.#records.subarray(at, at + MD5_SIZE), index * MD5_SIZE);
    }
    return `"${md5(all).toString("hex")}-${this.#count}"`;
  }

  #grow(size: number): void {
    const larger = new Uint8Array(Math.max(size, 2 * this.#records.length));
    larger.set(this.#records);
    this.#records = larger;
  }
}

/** Whether an ETag is the MD5 of these bytes; some servers leave out the quotes. */
export function isMd5(etag: string, md5: Uint8Array): boolean {
  return etag.replaceAll('"', "") === Buffer.from(md5).toString("hex");
}

function quote(digest: Uint8Array): string {
  return `"${Buffer.from(digest).toString("hex")}"`;
}
