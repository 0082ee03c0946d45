import { stringify } from "smol-toml";
import { Secret } from "../base/secret.ts";

/** A value of the config, before it is written down. */
type Answer = string | number | boolean | Secret | readonly string[] | { readonly [key: string]: Answer };

/** Keys of a table of the config, and their values. */
export type Fields = Readonly<Record<string, Answer>>;

/** What a config is written from. */
export interface Answers {
  /** Keys at the top. */
  top: Fields;
  /** Paths of public keys. */
  recipients: readonly string[];
  store: Fields;
  database: Fields;
}

const HEAD = `# Written by \`dbacked init\`. What else can stand here: docs/configuration.md
# There may be secrets in it: leave it to its owner (mode 0600).
`;

/**
 * Writes a config in TOML. Secrets stand in it: one file for its owner alone is easier to keep, move and take away than one for
 * each secret. Parts that are left out are not written, so that one of them can be tried alone.
 */
export function configText({ top = {}, recipients, store, database }: Partial<Answers>): string {
  const parts = [
    HEAD,
    ...(Object.keys(top).length === 0 ? [] : [section("", top)]),
    ...(recipients === undefined
      ? []
      : [section("# Who can open the backups: each of these public keys.", { encryption: { recipients } })]),
    ...(store === undefined ? [] : [section("# Where the backups go.", { stores: [store] })]),
    ...(database === undefined ? [] : [section("# What is backed up, and when.", { databases: [database] })]),
  ];
  return parts.join("\n");
}

function section(comment: string, tables: Readonly<Record<string, unknown>>): string {
  const text = stringify(literal(tables)).trim();
  return `${comment === "" ? "" : `${comment}\n`}${text}\n`;
}

/** As the loader has to read it: secrets in clear, and no `\${` that means a variable. */
function literal(value: unknown): unknown {
  if (value instanceof Secret) return literal(value.reveal());
  if (typeof value === "string") return value.replaceAll("${", () => "$${");
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, literal(each)]));
}

/** A text or a number of the answers as somebody would type it; undefined if there is none. */
export function textIn(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
