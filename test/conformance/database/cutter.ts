import { once } from "node:events";
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
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    }
    join(near, far, after, () => (cuts += 1));
  });
  server.listen(0, host);
  await once(server, "listening");
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

/** Hands on what either says, until one of them goes or too much was said. */
function join(near: Socket, far: Socket, after: number, onCut: () => void): void {
  let passed = 0;
  const end = () => {
    near.destroy();
    far.destroy();
  };
  const pass = (from: Socket, to: Socket) => {
    from.on("error", end);
    from.on("close", end);
    from.on("data", (piece) => {
      passed += piece.length;
      if (passed > after) {
        onCut();
        return end();
      }
      if (to.write(piece)) return;
      from.pause();
      to.once("drain", () => from.resume());
    });
  };
  pass(near, far);
  pass(far, near);
}
