import { join } from "node:path";
import { certificateIn, makeCertificate } from "./certificate.ts";
import { dropPrivileges } from "./privileges.ts";
import {
  freePort,
  requireProgram,
  runProgram,
  startDaemon,
  temporaryFolder,
  waitUntil,
  type Daemon,
  type Service,
} from "./service.ts";

/** How a PostgreSQL server for tests differs from the plainest one. */
export interface PostgresOptions {
  /** Asks for this password by SCRAM, over TCP; without it, everybody is let in. */
  password?: string;
  /** Encrypts connections with a certificate of its own (`caFile`). */
  tls?: boolean;
  /** Lines of postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
  /** Where initdb and postgres are, and perhaps clients. @default the newest that Debian has installed, else PATH */
  binDirectory?: string;
}

export interface Postgres extends Service {
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  /** Where its clients are: beside the server, or those of the newest installed version. */
  readonly binDirectory: string;
  /** Holds the Unix socket. */
  readonly socketDirectory: string;
  /** The certificate to trust, if the server has TLS. */
  readonly caFile: string;
  /** A URL with the superuser and, if there is one, his password. */
  url(database: string): string;
  /** Runs SQL as the superuser and gives what psql prints: unaligned, no headers. */
  query(sql: string, database?: string): Promise<string>;
  /** Everything the server logged. */
  readLog(): Promise<string>;
}

const SUPERUSER = "postgres";
const HOST = "127.0.0.1";

/** Nothing here outlives a test, so nothing is written to disk with care. */
const FAST: Readonly<Record<string, string>> = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_wal_size: "4GB",
  shared_buffers: "128MB",
  autovacuum: "off",
};

/** Starts a PostgreSQL server in a temporary folder, on a free port of the loopback address. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const servers = options.binDirectory ?? findBinDirectory();
  const binDirectory = Bun.which("psql", { PATH: servers }) === null ? findBinDirectory() : servers;
  const folder = await temporaryFolder("postgres");
  try {
    const port = await freePort();
    const daemon = await start({ ...options, servers, binDirectory, folder: folder.path, port });
    const stop = async () => {
      await daemon.stop("SIGINT");
      await folder[Symbol.asyncDispose]();
    };
    const secret = options.password === undefined ? "" : `:${encodeURIComponent(options.password)}`;
    const url = (database: string) =>
      `postgres://${SUPERUSER}${secret}@${HOST}:${port}/${encodeURIComponent(database)}`;
    const psql = [join(binDirectory, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c"];
    const query = (sql: string, database = "postgres") => runProgram([...psql, sql, url(database)]);
    const place = { host: HOST, port, superuser: SUPERUSER, socketDirectory: folder.path, binDirectory };
    const caFile = certificateIn(folder.path).certificate;
    const readLog = () => daemon.readLog();
    return { ...place, caFile, url, query, readLog, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

interface Start extends PostgresOptions {
  servers: string;
  binDirectory: string;
  folder: string;
  port: number;
}

async function start(options: Start): Promise<Daemon> {
  const { servers, binDirectory, folder, port } = options;
  const prefix = await dropPrivileges(folder, "postgres");
  await initialise({ ...options, prefix });
  if (options.tls) await makeCertificate(folder, prefix);
  const settings = { ...FAST, ...(options.tls ? tlsSettings(folder) : {}), ...options.settings };
  const argv = [...prefix, join(servers, "postgres"), ...serverArguments(folder, port, settings)];
  const daemon = startDaemon(argv, { logFile: join(folder, "log") });
  try {
    await waitUntil(() => isReady(daemon, join(binDirectory, "pg_isready"), port), { what: "PostgreSQL" });
    return daemon;
  } catch (error) {
    const log = await daemon.readLog();
    await daemon.stop("SIGKILL");
    throw new Error(`PostgreSQL did not start: ${log}`, { cause: error });
  }
}

function serverArguments(folder: string, port: number, settings: Record<string, string>): string[] {
  const place = ["-D", join(folder, "data"), "-h", HOST, "-p", String(port), "-k", folder];
  return [...place, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}

function findBinDirectory(): string {
  const folders = [...new Bun.Glob("*/bin/initdb").scanSync({ cwd: "/usr/lib/postgresql" })]
    .map((path) => path.split("/")[0] ?? "")
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => `/usr/lib/postgresql/${version}/bin`);
  return join(requireProgram("initdb", "postgresql", folders), "..");
}

interface Place {
  servers: string;
  folder: string;
  prefix: readonly string[];
  password?: string;
}

async function initialise({ servers, folder, prefix, password }: Place): Promise<void> {
  const passwordFile = join(folder, "password");
  if (password !== undefined) await Bun.write(passwordFile, `${password}\n`);
  const cluster = [
    "-D",
    join(folder, "data"),
    "-U",
    SUPERUSER,
    "-E",
    "UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
  ];
  const access = password === undefined ? ["trust"] : ["scram-sha-256", "--pwfile", passwordFile];
  const argv = [...prefix, join(servers, "initdb"), ...cluster, "--auth-local=trust", "--auth-host"];
  await runProgram([...argv, ...access]);
}

function tlsSettings(folder: string): Record<string, string> {
  const { certificate, key } = certificateIn(folder);
  return { ssl: "on", ssl_cert_file: certificate, ssl_key_file: key };
}

async function isReady(daemon: Daemon, program: string, port: number): Promise<boolean> {
  if (!daemon.isRunning()) throw new Error("the server exited");
  const asking = Bun.spawn([program, "-q", "-h", HOST, "-p", String(port)], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  return (await asking.exited) === 0;
}
