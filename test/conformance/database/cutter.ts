import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A way to a server, which tears. */
export interface Cutter extends AsyncDisposable {
  host: string;
  port: number;
  /** How many connections it has cut. */
  readonly cuts: number;
}

interface Cut {
  /** Cuts each connection after so many bytes, in both directions together. @default never */
  after?: number;
  /** Where it listens. @default 127.0.0.1 */
  host?: string;
}

/** Hands everything on to `port` on the loopback address, and back. */
export async function startCutter(
  port: number,
  { after = Number.POSITIVE_INFINITY, host = "127.0.0.1" }: Cut,
): Promise<Cutter> {
  const open = new Set<Socket>();
  let cuts = 0;
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    let passed = 0;
    const end = () => {
      for (const socket of [near, far]) {
        socket.destroy();
        open.delete(socket);
      }
    };
    const join = (from: Socket, to: Socket) => {
      open.add(from);
      from.on("data", (piece) => {
        passed += piece.length;
        if (passed > after) {
          cuts += 1;
          return end();
        }
        if (to.write(piece)) return;
        from.pause();
        to.once("drain", () => from.resume());
      });
      from.on("error", end);
      from.on("close", end);
    };
    join(near, far);
    join(far, near);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(0, host, resolve);
  await promise;
  return {
    host,
    port: (server.address() as AddressInfo).port,
    get cuts() {
      return cuts;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
