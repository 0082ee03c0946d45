import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { Bytes } from "../../src/base/bytes.ts";

/** What a request to S3 asks for. */
export type Kind =
  | "create"
  | "part"
  | "complete"
  | "abort"
  | "parts"
  | "uploads"
  | "put"
  | "get"
  | "head"
  | "list"
  | "delete";

/** A request as the proxy saw it. */
export interface Seen {
  kind: Kind;
  key: string;
  headers: Record<string, string>;
  /** Of a part, from 1. */
  part: number;
  /** Empty until it has come. */
  body: Bytes;
  /** How many of its kind came before it. */
  before: number;
}

/** How a request or its answer is spoilt. */
export type Fault =
  /** The connection breaks before the server sees anything. */
  | { what: "reset" }
  /** The connection breaks after so many bytes of the request's body. */
  | { what: "break"; after: number }
  /** The server carries it out, and the answer is lost. */
  | { what: "swallow" }
  /** The answer breaks off after so many bytes of its body. */
  | { what: "cut"; after: number }
  /** The answer hangs after so many bytes of its body. */
  | { what: "hang"; after: number }
  /** Nothing is ever answered. */
  | { what: "stall" }
  /** One bit of the body is another when it arrives. */
  | { what: "flip" }
  /** The server gets it twice, and gives the second answer. */
  | { what: "twice" }
  /** It is forwarded so much later. */
  | { what: "late"; ms: number }
  /** The answer comes in pieces of this size, with a pause after each. */
  | { what: "trickle"; bytes: number; ms: number }
  /** This is answered, and the server sees nothing. */
  | { what: "answer"; status: number; code: string; body?: string }
  /** Something else is done with it than to forward it. */
  | { what: "instead"; act: (request: Seen, url: URL) => Promise<Answer> }
  /** The server's own answer is changed. */
  | { what: "edit"; edit: (answer: Answer) => void };

export interface Answer {
  status: number;
  headers: Headers;
  body: Bytes;
}

export interface Proxy extends AsyncDisposable {
  endpoint: string;
  /** Everything that came, in order. */
  seen: readonly Seen[];
}

/** A proxy in front of an S3 server, which lets everything through but what `spoil` has a fault for. */
export async function startProxy(target: string, spoil: (request: Seen) => Fault | null): Promise<Proxy> {
  const seen: Seen[] = [];
  const server = createServer((incoming, outgoing) => {
    const answer = async () => {
      const request = announce(incoming, seen);
      seen.push(request);
      const fault = spoil(request);
      if (await read(incoming, request, fault)) await pass({ request, incoming, outgoing, target }, fault);
    };
    answer().catch(() => incoming.socket.destroy());
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { endpoint: `http://127.0.0.1:${port}`, seen, [Symbol.asyncDispose]: stop };
}

interface Exchange {
  request: Seen;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  target: string;
}

/** What a request says before its body comes. */
function announce(incoming: IncomingMessage, seen: readonly Seen[]): Seen {
  const url = new URL(incoming.url ?? "/", "http://proxy");
  const kind = kindOf(incoming.method ?? "", url);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
  );
  const key = decodeURIComponent(url.pathname).split("/").slice(2).join("/");
  const before = seen.filter((each) => each.kind === kind).length;
  const part = Number(url.searchParams.get("partNumber") ?? 0);
  return { kind, key, headers, part, body: new Uint8Array(), before };
}

/** Reads the body, unless the connection is to break in it. */
async function read(incoming: IncomingMessage, request: Seen, fault: Fault | null): Promise<boolean> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of incoming) {
    pieces.push(piece as Uint8Array);
    size += (piece as Uint8Array).length;
    if (fault?.what !== "break" || size < fault.after) continue;
    incoming.socket.destroy();
    return false;
  }
  request.body = new Uint8Array(Buffer.concat(pieces));
  return true;
}

const OF_UPLOADS: Readonly<Record<string, Kind>> = { PUT: "part", POST: "complete", GET: "parts" };

function kindOf(method: string, { searchParams, pathname }: URL): Kind {
  if (searchParams.has("uploads")) return method === "POST" ? "create" : "uploads";
  if (searchParams.has("uploadId")) return OF_UPLOADS[method] ?? "abort";
  if (pathname.split("/").filter(Boolean).length < 2) return "list";
  const kinds: Record<string, Kind> = { PUT: "put", HEAD: "head", DELETE: "delete" };
  return kinds[method] ?? "get";
}

async function pass(exchange: Exchange, fault: Fault | null): Promise<void> {
  const { incoming, outgoing, request, target } = exchange;
  if (fault?.what === "reset") return void incoming.socket.destroy();
  if (fault?.what === "stall") return;
  if (fault?.what === "answer") {
    const { status, code, body = errorOf(code) } = fault;
    outgoing.writeHead(status, { "content-type": "application/xml" });
    return void outgoing.end(request.kind === "head" ? "" : body);
  }
  if (fault?.what === "flip" && request.body[0] !== undefined) request.body[0] ^= 1;
  if (fault?.what === "late") await Bun.sleep(fault.ms);
  if (fault?.what === "twice") await forward(exchange);
  const answer =
    fault?.what === "instead"
      ? await fault.act(request, new URL(incoming.url ?? "/", target))
      : await forward(exchange);
  if (fault?.what === "swallow") return void incoming.socket.destroy();
  if (fault?.what === "edit") fault.edit(answer);
  await reply(exchange, answer, fault);
}

function errorOf(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>spoilt</Message></Error>`;
}

async function reply(
  { incoming, outgoing, request }: Exchange,
  answer: Answer,
  fault: Fault | null,
): Promise<void> {
  const headers = Object.fromEntries(answer.headers);
  if (request.kind !== "head") headers["content-length"] = String(answer.body.length);
  outgoing.writeHead(answer.status, headers);
  if (fault?.what === "trickle") return trickle(outgoing, answer.body, fault);
  if (fault?.what !== "cut" && fault?.what !== "hang") return void outgoing.end(answer.body);
  const hurt = () => fault.what === "cut" && incoming.socket.destroy();
  outgoing.write(answer.body.subarray(0, fault.after), hurt);
}

async function trickle(
  outgoing: ServerResponse,
  body: Bytes,
  { bytes, ms }: { bytes: number; ms: number },
): Promise<void> {
  for (let at = 0; at < body.length; at += bytes) {
    outgoing.write(body.subarray(at, at + bytes));
    await Bun.sleep(ms);
  }
  outgoing.end();
}

async function forward({ incoming, request, target }: Exchange): Promise<Answer> {
  const headers = new Headers(request.headers);
  headers.delete("connection");
  const method = incoming.method ?? "GET";
  const response = await fetch(new URL(incoming.url ?? "/", target), {
    method,
    headers,
    ...(method === "GET" || method === "HEAD" ? {} : { body: request.body }),
    redirect: "manual",
    decompress: false,
  });
  const body = new Uint8Array(await response.arrayBuffer());
  const kept = new Headers(response.headers);
  kept.delete("transfer-encoding");
  kept.delete("connection");
  return { status: response.status, headers: kept, body };
}
