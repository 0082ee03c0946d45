/** A request that came in. */
export interface Received {
  /** Path and query. */
  path: string;
  method: string;
  body: string;
  headers: Headers;
}

/** A server on a loopback port that writes down each ping, and answers as a test says. */
export class CheckServer {
  readonly received: Received[] = [];
  answer: (request: Received) => Response | Promise<Response> = () => new Response("OK");
  readonly #server: Bun.Server<undefined>;

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const { pathname, search } = new URL(request.url);
        const { method, headers } = request;
        const received = { path: `${pathname}${search}`, method, body: await request.text(), headers };
        this.received.push(received);
        return await this.answer(received);
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  get host(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  /** What came in, each as its path, with every UUID of a run as RID. */
  get paths(): string[] {
    return this.received.map(({ path }) => path.replace(/rid=[0-9a-f-]{36}/, "rid=RID"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}
