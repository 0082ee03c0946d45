import { rm } from "node:fs/promises";
import type { Answer, Incoming, Intake } from "./http.ts";
import type { Ledger, Upload } from "./ledger.ts";
import { PartIntake } from "./part.ts";
import { readOut } from "./reading.ts";
import { elementsOf, escape, xml } from "./xml.ts";

/** What a request carries, and where it goes. */
export interface Asked extends Incoming {
  key: string;
  query: URLSearchParams;
}

const PAGE = 1000;

/** Speaks as much of S3 as a backup and a restore need, on one bucket. Nobody's signature is looked at. */
export function answerer(ledger: Ledger): (incoming: Incoming) => Intake {
  return (incoming) => {
    const { pathname, searchParams: query } = incoming.url;
    const key = decodeURIComponent(pathname).split("/").slice(2).join("/");
    const asked = { ...incoming, key, query };
    if (incoming.method === "PUT" && query.has("partNumber")) return new PartIntake(ledger, asked);
    return new SmallIntake((body) => answer(ledger, asked, body));
  };
}

/** An answer that says no. */
export function refuse(ledger: Ledger, status: number, code: string): Answer {
  ledger.countRefusal(code);
  return { status, ...xml(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`) };
}

/** A body that fits into memory. */
class SmallIntake implements Intake {
  readonly #pieces: Uint8Array[] = [];
  readonly #answer: (body: Buffer) => Answer | Promise<Answer>;

  constructor(answer: (body: Buffer) => Answer | Promise<Answer>) {
    this.#answer = answer;
  }

  take(piece: Uint8Array): void {
    this.#pieces.push(Uint8Array.from(piece));
  }

  finish(): Answer | Promise<Answer> {
    return this.#answer(Buffer.concat(this.#pieces));
  }
}

function answer(ledger: Ledger, asked: Asked, body: Buffer): Answer | Promise<Answer> {
  const { method, key, query } = asked;
  if (query.has("tally")) return { status: 200, body: JSON.stringify(ledger.tally) };
  if (query.has("uploads")) return method === "POST" ? begin(ledger, asked) : listUploads(ledger, query);
  const upload = ledger.uploads.get(query.get("uploadId") ?? "");
  if (query.has("uploadId") && upload === undefined) return refuse(ledger, 404, "NoSuchUpload");
  if (upload !== undefined) {
    if (method === "POST") return complete(ledger, upload, asked, body);
    return method === "DELETE" ? abort(ledger, upload) : listParts(upload);
  }
  if (key === "") return listObjects(ledger, query);
  if (method === "PUT") return put(ledger, asked, body);
  if (method === "DELETE") {
    ledger.objects.delete(key);
    return { status: 204 };
  }
  return readOut(ledger, asked);
}

function begin(ledger: Ledger, { key, headers }: Asked): Answer {
  const marks = Object.fromEntries([...headers].filter(([name]) => name.startsWith("x-amz-meta-")));
  const { id } = ledger.begin(key, marks);
  const algorithm = headers.get("x-amz-checksum-algorithm");
  return {
    status: 200,
    ...xml(
      `<InitiateMultipartUploadResult><Key>${escape(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      algorithm === undefined ? {} : { "x-amz-checksum-algorithm": algorithm },
    ),
  };
}

/** Every part must be named as it came. */
function complete(ledger: Ledger, upload: Upload, { key, headers }: Asked, body: Buffer): Answer {
  if (headers.has("if-none-match") && ledger.objects.has(key))
    return refuse(ledger, 412, "PreconditionFailed");
  const named = elementsOf(body.toString(), "Part");
  const md5 = new Bun.CryptoHasher("md5");
  for (const [at, each] of named.entries()) {
    const part = upload.parts.get(at + 1);
    const isSame =
      part !== undefined &&
      each["PartNumber"] === String(at + 1) &&
      each["ETag"]?.replaceAll('"', "") === part.md5 &&
      each["ChecksumSHA256"] === part.sha256;
    if (!isSame) return refuse(ledger, 400, "InvalidPart");
    md5.update(Buffer.from(part.md5, "hex"));
  }
  if (named.length !== upload.parts.size) return refuse(ledger, 400, "InvalidPart");
  const etag = `"${md5.digest("hex")}-${named.length}"`;
  ledger.complete(upload, etag);
  return {
    status: 200,
    ...xml(
      `<CompleteMultipartUploadResult><Key>${escape(key)}</Key><ETag>${escape(etag)}</ETag></CompleteMultipartUploadResult>`,
    ),
  };
}

async function abort(ledger: Ledger, upload: Upload): Promise<Answer> {
  ledger.uploads.delete(upload.id);
  for (const number of upload.parts.keys()) {
    const file = ledger.fileOf(upload, number);
    if (file !== null) await rm(file, { force: true });
  }
  return { status: 204 };
}

function listUploads({ uploads }: Ledger, query: URLSearchParams): Answer {
  const found = [...uploads.values()].filter(({ key }) => key.startsWith(query.get("prefix") ?? ""));
  const list = found.map(
    ({ key, id, begunAt }) =>
      `<Upload><Key>${escape(key)}</Key><UploadId>${id}</UploadId><Initiated>${begunAt.toISOString()}</Initiated></Upload>`,
  );
  const text = `<IsTruncated>false</IsTruncated>${list.join("")}`;
  return { status: 200, ...xml(`<ListMultipartUploadsResult>${text}</ListMultipartUploadsResult>`) };
}

function listParts({ parts, begunAt }: Upload): Answer {
  const list = [...parts].map(
    ([number, { size, md5 }]) =>
      `<Part><PartNumber>${number}</PartNumber><Size>${size}</Size><ETag>${md5}</ETag><LastModified>${begunAt.toISOString()}</LastModified></Part>`,
  );
  const text = `<IsTruncated>false</IsTruncated>${list.join("")}`;
  return { status: 200, ...xml(`<ListPartsResult>${text}</ListPartsResult>`) };
}

function listObjects({ objects }: Ledger, query: URLSearchParams): Answer {
  const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
  const prefix = query.get("prefix") ?? "";
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted();
  const page = keys.slice(0, PAGE);
  const list = page.map((key) => {
    const object = objects.get(key);
    return `<Contents><Key>${encodeURIComponent(key)}</Key><Size>${object?.size}</Size><LastModified>${object?.modifiedAt.toISOString()}</LastModified></Contents>`;
  });
  const next =
    keys.length > PAGE
      ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${escape(page.at(-1) ?? "")}</NextContinuationToken>`
      : "<IsTruncated>false</IsTruncated>";
  const text = `<Name>bench</Name><EncodingType>url</EncodingType>${next}${list.join("")}`;
  return { status: 200, ...xml(`<ListBucketResult>${text}</ListBucketResult>`) };
}

function put(ledger: Ledger, { key, headers }: Asked, body: Buffer): Answer {
  if (key === "") return { status: 200 };
  if (headers.has("if-none-match") && ledger.objects.has(key))
    return refuse(ledger, 412, "PreconditionFailed");
  const md5 = new Bun.CryptoHasher("md5").update(body).digest("hex");
  if (headers.get("content-md5") !== Buffer.from(md5, "hex").toString("base64"))
    return refuse(ledger, 400, "BadDigest");
  const etag = `"${md5}"`;
  ledger.objects.set(key, {
    size: body.length,
    etag,
    marks: {},
    modifiedAt: new Date(),
    bytes: body,
    parts: [],
  });
  return { status: 200, headers: { etag } };
}
