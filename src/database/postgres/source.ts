import { DUMPED, RELATIONS } from "./catalog.ts";
import { LOST, type Lost } from "./lost.ts";
import { ask, type Asked } from "./psql.ts";

/** What we ask a server before a dump. */
export interface Source {
  /** `15.18` */
  version: string;
  /** 150018 */
  versionNumber: number;
  role: string;
  /** Whether this connection is, as the server sees it. */
  isEncrypted: boolean;
  /** The cluster's own number; null if the role may not know it. */
  identifier: string | null;
  extensions: readonly string[];
  /** How many tables a dump locks at once, and how many locks the server surely has no room for. */
  tables: number;
  lockRoom: number;
  locksPerTransaction: number;
  missing: readonly Missing[];
  /** What follows from the tables among it. */
  lost: Lost;
}

/** One thing that a dump with this role would not hold. */
export interface Missing {
  sort: "schema" | "table" | "rows" | "unlogged" | "sequence" | "objects" | "subscription" | "mapping";
  schema: string;
  name: string;
}

/** Asks a server what it is, and what the role may not read. */
export async function readSource(asked: Asked, signal: AbortSignal): Promise<Source> {
  return ask<Source>(asked, SOURCE, signal);
}

/** The catalog shows what exists to everybody, so what a role may not read can be told by comparing. */
const MISSING = `
  SELECT 'schema' AS sort, n.nspname AS schema, n.nspname AS name
  FROM pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT has_schema_privilege(n.oid, 'USAGE')
    AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'S'))
  UNION ALL
  SELECT 'table', n.nspname, c.relname FROM ${RELATIONS}
  WHERE c.relkind IN ('r', 'p') AND ${DUMPED} AND NOT has_table_privilege(c.oid, 'SELECT')
  UNION ALL
  SELECT 'rows', n.nspname, c.relname FROM ${RELATIONS}
  WHERE c.relkind IN ('r', 'p') AND ${DUMPED} AND has_table_privilege(c.oid, 'SELECT') AND row_security_active(c.oid)
  UNION ALL
  SELECT 'unlogged', n.nspname, c.relname FROM ${RELATIONS}
  WHERE c.relkind = 'r' AND c.relpersistence = 'u' AND ${DUMPED} AND pg_is_in_recovery()
  UNION ALL
  SELECT 'sequence', n.nspname, c.relname FROM ${RELATIONS}
  WHERE ${DUMPED} AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'SELECT') END
  UNION ALL
  SELECT 'objects', '', pg_get_userbyid(m.lomowner) FROM pg_largeobject_metadata m
  WHERE NOT pg_has_role(m.lomowner, 'USAGE') AND NOT EXISTS (
    SELECT FROM aclexplode(m.lomacl) a
    WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE'))
  ) GROUP BY m.lomowner
  UNION ALL
  SELECT 'subscription', '', s.subname FROM pg_subscription s
  WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
  UNION ALL
  SELECT 'mapping', m.srvname, m.usename FROM pg_user_mappings m JOIN pg_foreign_server s ON s.oid = m.srvid
  WHERE m.umoptions IS NULL AND NOT pg_has_role(s.srvowner, 'USAGE')`;

/** Locks that the server has room for, with the tenth that it keeps in reserve. @see LOCK_MANAGEMENT in its docs */
const LOCK_ROOM = `
  ceil(1.1 * current_setting('max_locks_per_transaction')::int * (
    current_setting('max_connections')::int + 1
    + coalesce(current_setting('autovacuum_worker_slots', true), current_setting('autovacuum_max_workers'))::int
    + current_setting('max_worker_processes')::int + current_setting('max_wal_senders')::int
    + current_setting('max_prepared_transactions')::int))::int`;

/** For a query that asks for the room for locks. */
export const LOCK_FIELDS = `
  'lockRoom', ${LOCK_ROOM},
  'locksPerTransaction', current_setting('max_locks_per_transaction')::int`;

/**
 * Sets `identifier` to the cluster's own number, if the role may know it: the mere mention of the function would be
 * refused.
 */
export const IDENTIFIER = `
SELECT has_function_privilege('pg_catalog.pg_control_system()', 'execute') AS may_know \\gset
\\if :may_know
SELECT system_identifier AS identifier FROM pg_control_system() \\gset
\\else
\\set identifier ''
\\endif`;

/** Compiling these queries takes seconds longer than running them. Servers before version 11 do not know it. */
const NO_JIT = `SELECT count(set_config('jit', 'off', false)) AS jit FROM pg_settings WHERE name = 'jit' \\gset`;

const SOURCE = `
${NO_JIT}
${IDENTIFIER}
SELECT json_build_object(
  'version', split_part(current_setting('server_version'), ' ', 1),
  'versionNumber', current_setting('server_version_num')::int,
  'role', current_user,
  'isEncrypted', coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
  'identifier', nullif(:'identifier', ''),
  'extensions', (SELECT coalesce(json_agg(extname || ' ' || extversion ORDER BY extname), '[]') FROM pg_extension),
  'tables', (SELECT count(*) FROM ${RELATIONS} WHERE c.relkind IN ('r', 'p') AND ${DUMPED}),
  ${LOCK_FIELDS},
  'missing', (SELECT coalesce(json_agg(m ORDER BY sort, schema, name), '[]') FROM (${MISSING}) m),
  'lost', (${LOST})
);
`;
