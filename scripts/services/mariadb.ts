import { startServer, type MysqlOptions, type MysqlServer, type Product } from "./mysql.ts";

const MARIADB: Product = {
  name: "MariaDB",
  client: "mariadb",
  server: "mariadbd",
  packages: { client: "mariadb-client", server: "mariadb-server-core" },
  settings: {},
  initialise: (program, data) => [
    program("mariadb-install-db"),
    "--no-defaults",
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    `--datadir=${data}`,
  ],
};

/** Starts a MariaDB server in a temporary folder, on a free port of the loopback address. */
export function startMariadb(options: MysqlOptions = {}): Promise<MysqlServer> {
  return startServer(MARIADB, options);
}
