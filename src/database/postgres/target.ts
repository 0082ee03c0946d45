import type { Inspection } from "../database.ts";
import { askServer } from "./maintenance.ts";
import { ask, literal, type Asked } from "./psql.ts";
import { LOCK_FIELDS } from "./source.ts";

/** What we ask a server before a restore. */
export interface Target {
  versionNumber: number;
  encoding: string;
  collate: string;
  ctype: string;
  roles: readonly string[];
  /** Those that could be created. */
  extensions: readonly string[];
  tablespaces: readonly string[];
  lockRoom: number;
  locksPerTransaction: number;
  /** How many objects are there, and a few of them. */
  objects: number;
  examples: readonly string[];
}

/** How many objects a refusal names. */
const EXAMPLES = 5;

/** Says what a restore would find. */
export async function inspectTarget(asked: Asked, signal: AbortSignal): Promise<Inspection> {
  const target = await readTarget(asked, signal);
  if (target === null) return { exists: false, objects: 0, examples: [] };
  return { exists: true, objects: target.objects, examples: target.examples };
}

/** Asks a server about the target of a restore; null if there is no such database. */
export async function readTarget(asked: Asked, signal: AbortSignal): Promise<Target | null> {
  try {
    return await ask<Target>(asked, TARGET, signal);
  } catch (error) {
    // The message that says so is in the server's language, so we ask instead of reading it.
    if (await isAbsent(asked, signal)) return null;
    throw error;
  }
}

async function isAbsent({ psql, connection }: Asked, signal: AbortSignal): Promise<boolean> {
  const question = `SELECT to_json(EXISTS (SELECT FROM pg_database WHERE datname = ${literal(connection.database)}));`;
  return (await askServer<boolean>({ psql, connection }, question, signal).catch(() => null)) === false;
}

/** Schemas that are not the system's own. */
export const USER_SCHEMAS = `nspname !~ '^pg_' AND nspname <> 'information_schema'`;

/** The first number of objects that are not the system's own. @see FirstNormalObjectId */
export const FIRST_USER_OID = 16_384;

function ownedByExtension(table: string): string {
  return `EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${table}'::regclass AND d.objid = o.oid AND d.deptype = 'e')`;
}

/** Objects of the kind that `table` holds, which live in a schema. */
function inSchemas(table: string, schema: string, condition = "true"): string {
  return `
    SELECT '${table}'::regclass::oid AS class, o.oid AS object FROM ${table} o JOIN pg_namespace n ON n.oid = o.${schema}
    WHERE ${USER_SCHEMAS} AND (${condition}) AND NOT ${ownedByExtension(table)}`;
}

/** Objects that live in no schema. */
function ofDatabase(table: string, condition = `o.oid >= ${FIRST_USER_OID}`): string {
  return `
    SELECT '${table}'::regclass::oid, o.oid FROM ${table} o WHERE (${condition}) AND NOT ${ownedByExtension(table)}`;
}

/** All that a restore could trip over, but what hangs on a table: indexes, triggers, policies. */
const OBJECTS = [
  inSchemas("pg_class", "relnamespace", "relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')"),
  inSchemas("pg_proc", "pronamespace"),
  inSchemas("pg_type", "typnamespace", "typtype IN ('d', 'e', 'r') OR (typtype = 'b' AND typelem = 0)"),
  inSchemas("pg_collation", "collnamespace"),
  inSchemas("pg_conversion", "connamespace"),
  inSchemas("pg_operator", "oprnamespace"),
  inSchemas("pg_opfamily", "opfnamespace"),
  inSchemas("pg_ts_config", "cfgnamespace"),
  inSchemas("pg_ts_dict", "dictnamespace"),
  ofDatabase("pg_namespace", `${USER_SCHEMAS} AND nspname <> 'public'`),
  ofDatabase("pg_extension", "extname <> 'plpgsql'"),
  ofDatabase("pg_language"),
  ofDatabase("pg_cast"),
  ofDatabase("pg_foreign_data_wrapper"),
  ofDatabase("pg_foreign_server"),
  ofDatabase("pg_event_trigger"),
  ofDatabase("pg_publication"),
  ofDatabase("pg_subscription", "subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())"),
  ofDatabase("pg_default_acl"),
  "SELECT 'pg_largeobject'::regclass::oid, oid FROM pg_largeobject_metadata",
].join(" UNION ALL ");

const TARGET = `
WITH objects AS (${OBJECTS}), examples AS (SELECT * FROM objects LIMIT ${EXAMPLES})
SELECT json_build_object(
  'versionNumber', current_setting('server_version_num')::int,
  'encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype,
  'roles', (SELECT json_agg(rolname) FROM pg_roles),
  'extensions', (SELECT coalesce(json_agg(name), '[]') FROM pg_available_extensions),
  'tablespaces', (SELECT json_agg(spcname) FROM pg_tablespace),
  ${LOCK_FIELDS},
  'objects', (SELECT count(*) FROM objects),
  'examples', (SELECT coalesce(json_agg(i.type || ' ' || i.identity), '[]') FROM examples, pg_identify_object(class, object, 0) i)
) FROM pg_database WHERE datname = current_database();
`;
