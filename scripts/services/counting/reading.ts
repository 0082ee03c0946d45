import type { Answer } from "./http.ts";
import type { Ledger, StoredObject } from "./ledger.ts";
import { type Asked, refuse } from "./protocol.ts";

/** Answers HEAD and GET, of a whole object or of a range. */
export function readOut(ledger: Ledger, { method, key, headers }: Asked): Answer {
  const object = ledger.objects.get(key);
  if (object === undefined) return refuse(ledger, 404, method === "HEAD" ? "NotFound" : "NoSuchKey");
  const { size, etag, marks, modifiedAt } = object;
  const about = { ...marks, etag, "last-modified": modifiedAt.toUTCString() };
  if (method === "HEAD") return { status: 200, headers: about, length: size };
  if (object.bytes === null && object.parts.length === 0) return refuse(ledger, 501, "NotImplemented");
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "") ?? [];
  if (from === undefined) return { status: 200, headers: about, body: read(object, 0, size), length: size };
  const start = Number(from);
  const end = Math.min(to === undefined || to === "" ? size : Number(to) + 1, size);
  if (start >= end) return refuse(ledger, 416, "InvalidRange");
  const range = { "content-range": `bytes ${start}-${end - 1}/${size}` };
  return {
    status: 206,
    headers: { ...about, ...range },
    body: read(object, start, end),
    length: end - start,
  };
}

async function* read({ bytes, parts }: StoredObject, start: number, end: number): AsyncGenerator<Uint8Array> {
  if (bytes !== null) yield bytes.subarray(start, end);
  let begin = 0;
  for (const { file, size } of parts) {
    const [from, to] = [Math.max(start - begin, 0), Math.min(end - begin, size)];
    begin += size;
    if (from < to) yield* Bun.file(file).slice(from, to).stream();
  }
}
