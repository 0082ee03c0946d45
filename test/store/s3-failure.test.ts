import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";

import { s3Options } from "../../src/store/s3.ts";
import { S3Store } from "../../src/store/s3/s3-store.ts";
import { runProgram, temporaryFolder } from "../../scripts/services/service.ts";
import { failureOf } from "../conformance/sample.ts";
import { sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket } from "./bucket.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;

function open(options: Record<string, unknown>): Promise<S3Store> {
  const whole = {
    bucket: "backups",
    accessKeyId: "AKEXAMPLE",
    secretAccessKey: "do-not-show-me",
    ...options,
  };
  return S3Store.open(s3Options.parse(whole), { pauseMs: 1 });
}

async function listFailure(options: Record<string, unknown>): Promise<unknown> {
  const failure = await failureOf(open(options).then((store) => store.list("", never)));
  expect(Bun.inspect(failure, { depth: 9 })).not.toContain("do-not-show-me");
  return failure;
}

/** A server that gives one answer to everything. */
function answering(status: number, code: string, headers: Record<string, string> = {}) {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>so it is</Message></Error>`;
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response(body, { status, headers: { "content-type": "application/xml", ...headers } }),
  });
}

describe("what a real server refuses is told in words", () => {
  test.each([
    ["SeaweedFS", sharedSeaweed],
    ["Ceph RGW", sharedRgw],
  ])("%s", async (_name, start) => {
    const server = await start();
    const { name } = await makeBucket(server);
    const { endpoint, accessKeyId } = server;
    expect(await listFailure({ endpoint, bucket: name })).toMatchObject({
      kind: "store",
      message: expect.stringContaining("the access key is not known there"),
      hint: expect.stringContaining("accessKeyId"),
    });
    expect(await listFailure({ endpoint, bucket: name, accessKeyId })).toMatchObject({
      message: expect.stringContaining("the secret key does not fit the access key"),
    });
    const { secretAccessKey } = server;
    expect(
      await listFailure({ endpoint, bucket: "no-such-bucket", accessKeyId, secretAccessKey }),
    ).toMatchObject({
      message: expect.stringContaining("there is no such bucket"),
      hint: expect.stringContaining("no-such-bucket"),
    });
  });
});

describe("what goes wrong on the way is told in words", () => {
  test.each<[number, string, Record<string, string>, { message: RegExp; hint: RegExp }]>([
    [
      403,
      "AccessDenied",
      {},
      { message: /access denied/, hint: /needs s3:ListBucket on arn:aws:s3:::backups$/ },
    ],
    [
      301,
      "PermanentRedirect",
      { "x-amz-bucket-region": "eu-west-3" },
      { message: /in the region eu-west-3/, hint: /region = "eu-west-3"/ },
    ],
    [
      400,
      "AuthorizationHeaderMalformed",
      { "x-amz-bucket-region": "eu-west-3" },
      { message: /eu-west-3/, hint: /region = "eu-west-3"/ },
    ],
    [301, "PermanentRedirect", {}, { message: /another region/, hint: /set region/ }],
    [403, "RequestTimeTooSkewed", {}, { message: /clock is wrong/, hint: /timedatectl/ }],
    [400, "ExpiredToken", {}, { message: /token has expired/, hint: /new credentials/ }],
    [503, "SlowDown", {}, { message: /so it is/, hint: /try again later/ }],
  ])("%d %s", async (status, code, headers, { message, hint }) => {
    using server = answering(status, code, headers);
    expect(await listFailure({ endpoint: server.url.origin })).toMatchObject({
      kind: "store",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  test("nobody listens", async () => {
    const server = answering(200, "");
    const endpoint = server.url.origin;
    await server.stop(true);
    const message = expect.stringContaining(`nobody listens at ${endpoint}`);
    expect(await listFailure({ endpoint })).toMatchObject({ kind: "store", message });
  });

  test("the name cannot be resolved", async () => {
    const message = expect.stringContaining("cannot be resolved");
    expect(await listFailure({ endpoint: "https://s3.invalid" })).toMatchObject({ kind: "store", message });
  });

  test("the server does not speak TLS", async () => {
    using server = answering(200, "");
    const endpoint = server.url.origin.replace("http:", "https:");
    const hint = expect.stringContaining("http://");
    expect(await listFailure({ endpoint })).toMatchObject({ kind: "store", hint });
  });
});

test("no region is a config error", async () => {
  // Without an endpoint the region comes from the config, the environment or a profile: here from nowhere.
  const script = join(import.meta.dir, "list-once.ts");
  const child = Bun.spawn([process.execPath, script], { env: { HOME: "/nonexistent" }, stdout: "pipe" });
  expect(await new Response(child.stdout).text()).toContain("The store of the bucket backups has no region");
});

test("an unknown authority is refused, unless caFile makes it known", async () => {
  await using folder = await temporaryFolder("tls");
  const [key, cert] = [join(folder.path, "key.pem"), join(folder.path, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const files = ["-keyout", key, "-out", cert];
  await runProgram([
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    ...files,
    ...subject,
  ]);
  const page = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
  using server = Bun.serve({
    port: 0,
    tls: { key: Bun.file(key), cert: Bun.file(cert) },
    fetch: () => new Response(page, { headers: { "content-type": "application/xml" } }),
  });
  const endpoint = `https://localhost:${server.port}`;
  expect(await listFailure({ endpoint })).toMatchObject({
    kind: "store",
    hint: expect.stringContaining("caFile"),
  });
  const store = await open({ endpoint, caFile: cert });
  expect((await store.list("", never)).objects).toEqual([]);
  const absent = await failureOf(open({ endpoint, caFile: join(folder.path, "absent.pem") }));
  expect(absent).toMatchObject({ kind: "config", message: expect.stringContaining("absent.pem") });
});

test("HTTPS_PROXY is obeyed, and NO_PROXY too", async () => {
  const asked: string[] = [];
  const { promise: isAsked, resolve } = Promise.withResolvers<void>();
  using proxy = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, data) {
        asked.push(data.toString().split("\r\n")[0] ?? "");
        resolve();
        socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
      },
    },
  });
  const script = join(import.meta.dir, "list-once.ts");
  const env = { PATH: process.env["PATH"] ?? "", HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
  const through = Bun.spawn([process.execPath, script, "https://s3.invalid"], { env, stdout: "pipe" });
  await isAsked;
  expect(asked[0]).toBe("CONNECT s3.invalid:443 HTTP/1.1");
  expect(await new Response(through.stdout).text()).toContain("the proxy refused the connection");
  const count = asked.length;
  const past = Bun.spawn([process.execPath, script, "https://s3.invalid"], {
    env: { ...env, NO_PROXY: "s3.invalid" },
    stdout: "pipe",
  });
  expect(await new Response(past.stdout).text()).toContain("cannot be resolved");
  expect(asked).toHaveLength(count);
});
