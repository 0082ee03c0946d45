import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import type { S3Server } from "./s3-server.ts";
import {
  freePort,
  requireProgram,
  runProgram,
  startDaemon,
  temporaryFolder,
  waitUntil,
  type Daemon,
} from "./service.ts";

const ACCESS_KEY = "AKRGW";
const SECRET_KEY = "secret-of-rgw";

/**
 * Starts Ceph's S3 gateway over one monitor and one disk in memory: takes requests after about two seconds.
 * The programs come from Debian's packages ceph-mon, ceph-osd, ceph-common and radosgw.
 */
export async function startRgw(): Promise<S3Server> {
  const folder = await temporaryFolder("rgw");
  const cluster = new Cluster(folder.path);
  const stop = async () => {
    await cluster.stop();
    await folder[Symbol.asyncDispose]();
  };
  try {
    const monitorPort = await freePort();
    const gatewayPort = await freePort();
    await cluster.prepare(monitorPort);
    await cluster.startStorage();
    const endpoint = await cluster.startGateway(gatewayPort);
    return {
      endpoint,
      accessKeyId: ACCESS_KEY,
      secretAccessKey: SECRET_KEY,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

class Cluster {
  readonly #folder: string;
  readonly #daemons: Daemon[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  async prepare(monitorPort: number): Promise<void> {
    for (const name of ["mon", "osd", "run"]) await mkdir(join(this.#folder, name));
    const id = crypto.randomUUID();
    await Bun.write(join(this.#folder, "ceph.conf"), settings(this.#folder, id, monitorPort));
    const map = join(this.#folder, "monmap");
    const address = `[v1:127.0.0.1:${monitorPort}]`;
    await runProgram([
      find("monmaptool", "ceph-common"),
      "--create",
      "--addv",
      "a",
      address,
      "--fsid",
      id,
      map,
    ]);
    await this.#run("ceph-mon", "ceph-mon", ["--mkfs", "-i", "a", "--monmap", map]);
  }

  async startStorage(): Promise<void> {
    this.#start("ceph-mon", "ceph-mon", ["-f", "-i", "a"]);
    const disk = crypto.randomUUID();
    await this.#tell(["osd", "new", disk, "0"]);
    await this.#tell(["osd", "crush", "add", "osd.0", "1.0", "root=default"]);
    await this.#run("ceph-osd", "ceph-osd", ["-i", "0", "--mkfs", "--osd-uuid", disk]);
    this.#start("ceph-osd", "ceph-osd", ["-f", "-i", "0"]);
  }

  async startGateway(port: number): Promise<string> {
    const frontend = `--rgw-frontends=beast endpoint=127.0.0.1:${port}`;
    this.#start("radosgw", "radosgw", ["-f", "-n", "client.rgw", frontend]);
    const endpoint = `http://127.0.0.1:${port}`;
    await waitUntil(
      async () => {
        for (const each of this.#daemons)
          if (!each.isRunning()) throw new Error(`Ceph ended: ${await each.readLog()}`);
        return isUp(endpoint);
      },
      { what: "radosgw to take requests" },
    );
    const user = ["user", "create", "--uid=test", "--display-name=test"];
    const keys = [`--access-key=${ACCESS_KEY}`, `--secret-key=${SECRET_KEY}`];
    await this.#run("radosgw-admin", "radosgw", [...user, ...keys]);
    return endpoint;
  }

  /** There is nothing to keep, so nobody is asked to close in order. */
  async stop(): Promise<void> {
    for (const daemon of this.#daemons.toReversed()) await daemon.stop("SIGKILL");
  }

  /** Tells the monitor something that may be told twice: it refuses now and then, until it has settled. */
  async #tell(command: readonly string[]): Promise<void> {
    const isTaken = () =>
      this.#run("ceph", "ceph-common", command).then(
        () => true,
        () => false,
      );
    await waitUntil(isTaken, { what: `Ceph to take "${command.join(" ")}"` });
  }

  async #run(program: string, debianPackage: string, argv: readonly string[]): Promise<void> {
    await runProgram([find(program, debianPackage), ...this.#config(), ...argv]);
  }

  #start(program: string, debianPackage: string, argv: readonly string[]): Daemon {
    const daemon = startDaemon([find(program, debianPackage), ...this.#config(), ...argv], {
      logFile: join(this.#folder, `${program}.log`),
      cwd: this.#folder,
    });
    this.#daemons.push(daemon);
    return daemon;
  }

  #config(): string[] {
    return ["-c", join(this.#folder, "ceph.conf")];
  }
}

function find(program: string, debianPackage: string): string {
  return requireProgram(program, debianPackage);
}

async function isUp(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(endpoint)).status < 500;
  } catch {
    return false;
  }
}

/** Everything that a cluster does for safety's sake, turned down: it lives for one test run, in memory. */
function settings(folder: string, id: string, monitorPort: number): string {
  return `[global]
fsid = ${id}
mon host = v1:127.0.0.1:${monitorPort}
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 2
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
run dir = ${folder}/run
log file = ${folder}/$name.log
pid file = ${folder}/$name.pid
admin socket = ${folder}/run/$name.asok
mon data = ${folder}/mon
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = 8G
memstore page set = false
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd class load list = *
osd class update on start = false
osd crush update on start = false
osd class default list = *
paxos propose interval = 0.02
paxos min wait = 0.01
mon election timeout = 0.5
osd heartbeat interval = 1
osd mon report interval = 1
mon osd min in ratio = 0
mon osd prime pg temp = false
rgw gc max objs = 4
rgw usage max shards = 1
rgw data log num shards = 1
rgw md log max shards = 1
rgw reshard num logs = 1
rgw lc max objs = 2
rgw objexp hints num shards = 1
rgw num rados handles = 1
[client.rgw]
rgw thread pool size = 32
rgw multipart min part size = 1024
rgw dynamic resharding = false
rgw lc debug interval = 10
`;
}
