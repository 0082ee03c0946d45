import type { Rows, Subject } from "../../../conformance/database.ts";
import { absent } from "../../../conformance/database/engine.ts";
import { content, NOISE } from "./content.ts";
import { engine, sql } from "./engine.ts";
import { audit, BANK, startTransfers } from "./transfers.ts";

const NO_NETWORK = "a file is not reached by a network";
const NO_ROLES = "a file has no roles: its mode and owner say who may read it";
const NO_PROGRAM = "no program is run for it, so there are no options";

const list: Rows = {
  ...content,
  "transfers while one database is dumped": {
    outcome: "kept",
    make: sql(BANK),
    start: startTransfers,
    audit,
  },
  "transfers while a whole server is dumped": absent("there is no server"),
  "a wrong password": absent("a file has no password"),
  "an unknown host": absent(NO_NETWORK),
  "a port where nobody listens": absent(NO_NETWORK),
  "TLS, and a server that has none": absent(NO_NETWORK),
  "a certificate that nobody vouches for": absent(NO_NETWORK),
  "a certificate of another host": absent(NO_NETWORK),
  "a role without rights": absent(NO_ROLES),
  "a connection that breaks while dumping": absent(NO_NETWORK),
  "a connection that breaks while restoring": absent(NO_NETWORK),
  "the user's option files and environment": {
    outcome: "kept",
    files: { ".sqliterc": ".mode insert\nPRAGMA query_only = 1;\n" },
    environment: { SQLITE_HISTORY: "/nowhere", SQLITE_TMPDIR: "/nowhere" },
    content: content["binary data with every byte"],
  },
  "options that narrow the dump": absent(NO_PROGRAM),
  "options that would spoil the dump": absent(NO_PROGRAM),
  "a target that is not empty": {
    outcome: "refused, emptied by force",
    make: sql("CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO goods VALUES (1, 'tea')"),
    fill: sql(
      "CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO goods VALUES (2, 'jam'); CREATE TABLE old (id)",
    ),
    error: {
      kind: "target",
      message: /not empty: it holds 2 objects, among them table goods, table old/,
      hint: /--force/,
    },
  },
  "a disk that is full while restoring": {
    outcome: "refused, target as it was",
    make: sql(NOISE),
    fill: sql("CREATE TABLE old (id INTEGER PRIMARY KEY); INSERT INTO old VALUES (1)"),
    process: async () => process.pid,
    error: { kind: "target", message: /Cannot restore into .*app\.db: EFBIG/, hint: /make room/ },
  },
};

/** SQLite, and the list in its words. */
export const sqlite: Subject = { engine, rows: list };
