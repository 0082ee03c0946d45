import { join } from "node:path";
import { freePort } from "../../../../scripts/services/service.ts";
import type { Rows, Subject } from "../../../conformance/database.ts";
import { startCutter } from "../../../conformance/database/cutter.ts";
import { absent, type Options } from "../../../conformance/database/engine.ts";
import { sharedMariadb } from "../../../services.ts";
import { content, NOISE } from "./content.ts";
import { engine, rows, smallEngine, sql, usual } from "./engine.ts";
import { audit, BANK, startTransfers } from "./transfers.ts";

const GOODS = "CREATE TABLE goods (id INT, name TEXT); INSERT INTO goods VALUES (1, 'tea'), (2, 'jam');";
const OLD =
  "CREATE TABLE goods (id INT, name TEXT, old TEXT); INSERT INTO goods VALUES (3, 'salt', 'x'); CREATE TABLE old (id INT);";

/** Another certificate than the server's. */
const OTHER_CERTIFICATE = join(import.meta.dir, "../../../testdata/keys/certificate.pem");

const torn = {
  make: sql(NOISE),
  port: async () => (await usual()).port,
  through: (options: Options, port: number) => ({ ...options, port, tls: "disable" }),
};

const list: Rows = {
  ...content,
  "transfers while one database is dumped": {
    outcome: "kept",
    make: sql(BANK),
    start: startTransfers,
    audit,
  },
  "transfers while a whole server is dumped": absent(
    "each database is a backup of its own, and a moment of its own",
  ),
  "a wrong password": {
    outcome: "refused",
    options: ({ reading }) => ({ ...reading, password: "wrong" }),
    error: { kind: "database", message: /Access denied for user 'backup'/, hint: /right user and password/ },
  },
  "an unknown host": {
    outcome: "refused",
    options: ({ reading }) => ({ ...reading, host: "nowhere.invalid" }),
    error: {
      kind: "database",
      message: /Unknown .*server host 'nowhere\.invalid'/,
      hint: /host's name right/,
    },
  },
  "a port where nobody listens": {
    outcome: "refused",
    options: async ({ reading }) => ({ ...reading, port: await freePort() }),
    error: {
      kind: "database",
      message: /Can't connect to .*server on '127\.0\.0\.1'/,
      hint: /does the server listen/,
    },
  },
  "TLS, and a server that has none": {
    outcome: "refused",
    options: async () => {
      const server = await sharedMariadb();
      await server.query("CREATE DATABASE IF NOT EXISTS unsealed");
      const { host, port } = server;
      return { host, port, username: "root", database: "unsealed", tls: "require" };
    },
    error: { kind: "database", message: /the server does not encrypt connections/, hint: /ssl_cert/ },
  },
  "a certificate that nobody vouches for": {
    outcome: "refused",
    options: ({ reading }) => ({ ...reading, tls: { mode: "verify-ca", caFile: OTHER_CERTIFICATE } }),
    error: {
      kind: "database",
      message: /certificate verify failed|self.signed certificate/,
      hint: /tls\.caFile/,
    },
  },
  "a certificate of another host": {
    outcome: "refused",
    options: async ({ reading }, stack) => {
      const { port, caFile } = await usual();
      const { host, port: there } = stack.use(await startCutter(port, { host: "127.0.0.2" }));
      return { ...reading, host, port: there, tls: { mode: "verify-full", caFile } };
    },
    error: {
      kind: "database",
      message: /Validation of SSL server certificate failed|verif/,
      hint: /certificate/,
    },
  },
  "a role without rights": {
    outcome: "refused",
    make: sql(
      `${GOODS} CREATE USER IF NOT EXISTS nobody@'%' IDENTIFIED BY 'x'; EXECUTE IMMEDIATE CONCAT('GRANT SELECT ON \`', DATABASE(), '\`.goods TO nobody@\\'%\\'')`,
    ),
    options: ({ reading }) => ({ ...reading, username: "nobody", password: "x" }),
    error: {
      kind: "incomplete",
      message: /would lack/,
      hint: /GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `place\\_\d+`\.\* TO `nobody`@`%`;/,
    },
  },
  "a connection that breaks while dumping": {
    ...torn,
    outcome: "refused",
    error: {
      kind: "database",
      message: /Cannot dump .*Lost connection to .*server/s,
      hint: /the connection was lost/,
    },
  },
  "a connection that breaks while restoring": {
    ...torn,
    outcome: "refused, target half restored, and said",
    fill: sql(OLD),
    error: {
      kind: "database",
      message: /Cannot restore into .*(?:Lost connection|gone away).*now holds a part of the dump/s,
      hint: /the connection was lost.*restore again with --force/s,
    },
  },
  "the user's option files and environment": {
    outcome: "kept",
    files: {
      ".my.cnf":
        "[client]\nhost=nowhere.invalid\npassword=wrong\nssl-verify-server-cert\n[mysqldump]\nno-data\nwhere=1=0\n[mariadb-dump]\nno-data\n[mysql]\nforce\nhtml\n[mariadb]\ninit-command=DROP TABLE bytes\n",
      ".mylogin.cnf": "no such file",
      ".editrc": "bind -v\n",
    },
    environment: {
      MYSQL_HOST: "nowhere.invalid",
      MYSQL_PWD: "wrong",
      MYSQL_TCP_PORT: "1",
      MYSQL_UNIX_PORT: "/nowhere",
      MYSQL_HOME: "/nowhere",
      MYSQL_GROUP_SUFFIX: "x",
      MYSQL_DEBUG: "d:t",
      LANG: "de_DE.ISO-8859-1",
    },
    content: content["binary data with every byte"],
  },
  "options that narrow the dump": {
    outcome: "kept, and marked",
    make: sql(`${GOODS} CREATE VIEW v AS SELECT 1;`),
    more: { dumperOptions: "--where=id=1 --skip-triggers" },
    narrowed: ["--where", "--skip-triggers"],
    ask: rows("SELECT GROUP_CONCAT(name) FROM goods"),
    answer: "tea",
  },
  "options that would spoil the dump": {
    outcome: "refused",
    options: {
      "-r /tmp/dump": /SQL from the program's standard output/,
      "--host=elsewhere": /the connection is described by the config/,
      "--defaults-extra-file=/tmp/x": /only our own option file is read/,
      "--force": /it hides errors/,
      "--insert-ignore": /it hides errors/,
      "--compact": /would not know any more whether the dump is whole/,
      "--databases": /a backup is of one database/,
      "--lock-all-tables": /lockTables = true/,
      "--no-such-option": /not known to dbacked: tell us/,
      other: /not an option/,
    },
  },
  "a target that is not empty": {
    outcome: "refused, emptied by force",
    make: sql(GOODS),
    fill: sql(OLD),
    error: {
      kind: "target",
      message: /is not empty: it holds 2 objects, among them .*goods/,
      hint: /--force/,
    },
  },
  "a disk that is full while restoring": {
    outcome: "refused, target half restored, and said",
    make: sql(NOISE),
    fill: sql(OLD),
    engine: smallEngine,
    error: {
      kind: "database",
      message: /Cannot restore into .*(?:full|space).*now holds a part of the dump/is,
      hint: /the server's disk is full/,
    },
  },
};

/** MariaDB, and the list in its words. */
export const mariadb: Subject = { engine, rows: list };
