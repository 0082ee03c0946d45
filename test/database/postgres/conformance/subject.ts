import { join } from "node:path";
import { freePort } from "../../../../scripts/services/service.ts";
import type { Rows, Subject } from "../../../conformance/database.ts";
import { startCutter } from "../../../conformance/database/cutter.ts";
import { absent, type Options } from "../../../conformance/database/engine.ts";
import { sharedPostgres } from "../../../services.ts";
import { content, COUNT_MANY, MANY, NOISE } from "./content.ts";
import { engine, raisedEngine, rows, sql, usual } from "./engine.ts";
import { audit, BANK, startTransfers } from "./transfers.ts";

const GOODS = "CREATE TABLE goods (id int, name text); INSERT INTO goods VALUES (1, 'tea'), (2, 'jam');";
const OLD =
  "CREATE TABLE goods (id int, name text, old text); INSERT INTO goods VALUES (3, 'salt', 'x'); CREATE TABLE old ();";

/** Another certificate than the server's. */
const OTHER_CERTIFICATE = join(import.meta.dir, "../../../testdata/keys/certificate.pem");

const torn = {
  make: sql(NOISE),
  port: async () => (await usual()).port,
  through: (options: Options, port: number) => ({ ...options, port }),
};

const list: Rows = {
  ...content,
  "10,000 tables": {
    outcome: "kept; refused by default settings",
    make: sql(MANY),
    ask: rows(COUNT_MANY),
    answer: "10000|50005000",
    roomy: raisedEngine,
    restoreError: {
      kind: "target",
      message: /no room for a restore in one transaction: it would hold about 30000 locks/,
      hint: /^set max_locks_per_transaction = \d+ on the server and restart it, or give --no-single-transaction$/,
    },
    dumpError: {
      kind: "database",
      message: /no room to lock its 10000 tables/,
      hint: /^set max_locks_per_transaction = \d+ on the server and restart it$/,
    },
  },
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
    error: {
      kind: "database",
      message: /password authentication failed for user "backup"/,
      hint: /right password/,
    },
  },
  "an unknown host": {
    outcome: "refused",
    options: ({ reading }) => ({ ...reading, host: "nowhere.invalid" }),
    error: {
      kind: "database",
      message: /could not translate host name "nowhere.invalid"/,
      hint: /host's name right/,
    },
  },
  "a port where nobody listens": {
    outcome: "refused",
    options: async ({ reading }) => ({ ...reading, port: await freePort() }),
    error: { kind: "database", message: /Connection refused/, hint: /does PostgreSQL listen/ },
  },
  "TLS, and a server that has none": {
    outcome: "refused",
    options: async ({ reading }) => ({ ...reading, port: (await sharedPostgres()).port, tls: "require" }),
    error: {
      kind: "database",
      message: /server does not support SSL, but SSL was required/,
      hint: /do not agree about encryption/,
    },
  },
  "a certificate that nobody vouches for": {
    outcome: "refused",
    options: ({ reading }) => ({ ...reading, tls: { mode: "verify-ca", caFile: OTHER_CERTIFICATE } }),
    error: { kind: "database", message: /certificate verify failed/, hint: /tls\.caFile/ },
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
      message: /certificate for "localhost".* does not match host name "127\.0\.0\.2"/,
      hint: /a name that .* certificate has/,
    },
  },
  "a role without rights": {
    outcome: "refused",
    make: sql(
      `${GOODS} DO $$ BEGIN CREATE ROLE nobody LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; ALTER ROLE nobody PASSWORD 'x'`,
    ),
    options: ({ reading }) => ({ ...reading, username: "nobody", password: "x" }),
    error: {
      kind: "incomplete",
      message: /would lack table "public"\."goods" \(the role may not read it\)/,
      hint: /GRANT SELECT ON TABLE "public"\."goods" TO "nobody";/,
    },
  },
  "a connection that breaks while dumping": {
    ...torn,
    outcome: "refused",
    error: {
      kind: "database",
      message: /Cannot dump .*(?:EOF detected|server closed the connection)/s,
      hint: /the connection broke/,
    },
  },
  "a connection that breaks while restoring": {
    ...torn,
    outcome: "refused, target as it was",
    fill: sql(OLD),
    error: {
      kind: "database",
      message: /Cannot restore into .*(?:EOF detected|server closed the connection)/s,
      hint: /the connection broke/,
    },
  },
  "the user's option files and environment": {
    outcome: "kept",
    files: {
      ".psqlrc": "\\set ON_ERROR_STOP off\n\\pset format html\nDROP TABLE IF EXISTS bytes CASCADE;\n",
      ".pgpass": "*:*:*:*:wrong\n",
      ".pg_service.conf": "[x]\nhost=nowhere.invalid\n",
    },
    environment: {
      PGOPTIONS: "-c search_path=nowhere -c row_security=off -c bytea_output=escape -c statement_timeout=1",
      PGSERVICE: "x",
      PGHOST: "nowhere.invalid",
      PGDATABASE: "postgres",
      PGPASSFILE: "/nowhere",
      PGCLIENTENCODING: "LATIN1",
      PGTZ: "Asia/Kathmandu",
      PGDATESTYLE: "SQL, DMY",
      PGSSLMODE: "verify-full",
    },
    content: content["binary data with every byte"],
  },
  "options that narrow the dump": {
    outcome: "kept, and marked",
    make: sql(`${GOODS} CREATE TABLE left_out (id int);`),
    more: { dumperOptions: "-T left_out --exclude-table-data=goods" },
    narrowed: ["--exclude-table", "--exclude-table-data"],
    ask: rows("SELECT (SELECT count(*) FROM goods), to_regclass('left_out') IS NULL"),
    answer: "0|t",
  },
  "options that would spoil the dump": {
    outcome: "refused",
    options: {
      "-f /tmp/dump": /reads pg_dump's custom format from its standard output/,
      "--format=plain": /reads pg_dump's custom format from its standard output/,
      "-j 2": /reads pg_dump's custom format from its standard output/,
      "-h elsewhere": /the connection is described by the config/,
      "--enable-row-security": /leaves out rows without saying which/,
      "--extra-float-digits=0": /rounds numbers/,
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
      message: /is not empty: it holds 2 objects, among them table public\.goods, table public\.old/,
      hint: /--force/,
    },
  },
  "a disk that is full while restoring": {
    outcome: "refused, target as it was",
    make: sql(NOISE),
    fill: sql(OLD),
    process: async () =>
      Number.parseInt(
        await Bun.file(join((await usual()).socketDirectory, "data/postmaster.pid")).text(),
        10,
      ),
    error: {
      kind: "database",
      message: /Cannot restore into .*(?:could not extend file|File too large)/s,
      hint: /disk/,
    },
  },
};

/** PostgreSQL, and the list in its words. */
export const postgres: Subject = { engine, rows: list };
