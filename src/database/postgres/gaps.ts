import type { Gap } from "../database.ts";
import { isNamed, isSpare, kindOf, type Lost } from "./lost.ts";
import { identifier } from "./psql.ts";
import type { Missing, Source } from "./source.ts";

/** How many objects a message names, of those that lack the same. */
const NAMED = 5;

/** What a dump has to do without. */
type Lack = Pick<Source, "missing" | "lost">;

/** Says what a dump would lack, and which statements mend it; what is alike is said together. */
export function gapsOf({ missing, lost, role }: Lack & Pick<Source, "role">): Gap[] {
  const groups = Map.groupBy(missing, ({ sort, schema }) => `${sort} ${schema}`);
  return [...[...groups.values()].map((group) => gapOf(group, identifier(role))), ...followingFrom(lost)];
}

/** Views are left out of the dump; other dependents are in it, and most of them are left out by a restore. */
function followingFrom({ relations, dependents }: Lost): Gap[] {
  const views = relations.filter(({ isView }) => isView);
  const groups = Map.groupBy(dependents.filter(isNamed), (each) => `${isSpare(each)} ${kindOf(each)}`);
  const gaps = [...groups.values()].flatMap((group): Gap[] => {
    const [first] = group;
    if (first === undefined) return [];
    const end = isSpare(first) ? "a restore leaves it out" : "a restore fails at it";
    const object = list(group.map(({ name }) => name));
    return [{ kind: kindOf(first), object, why: `it needs what the role may not read: ${end}` }];
  });
  if (views.length === 0) return gaps;
  const object = `view ${list(views.map(qualify))}`;
  return [{ kind: "view", object, why: "it needs a table that the role may not read" }, ...gaps];
}

/** The options that keep pg_dump from failing on what the role may not read, and a restore on what needs it. */
export function exclusionsOf({ missing, lost }: Lack): string[] {
  const rows = missing.filter(({ sort }) => sort === "rows");
  return [
    ...lost.relations.map((each) => `--exclude-table=${qualify(each)}`),
    // Its definition can be read by everybody, and tables may need it for their defaults.
    ...[...lost.sequences, ...rows].map((each) => `--exclude-table-data=${qualify(each)}`),
    ...(missing.some(({ sort }) => sort === "objects") ? ["--no-blobs"] : []),
  ];
}

/** The entries of the dump that a restore has to leave out. */
export function skipsOf({ dependents }: Lost): string[] {
  return dependents.filter(isSpare).map(({ entry }) => entry);
}

function qualify({ schema, name }: { schema: string; name: string }): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

/** Objects of one sort in one schema, with their names as SQL has them. */
interface Group {
  schema: string;
  names: readonly string[];
  /** The names with the schema before them. */
  qualified: readonly string[];
  role: string;
}

function gapOf(missing: readonly Missing[], role: string): Gap {
  const [{ sort, schema } = { sort: "table", schema: "" } as const] = missing;
  const names = missing.map(({ name }) => identifier(name));
  const qualified = names.map((name) => `${identifier(schema)}.${name}`);
  return GAPS[sort]({ schema: identifier(schema), names, qualified, role });
}

const GAPS: Readonly<Record<Missing["sort"], (group: Group) => Gap>> = {
  schema: ({ schema, role }) => ({
    kind: "schema",
    object: `schema ${schema}`,
    why: "the role may not look into it",
    mend: `GRANT USAGE ON SCHEMA ${schema} TO ${role};`,
  }),
  table: (group) => ({
    kind: "table",
    object: `table ${list(group.qualified)}`,
    why: "the role may not read it",
    mend: grantSelect("TABLE", group),
  }),
  sequence: (group) => ({
    kind: "sequence",
    object: `sequence ${list(group.qualified)}`,
    why: "the role may not read it",
    mend: grantSelect("SEQUENCE", group),
  }),
  rows: ({ qualified, role }) => ({
    kind: "rows",
    object: `rows of table ${list(qualified)}`,
    why: "row security hides some from the role",
    mend: `ALTER ROLE ${role} BYPASSRLS;`,
  }),
  unlogged: ({ qualified }) => ({
    kind: "rows",
    object: `rows of unlogged table ${list(qualified)}`,
    why: "a standby does not have them",
  }),
  objects: ({ names, role }) => ({
    kind: "large object",
    object: `large objects of ${list(names)}`,
    why: "the role may not read them",
    // Not by membership in the owner's role: that one may be a superuser's.
    mend:
      "DO $$ DECLARE o oid; BEGIN FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP " +
      `EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO ${role.replaceAll("'", "''").replaceAll("%", "%%")}', o); END LOOP; END $$;`,
  }),
  subscription: ({ names }) => ({
    kind: "subscription",
    object: `subscription ${list(names)}`,
    why: "only a superuser can dump it",
    mend: 'dump as a superuser, or set dumperOptions = ["--no-subscriptions"]',
  }),
  mapping: ({ schema, names }) => ({
    kind: "user mapping",
    object: `options of the user mapping of ${list(names)} on server ${schema}`,
    why: "only the server's owner sees them",
    mend: "dump as a superuser or as the owner of the foreign server",
  }),
};

function grantSelect(sort: "TABLE" | "SEQUENCE", { qualified, schema, role }: Group): string {
  const what =
    qualified.length > NAMED ? `ALL ${sort}S IN SCHEMA ${schema}` : `${sort} ${qualified.join(", ")}`;
  return `GRANT SELECT ON ${what} TO ${role};`;
}

function list(names: readonly string[]): string {
  const more = names.length - NAMED;
  return more > 0 ? `${names.slice(0, NAMED).join(", ")} and ${more} more` : names.join(", ");
}
