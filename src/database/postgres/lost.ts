import type { GapKind } from "../database.ts";
import { DUMPED, RELATIONS } from "./catalog.ts";

/** What a dump must do without because the role may not read some tables, and what follows from that. */
export interface Lost {
  /** Those tables, and all views that need them, directly or not. */
  relations: readonly { schema: string; name: string; isView: boolean }[];
  /** Sequences of which only the definition can be had. */
  sequences: readonly { schema: string; name: string }[];
  /** What is in the dump and needs what is not. */
  dependents: readonly Dependent[];
}

interface Dependent {
  /** The catalog that it is in; `partition` or `index` for what makes one of a table or an index. */
  sort: string;
  /** As PostgreSQL describes it: `constraint child_fk on table child`. */
  name: string;
  /** Its entry in the dump's table of contents: the numbers of its catalog and of itself, or kind, schema and name. */
  entry: string;
}

/** Nothing is lost. */
export const NOTHING_LOST: Lost = { relations: [], sequences: [], dependents: [] };

/** Sorts of dependents that nothing else in a dump is built upon, so that a restore can leave them out. */
const SPARE: Readonly<Record<string, GapKind>> = {
  pg_constraint: "constraint",
  pg_rewrite: "object",
  pg_policy: "object",
  pg_trigger: "trigger",
  pg_proc: "routine",
  partition: "object",
  index: "object",
  pg_publication_rel: "object",
};

/** Whether a restore leaves it out; it fails at any other. */
export function isSpare({ sort }: Dependent): boolean {
  return sort in SPARE;
}

/** What goes without saying where the table is named: its place in a publication, and the indexes of its partitions. */
const PLAIN = new Set(["index", "pg_publication_rel"]);

/** Whether it must be named, besides what it needs. */
export function isNamed({ sort }: Dependent): boolean {
  return !PLAIN.has(sort);
}

/** What it is to the manifest. */
export function kindOf({ sort }: Dependent): GapKind {
  return SPARE[sort] ?? (sort === "pg_class" ? "table" : "object");
}

/** All that needs a relation of `lost`, or the type of its rows, and does not belong to it. */
const NEEDING = `
  SELECT d.classid, d.objid, d.objsubid FROM pg_depend d
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = lost.oid AND d.deptype = 'n'
  UNION ALL
  SELECT d.classid, d.objid, d.objsubid FROM pg_class r JOIN pg_type t ON t.oid = r.reltype
    JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = ANY (ARRAY[t.oid, t.typarray])
  WHERE r.oid = lost.oid AND d.deptype = 'n'`;

/** The relation that an object of `needing` is a part of. */
const OWNER = `
  CASE classid
    WHEN 'pg_class'::regclass THEN coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = objid), objid)
    WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = objid)
    WHEN 'pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_rewrite WHERE oid = objid)
    WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = objid)
    WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = objid)
    WHEN 'pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_attrdef WHERE oid = objid)
    ELSE 0
  END`;

/** A query for one JSON object. */
export const LOST = `
WITH RECURSIVE lost(oid) AS (
  SELECT c.oid FROM ${RELATIONS}
  WHERE c.relkind IN ('r', 'p') AND ${DUMPED}
    AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE'))
  UNION
  SELECT v.oid FROM lost JOIN LATERAL (${NEEDING}) d ON d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
), needing AS (
  SELECT DISTINCT d.* FROM lost JOIN LATERAL (${NEEDING}) d ON true
), dependents AS (
  SELECT classid::regclass::text AS sort, pg_describe_object(classid, objid, objsubid) AS name,
    classid::oid || ' ' || objid AS entry
  FROM needing WHERE ${OWNER} NOT IN (SELECT oid FROM lost)
  UNION
  SELECT CASE c.relkind WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'partition' END,
    format('partition %s of %s', c.oid::regclass, i.inhparent::regclass),
    concat_ws(' ', CASE WHEN c.relkind IN ('i', 'I') THEN 'INDEX' ELSE 'TABLE' END, 'ATTACH', n.nspname, c.relname)
  FROM pg_inherits i JOIN ${RELATIONS} ON c.oid = i.inhrelid
    LEFT JOIN pg_index x ON x.indexrelid = c.oid LEFT JOIN pg_index y ON y.indexrelid = i.inhparent
  WHERE c.relispartition AND coalesce(y.indrelid, i.inhparent) IN (SELECT oid FROM lost)
    AND coalesce(x.indrelid, c.oid) NOT IN (SELECT oid FROM lost)
  UNION
  SELECT 'pg_publication_rel', '', 'pg_publication_rel'::regclass::oid || ' ' || oid
  FROM pg_publication_rel WHERE prrelid IN (SELECT oid FROM lost)
)
SELECT json_build_object(
  'relations', (
    SELECT coalesce(json_agg(json_build_object(
      'schema', n.nspname, 'name', c.relname, 'isView', c.relkind IN ('v', 'm')) ORDER BY n.nspname, c.relname), '[]')
    FROM ${RELATIONS} WHERE c.oid IN (SELECT oid FROM lost)),
  'sequences', (
    SELECT coalesce(json_agg(json_build_object('schema', n.nspname, 'name', c.relname) ORDER BY n.nspname, c.relname), '[]')
    FROM ${RELATIONS} WHERE ${DUMPED} AND CASE WHEN c.relkind = 'S'
      THEN NOT (has_sequence_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')) END),
  'dependents', (SELECT coalesce(json_agg(d ORDER BY sort, name), '[]') FROM dependents d)
)`;
