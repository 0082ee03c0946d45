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

/** How a server of MySQL or MariaDB for tests differs from the plainest one. */
export interface MysqlOptions {
  /** The superuser's password; without it he needs none. */
  password?: string;
  /** Encrypts connections with a certificate of its own (`caFile`). */
  tls?: boolean;
  /** Server options: `{ "max-allowed-packet": "2M" }`. */
  settings?: Readonly<Record<string, string>>;
  /** Holds `bin`, and for MariaDB `sbin`. @default where Debian installs them, else PATH */
  directory?: string;
}

export interface MysqlServer extends Service {
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly socket: string;
  /** The certificate to trust, if the server has TLS. */
  readonly caFile: string;
  /** A URL without a password. */
  url(database: string, user?: string): string;
  /** Runs SQL as the superuser and gives what the client prints: tabs between columns, no headers, nothing escaped. */
  query(sql: string, database?: string): Promise<string>;
  /** Everything the server logged. */
  readLog(): Promise<string>;
}

/** What MySQL and MariaDB do not have in common. */
export interface Product {
  name: string;
  client: string;
  server: string;
  /** Debian's packages of both. */
  packages: { client: string; server: string };
  settings: Readonly<Record<string, string>>;
  /** The words that make a new data folder. */
  initialise(program: (name: string) => string, data: string): readonly string[];
}

/** What a started server knows of itself. */
interface Place {
  product: Product;
  options: MysqlOptions;
  folder: string;
  port: number;
}

const SUPERUSER = "root";
const HOST = "127.0.0.1";

/** Nothing here outlives a test, so nothing is written to disk with care. */
const FAST: Readonly<Record<string, string>> = {
  "innodb-flush-log-at-trx-commit": "0",
  "innodb-doublewrite": "0",
  "innodb-buffer-pool-size": "128M",
  "innodb-flush-method": "nosync",
  "sync-binlog": "0",
};

const MYSQL: Product = {
  name: "MySQL",
  client: "mysql",
  server: "mysqld",
  packages: { client: "mysql-client", server: "mysql-server" },
  settings: { mysqlx: "OFF", "secure-file-priv": "" },
  initialise: (program, data) => [
    program("mysqld"),
    "--no-defaults",
    "--initialize-insecure",
    `--datadir=${data}`,
  ],
};

/** Starts a MySQL server in a temporary folder, on a free port of the loopback address. */
export function startMysql(options: MysqlOptions = {}): Promise<MysqlServer> {
  return startServer(MYSQL, options);
}

/** Starts a server of one of the two products. */
export async function startServer(product: Product, options: MysqlOptions): Promise<MysqlServer> {
  const folder = await temporaryFolder(product.name.toLowerCase());
  try {
    const place = { product, options, folder: folder.path, port: await freePort() };
    const daemon = await start(place);
    const stop = async () => {
      await daemon.stop();
      await folder[Symbol.asyncDispose]();
    };
    const { port } = place;
    const url = (database: string, user = SUPERUSER) =>
      `mysql://${encodeURIComponent(user)}@${HOST}:${port}/${encodeURIComponent(database)}`;
    return {
      host: HOST,
      port,
      superuser: SUPERUSER,
      socket: socketOf(place),
      caFile: certificateIn(folder.path).certificate,
      url,
      query: (sql, database) => execute(place, sql, { database, password: options.password }),
      readLog: () => daemon.readLog(),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

async function start(place: Place): Promise<Daemon> {
  const { product, options, folder } = place;
  const prefix = await dropPrivileges(folder, "mysql");
  const program = (name: string) => requireServer(place, name);
  // A server that starts removes the temporary tables of others in the same folder.
  const env = { TMPDIR: folder };
  await runProgram([...prefix, ...product.initialise(program, join(folder, "data"))], env);
  if (options.tls) await makeCertificate(folder, prefix);
  const argv = [...prefix, program(product.server), ...serverArguments(place)];
  const daemon = startDaemon(argv, { logFile: join(folder, "log"), env });
  try {
    await waitUntil(() => isReady(daemon, place), { what: product.name });
    if (options.password !== undefined) await setPassword(place, options.password);
    return daemon;
  } catch (error) {
    const log = await daemon.readLog();
    await daemon.stop("SIGKILL");
    throw new Error(`${product.name} did not start: ${log}`, { cause: error });
  }
}

function requireServer({ product, options: { directory } }: Place, name: string): string {
  const folders = directory === undefined ? ["/usr/sbin"] : [join(directory, "bin"), join(directory, "sbin")];
  return requireProgram(name, product.packages.server, folders);
}

function serverArguments({ product, options, folder, port }: Place): string[] {
  const settings = {
    ...FAST,
    ...product.settings,
    ...(options.tls ? tlsSettings(folder) : {}),
    ...options.settings,
  };
  return [
    "--no-defaults",
    `--datadir=${join(folder, "data")}`,
    `--socket=${join(folder, "socket")}`,
    `--pid-file=${join(folder, "pid")}`,
    `--bind-address=${HOST}`,
    `--port=${port}`,
    ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
  ];
}

function tlsSettings(folder: string): Record<string, string> {
  const { certificate, key } = certificateIn(folder);
  return { "ssl-ca": certificate, "ssl-cert": certificate, "ssl-key": key };
}

function socketOf({ folder }: Place): string {
  return join(folder, "socket");
}

async function isReady(daemon: Daemon, place: Place): Promise<boolean> {
  if (!daemon.isRunning()) throw new Error("the server exited");
  return execute(place, "SELECT 1").then(
    () => true,
    () => false,
  );
}

async function setPassword(place: Place, password: string): Promise<void> {
  const literal = password.replaceAll("\\", "\\\\").replaceAll("'", "''");
  await execute(place, `ALTER USER ${SUPERUSER}@localhost IDENTIFIED BY '${literal}'`);
}

interface As {
  database?: string | undefined;
  password?: string | undefined;
}

async function execute(place: Place, sql: string, { database = "", password }: As = {}): Promise<string> {
  const { product, options } = place;
  const folders = options.directory === undefined ? [] : [join(options.directory, "bin")];
  const program = requireProgram(product.client, product.packages.client, folders);
  const form = ["--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4"];
  const who = [`--socket=${socketOf(place)}`, `--user=${SUPERUSER}`];
  const env = password === undefined ? {} : { MYSQL_PWD: password };
  return runProgram([program, "--no-defaults", ...form, ...who, `--execute=${sql}`, database], env);
}
