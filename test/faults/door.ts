import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** An address that stays the same, whatever stands behind it. */
export interface Door extends AsyncDisposable {
  port: number;
  /** The port on the loopback address that new connections lead to. */
  to: number;
}

/** Opens one in front of a server on the loopback address. */
export async function openDoor(to: number): Promise<Door> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(door.to, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const close = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const door = { port: (server.address() as AddressInfo).port, to, [Symbol.asyncDispose]: close };
  return door;
}
