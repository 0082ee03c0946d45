/**
 * What pg_dump would dump: no schemas of the system's own, and nothing that an extension made but the tables that it
 * keeps the user's settings in.
 */
export const DUMPED = `
  n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
    SELECT FROM pg_depend d LEFT JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' AND c.oid <> ALL (coalesce(e.extconfig, '{}'))
  )`;

/** Every relation as `c`, with its schema as `n`. */
export const RELATIONS = `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace`;
