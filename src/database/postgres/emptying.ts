import { DbackedError } from "../../base/error.ts";
import { ask, type Asked } from "./psql.ts";
import { FIRST_USER_OID, USER_SCHEMAS } from "./target.ts";

/**
 * The statements that empty a database, down to what a new one holds. They are run in the transaction of the restore,
 * so that its failure brings everything back.
 *
 * @throws {DbackedError} `target`, if something is there that cannot be dropped in a transaction.
 */
export async function readEmptying(asked: Asked, signal: AbortSignal): Promise<string[]> {
  const { subscriptions, statements } = await ask<Emptying>(asked, EMPTYING, signal);
  if (subscriptions.length > 0)
    throw new DbackedError(
      "target",
      `${asked.connection.label} subscribes to other databases (${subscriptions.join(", ")}), which cannot be undone in a transaction`,
      {
        hint: subscriptions.map((name) => `DROP SUBSCRIPTION ${name};`).join("\n"),
      },
    );
  return statements;
}

interface Emptying {
  subscriptions: readonly string[];
  statements: string[];
}

/** Objects in no schema, each dropped by name; event triggers first, since they would see the others go. */
const DROPS = `
  SELECT 1 AS step, format('DROP EVENT TRIGGER IF EXISTS %I;', evtname) AS statement FROM pg_event_trigger
  UNION ALL SELECT 2, format('DROP PUBLICATION IF EXISTS %I;', pubname) FROM pg_publication
  UNION ALL SELECT 3, format('DROP EXTENSION IF EXISTS %I CASCADE;', extname) FROM pg_extension WHERE extname <> 'plpgsql'
  UNION ALL SELECT 4, format('DROP SCHEMA IF EXISTS %I CASCADE;', nspname) FROM pg_namespace WHERE ${USER_SCHEMAS}
  UNION ALL SELECT 5, format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE;', fdwname) FROM pg_foreign_data_wrapper
    WHERE oid >= ${FIRST_USER_OID}
  UNION ALL SELECT 6, format('DROP CAST IF EXISTS (%s AS %s) CASCADE;', format_type(castsource, NULL), format_type(casttarget, NULL))
    FROM pg_cast c WHERE oid >= ${FIRST_USER_OID} AND NOT EXISTS (
      SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
      WHERE t.oid IN (c.castsource, c.casttarget) AND ${USER_SCHEMAS})
  UNION ALL SELECT 7, format('DROP LANGUAGE IF EXISTS %I CASCADE;', lanname) FROM pg_language l
    WHERE oid >= ${FIRST_USER_OID} AND NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_language'::regclass AND d.objid = l.oid AND d.deptype = 'e')
  UNION ALL SELECT 8, 'SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata;'
    WHERE EXISTS (SELECT FROM pg_largeobject_metadata)`;

/** Default privileges cannot be dropped: one takes away what was granted, and grants what PostgreSQL does by itself. */
const DEFAULT_PRIVILEGES = `
  SELECT a.oid, 1 AS step, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE ALL ON %s FROM %s;', owner, sort, grantee)
    AS statement
  FROM acls a, LATERAL (
    SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE format('%I', pg_get_userbyid(x.grantee)) END AS grantee
    FROM aclexplode(a.defaclacl) x UNION SELECT 'PUBLIC' WHERE a.defaclobjtype IN ('f', 'T')
  ) g
  UNION ALL SELECT oid, 2, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT ALL ON %s TO %I;', owner, sort, owner) FROM acls
  UNION ALL SELECT oid, 3, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT ALL ON %s TO PUBLIC;', owner, sort) FROM acls
    WHERE defaclobjtype IN ('f', 'T')`;

/** The schema \`public\` as a new database has it; since version 15 it belongs to whoever owns the database. */
const PUBLIC = `
  SELECT 1 AS step, 'CREATE SCHEMA public;' AS statement
  UNION ALL SELECT 2, format('ALTER SCHEMA public OWNER TO %I;', CASE
      WHEN current_setting('server_version_num')::int >= 150000 THEN 'pg_database_owner'
      ELSE coalesce((SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'public'), current_user) END)
  UNION ALL SELECT 3, CASE WHEN current_setting('server_version_num')::int >= 150000
      THEN 'GRANT USAGE ON SCHEMA public TO PUBLIC;' ELSE 'GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC;' END
  UNION ALL SELECT 4, 'COMMENT ON SCHEMA public IS ''standard public schema'';'`;

const EMPTYING = `
WITH acls AS (
  SELECT oid, defaclobjtype, defaclacl, pg_get_userbyid(defaclrole) AS owner, CASE defaclobjtype
    WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
    WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS sort
  FROM pg_default_acl WHERE defaclnamespace = 0
), statements AS (
  SELECT 1 AS part, 0::oid AS oid, step, statement FROM (${DROPS}) d
  UNION ALL SELECT 2, oid, step, statement FROM (${DEFAULT_PRIVILEGES}) p
  UNION ALL SELECT 3, 0, step, statement FROM (${PUBLIC}) s
)
SELECT json_build_object(
  'subscriptions', (SELECT coalesce(json_agg(quote_ident(subname)), '[]') FROM pg_subscription
    WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())),
  'statements', (SELECT json_agg(statement ORDER BY part, oid, step) FROM statements)
);
`;
