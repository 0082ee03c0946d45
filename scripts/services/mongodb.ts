import { join } from "node:path";
import { MongoClient } from "mongodb";
import { certificateIn, makeCertificate } from "./certificate.ts";
import {
  freePort,
  requireProgram,
  startDaemon,
  temporaryFolder,
  waitUntil,
  type Daemon,
  type Service,
} from "./service.ts";

/** How a MongoDB server for tests differs from the plainest one. */
export interface MongodbOptions {
  /** Lets in only its users. They are made before it asks for them. */
  users?: readonly MongodbUser[];
  /** No replica set, and so no oplog to dump. */
  standalone?: boolean;
  /** Writes to the oplog each second, although nothing happens. */
  heartbeat?: boolean;
  /** Encrypts connections with a certificate of its own (`caFile`). */
  tls?: boolean;
}

export interface MongodbUser {
  user: string;
  password: string;
  /** The database that knows the user. */
  database: string;
  roles: readonly (string | { role: string; db: string })[];
}

export interface Mongodb extends Service {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** The certificate to trust, if the server has TLS. */
  readonly caFile: string;
  /** A URL without a user; the database may be empty. */
  url(database: string): string;
  /** Lets a client do something. With users it is the first of them. */
  ask<Answer>(question: (client: MongoClient) => Promise<Answer>): Promise<Answer>;
  /** Everything the server logged. */
  readLog(): Promise<string>;
}

const HOST = "127.0.0.1";

/** Starts a server that speaks MongoDB's protocol (SecantusDB) in a temporary folder, on a free port of the loopback address. */
export async function startMongodb(options: MongodbOptions = {}): Promise<Mongodb> {
  const folder = await temporaryFolder("mongodb");
  try {
    const place = { folder: folder.path, port: await freePort() };
    if (options.tls) await makeCertificate(folder.path);
    if (options.users !== undefined) await makeUsers(place, options.users);
    const daemon = await start(place, options);
    const stop = async () => {
      // Nothing here is to be kept.
      await daemon.stop("SIGKILL");
      await folder[Symbol.asyncDispose]();
    };
    const caFile = certificateIn(folder.path).certificate;
    const first = options.users?.[0];
    const uri = uriOf(place.port, first, options.tls ? caFile : undefined);
    return {
      host: HOST,
      port: place.port,
      pid: daemon.pid,
      caFile,
      url: (database) => `mongodb://${HOST}:${place.port}/${encodeURIComponent(database)}`,
      ask: (question) => ask(uri, question),
      readLog: () => daemon.readLog(),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

interface Place {
  folder: string;
  port: number;
}

async function start(
  { folder, port }: Place,
  { users, standalone, heartbeat, tls }: MongodbOptions,
  ...more: readonly string[]
): Promise<Daemon> {
  const program = requireProgram("secantusd-py", "python3-venv, then pip install SecantusDB==0.7.0b3");
  const argv = ["--host", HOST, "--port", String(port), "--storage-path", join(folder, "data")];
  if (users !== undefined) argv.push("--auth");
  if (standalone) argv.push("--standalone");
  if (heartbeat) argv.push("--noop-heartbeat-seconds", "1");
  const { certificate, key } = certificateIn(folder);
  if (tls) argv.push("--tls-cert-file", certificate, "--tls-key-file", key);
  const daemon = startDaemon([program, ...argv, ...more, "--log-level", "WARNING"], {
    logFile: join(folder, "log"),
    cwd: folder,
    env: { HOME: folder, ...pyenv() },
  });
  try {
    await waitUntil(() => isReady(daemon, port), { what: "SecantusDB" });
    return daemon;
  } catch (error) {
    const log = await daemon.readLog();
    await daemon.stop("SIGKILL");
    throw new Error(`SecantusDB did not start: ${log}`, { cause: error });
  }
}

/** Where pyenv installed it, its program is a script that needs to know where pyenv is. */
function pyenv(): Record<string, string> {
  const root = process.env["PYENV_ROOT"];
  return root === undefined ? {} : { PYENV_ROOT: root };
}

async function isReady(daemon: Daemon, port: number): Promise<boolean> {
  if (!daemon.isRunning()) throw new Error("the server exited");
  const socket = await Bun.connect({ hostname: HOST, port, socket: { data() {} } }).catch(() => null);
  socket?.end();
  return socket !== null;
}

async function makeUsers(place: Place, users: readonly MongodbUser[]): Promise<void> {
  const daemon = await start(place, {}, "--sync-on-commit");
  await ask(uriOf(place.port), async (client) => {
    for (const { user, password, database, roles } of users)
      await client.db(database).command({ createUser: user, pwd: password, roles });
  });
  await daemon.stop("SIGKILL");
}

function uriOf(port: number, user?: MongodbUser, caFile?: string): string {
  const who = user === undefined ? "" : `${user.user}:${encodeURIComponent(user.password)}@`;
  const source = user === undefined ? "" : `&authSource=${user.database}`;
  const tls = caFile === undefined ? "" : `&tls=true&tlsCAFile=${encodeURIComponent(caFile)}`;
  return `mongodb://${who}${HOST}:${port}/?directConnection=true${source}${tls}`;
}

async function ask<Answer>(uri: string, question: (client: MongoClient) => Promise<Answer>): Promise<Answer> {
  const client = new MongoClient(uri);
  try {
    return await question(client);
  } finally {
    await client.close();
  }
}
