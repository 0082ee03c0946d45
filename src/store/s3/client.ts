import { S3Client, type CompleteMultipartUploadCommand, type UploadPartCommand } from "@aws-sdk/client-s3";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { homedir } from "node:os";

import type { Bytes } from "../../base/bytes.ts";
import { DbackedError, reasonOf } from "../../base/error.ts";
import type { S3Options } from "../s3.ts";

/** What the answers said besides what they were asked. */
export interface Asides {
  /** The store's own time, of the last answer. */
  now: Date | null;
  /** The region of the bucket, if S3 told it. */
  region: string | null;
}

/** A client, and what belongs to it. */
export interface OpenedClient {
  client: S3Client;
  asides: Asides;
  /** The one that requests are signed for. */
  region: string;
}

/** Makes the SDK's client; nothing is sent yet. */
export async function openClient(options: S3Options): Promise<OpenedClient> {
  provideHome();
  const asides: Asides = { now: null, region: null };
  const { endpoint, accessKeyId, secretAccessKey, sessionToken } = options;
  const region = options.region ?? (endpoint === undefined ? undefined : "us-east-1");
  const client = new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : {
          credentials: {
            accessKeyId,
            secretAccessKey: secretAccessKey.reveal(),
            ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
          },
        }),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    // Digests are ours: the SDK's own are CRCs in JavaScript, sent in a framing that not every store understands.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 1,
    requestHandler: new FetchHttpHandler({
      keepAlive: true,
      customFetch: fetchWith(await readAuthority(options.caFile), asides),
    }),
  });
  return { client, asides, region: await requireRegion(client, options.bucket) };
}

/** The SDK would say it only with the first request, and without a hint. */
async function requireRegion(client: S3Client, bucket: string): Promise<string> {
  try {
    return await client.config.region();
  } catch (cause) {
    const hint = 'set region, as in region = "eu-west-1", or AWS_REGION';
    throw new DbackedError("config", `The store of the bucket ${bucket} has no region`, { hint, cause });
  }
}

function fetchWith(ca: string | undefined, asides: Asides): typeof fetch {
  // Bytes are wanted as they are stored, and a redirect would lose its signature.
  const how: BunFetchRequestInit = {
    decompress: false,
    redirect: "manual",
    ...(ca === undefined ? {} : { tls: { ca } }),
  };
  const send = async (request: Request) => {
    request.headers.set("accept-encoding", "identity");
    const response = await fetch(request, how);
    const date = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(date)) asides.now = new Date(date);
    asides.region = response.headers.get("x-amz-bucket-region") ?? asides.region;
    return response;
  };
  return send as typeof fetch;
}

async function readAuthority(caFile: string | undefined): Promise<string | undefined> {
  if (caFile === undefined) return undefined;
  try {
    return await Bun.file(caFile).text();
  } catch (cause) {
    throw new DbackedError("config", `Cannot read caFile ${caFile}: ${reasonOf(cause)}`, { cause });
  }
}

/** Gives a command the SHA-256 of its body, which its signature covers; the SDK would compute it once more. */
export function signedFor(command: UploadPartCommand, sha256: Buffer): UploadPartCommand {
  command.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers["x-amz-content-sha256"] =
        sha256.toString("hex");
      return next(args);
    },
    { step: "build" },
  );
  return command;
}

/** Gives a command XML for its body that is ready, and signed for. */
export function withBody(
  command: CompleteMultipartUploadCommand,
  xml: Bytes,
): CompleteMultipartUploadCommand {
  const sha256 = new Bun.CryptoHasher("sha256").update(xml).digest("hex");
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: unknown; headers: Record<string, string> };
      request.body = xml;
      request.headers["content-type"] = "application/xml";
      request.headers["x-amz-content-sha256"] = sha256;
      return next(args);
    },
    // Before the SDK measures it.
    { step: "build", priority: "high" },
  );
  return command;
}

/**
 * The SDK looks for its files in the home folder, and fails if there is none, as for a user without an entry in
 * /etc/passwd: a container's, often.
 */
function provideHome(): void {
  try {
    homedir();
  } catch {
    process.env["HOME"] = "/nonexistent";
  }
}
