import { S3Client, UploadPartCommand } from "@aws-sdk/client-s3";
import { sharedSeaweed } from "../services.ts";
import type { Injection } from "./injection.ts";
import type { Answer, Fault, Seen } from "./proxy.ts";

/** MD5 of what was sent → ETag of what the store holds instead. */
const hidden = new Map<string, string>();

/** Makes the server one that knows nothing of SHA-256 of parts. */
export const refuseSha256: Injection = {
  on: "create",
  times: Infinity,
  fault: ({ headers }) =>
    "x-amz-checksum-algorithm" in headers ? { what: "answer", status: 400, code: "InvalidArgument" } : null,
};

/** The store flips a bit of a part, and answers with the ETag of what it holds, or, `hidden`, of what was sent. */
export function spoiling(etag: "open" | "hidden"): Fault {
  return {
    what: "instead",
    act: async ({ body, part }, url) => {
      const spoilt = body.slice();
      spoilt[1000] = (spoilt[1000] ?? 0) ^ 1;
      const sent = Bun.MD5.hash(body, "hex");
      const held = await store(spoilt, part, url);
      hidden.set(sent, held);
      const headers = new Headers({ etag: etag === "open" ? held : `"${sent}"`, "x-amz-request-id": "1" });
      return { status: 200, headers, body: new Uint8Array() };
    },
  };
}

/** The store knows what it meant by the ETags that it gave. */
export const knowing: Fault = {
  what: "instead",
  act: async ({ headers, body }: Seen, url: URL): Promise<Answer> => {
    const text = new TextDecoder().decode(body);
    const meant = text.replaceAll(/[0-9a-f]{32}/g, (md5) => hidden.get(md5)?.replaceAll('"', "") ?? md5);
    const { "content-length": _, connection: __, ...kept } = headers;
    const answer = await fetch(url, { method: "POST", headers: kept, body: meant });
    return {
      status: answer.status,
      headers: new Headers(),
      body: new Uint8Array(await answer.arrayBuffer()),
    };
  },
};

/** Stores a part as it is, without any checksum. */
async function store(bytes: Uint8Array, part: number, url: URL): Promise<string> {
  const { endpoint, accessKeyId, secretAccessKey } = await sharedSeaweed();
  const client = new S3Client({
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
    region: "us-east-1",
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  const [Bucket, ...key] = decodeURIComponent(url.pathname).slice(1).split("/");
  const { ETag } = await client.send(
    new UploadPartCommand({
      Bucket,
      Key: key.join("/"),
      UploadId: url.searchParams.get("uploadId") ?? "",
      PartNumber: part,
      Body: bytes,
    }),
  );
  return ETag ?? "";
}
