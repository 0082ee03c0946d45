import type { Socket } from "bun";

/** The head of a request. */
export interface Incoming {
  method: string;
  url: URL;
  /** By names in lower case. */
  headers: ReadonlyMap<string, string>;
}

/** What takes a request's body as it comes, and answers when all of it has. */
export interface Intake {
  take(piece: Uint8Array): void;
  finish(): Answer | Promise<Answer>;
}

export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Bytes of the body, where it comes in pieces or, for HEAD, not at all. */
  length?: number;
}

/** A shorter wait is added to the next one. */
const SHORTEST_WAIT_MS = 3;

/** Lets so many bytes pass in a second, on all connections together. */
export class Throttle {
  readonly #bytesPerMs: number;
  #freeAt = 0;

  /** Null is no limit. */
  constructor(bytesPerSecond: number | null) {
    this.#bytesPerMs = (bytesPerSecond ?? Infinity) / 1000;
  }

  /** How many ms whoever brought these bytes must wait. */
  spend(bytes: number): number {
    const now = performance.now();
    this.#freeAt = Math.max(this.#freeAt, now) + bytes / this.#bytesPerMs;
    return this.#freeAt - now;
  }
}

/**
 * A server for HTTP/1.1 without frills, which does not read from a connection while it must wait: Bun's own would take a body
 * into memory at any speed, and nobody would feel that it is slow.
 */
export function serveSlowly(
  receive: (incoming: Incoming) => Intake,
  throttle: Throttle,
): { port: number; stop: () => void } {
  const server = Bun.listen<Connection>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = new Connection(socket, receive, throttle);
      },
      data: ({ data: connection }, bytes) => connection.read(bytes),
      drain: ({ data: connection }) => connection.drain(),
      close: ({ data: connection }) => connection.drain(),
      error: () => {},
    },
  });
  return { port: server.port, stop: () => server.stop(true) };
}

/** One client, which sends a request only when the one before was answered. */
class Connection {
  readonly #socket: Socket<Connection>;
  readonly #receive: (incoming: Incoming) => Intake;
  readonly #throttle: Throttle;
  #head: Buffer = Buffer.alloc(0);
  #request: { incoming: Incoming; intake: Intake; missing: number } | null = null;
  #wait = 0;
  #drained = Promise.withResolvers<void>();

  constructor(socket: Socket<Connection>, receive: (incoming: Incoming) => Intake, throttle: Throttle) {
    this.#socket = socket;
    this.#receive = receive;
    this.#throttle = throttle;
  }

  read(bytes: Buffer): void {
    const rest = this.#request === null ? this.#readHead(bytes) : bytes;
    const request = this.#request;
    if (rest === null || request === null) return;
    request.intake.take(rest.subarray(0, request.missing));
    request.missing -= Math.min(rest.length, request.missing);
    this.#wait = this.#throttle.spend(rest.length);
    if (this.#wait > SHORTEST_WAIT_MS) this.#pause();
    else if (request.missing === 0) void this.#answer(request);
  }

  drain(): void {
    this.#drained.resolve();
    this.#drained = Promise.withResolvers();
  }

  /** What the client sends meanwhile stays in its own buffers and the kernel's, until these are full. */
  #pause(): void {
    this.#socket.pause();
    setTimeout(() => {
      this.#socket.resume();
      if (this.#request?.missing === 0) void this.#answer(this.#request);
    }, this.#wait);
  }

  /** What follows the head, once that is there. */
  #readHead(bytes: Buffer): Buffer | null {
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const incoming = parseHead(this.#head.subarray(0, end).toString("latin1"));
    const rest = this.#head.subarray(end + 4);
    this.#head = Buffer.alloc(0);
    const missing = Number(incoming.headers.get("content-length") ?? 0);
    this.#request = { incoming, intake: this.#receive(incoming), missing };
    return rest;
  }

  async #answer({ incoming, intake }: { incoming: Incoming; intake: Intake }): Promise<void> {
    this.#request = null;
    try {
      await this.#send(incoming, await intake.finish());
    } catch (error) {
      console.error(error);
      this.#socket.terminate();
    }
  }

  async #send({ method }: Incoming, { status, headers, body = "", length }: Answer): Promise<void> {
    const whole = typeof body === "string" ? Buffer.from(body) : body instanceof Uint8Array ? body : null;
    const lines = Object.entries({
      date: new Date().toUTCString(),
      "x-amz-request-id": "1",
      ...headers,
      "content-length": String(length ?? whole?.length ?? 0),
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = Buffer.from(`HTTP/1.1 ${status} -\r\n${lines.join("")}\r\n`);
    if (method === "HEAD") return await this.#write(head);
    if (whole !== null) return await this.#write(Buffer.concat([head, whole]));
    await this.#write(head);
    for await (const piece of body as AsyncIterable<Uint8Array>) await this.#write(piece);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { promise } = this.#drained;
      const written = this.#socket.write(bytes.subarray(at));
      if (written < 0) throw new Error("the client has gone");
      at += written;
      if (at < bytes.length) await promise;
    }
  }
}

function parseHead(head: string): Incoming {
  const [first = "", ...lines] = head.split("\r\n");
  const [method = "", target = "/"] = first.split(" ");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { method, url: new URL(target, "http://store"), headers };
}
