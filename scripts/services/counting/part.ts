import { closeSync, openSync, writeSync } from "node:fs";
import type { Answer, Intake } from "./http.ts";
import type { Ledger, Upload } from "./ledger.ts";
import { type Asked, refuse } from "./protocol.ts";

/** Takes a part, and holds what came against every digest that was sent with it. */
export class PartIntake implements Intake {
  readonly #ledger: Ledger;
  readonly #asked: Asked;
  readonly #number: number;
  readonly #upload: Upload | undefined;
  readonly #file: number | null;
  readonly #md5 = new Bun.CryptoHasher("md5");
  readonly #sha256 = new Bun.CryptoHasher("sha256");
  #size = 0;

  constructor(ledger: Ledger, asked: Asked) {
    this.#ledger = ledger;
    this.#asked = asked;
    this.#number = Number(asked.query.get("partNumber"));
    this.#upload = ledger.uploads.get(asked.query.get("uploadId") ?? "");
    const file = this.#upload === undefined ? null : ledger.fileOf(this.#upload, this.#number);
    this.#file = file === null ? null : openSync(file, "w");
  }

  take(piece: Uint8Array): void {
    this.#md5.update(piece);
    this.#sha256.update(piece);
    this.#size += piece.length;
    if (this.#file !== null) writeSync(this.#file, piece);
  }

  finish(): Answer {
    if (this.#file !== null) closeSync(this.#file);
    const [md5, sha256] = [this.#md5.digest(), this.#sha256.digest()];
    if (this.#upload === undefined) return refuse(this.#ledger, 404, "NoSuchUpload");
    if (!this.#isAsSent(md5, sha256)) return refuse(this.#ledger, 400, "BadDigest");
    const part = { size: this.#size, md5: md5.toString("hex"), sha256: sha256.toString("base64") };
    this.#ledger.addPart(this.#upload, this.#number, part);
    return { status: 200, headers: { etag: `"${part.md5}"` } };
  }

  /** Each digest must have been sent: a backup that left one out would prove nothing. */
  #isAsSent(md5: Buffer, sha256: Buffer): boolean {
    const { headers } = this.#asked;
    return (
      headers.get("content-md5") === md5.toString("base64") &&
      headers.get("x-amz-checksum-sha256") === sha256.toString("base64") &&
      headers.get("x-amz-content-sha256") === sha256.toString("hex")
    );
  }
}
