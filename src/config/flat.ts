import { basename } from "node:path";

import { Secret } from "../base/secret.ts";
import { emptyTable, type Table } from "./document.ts";
import { FLAT_NAMES, spell, variableOf } from "./flat-names.ts";
import type { Mistakes } from "./mistakes.ts";
import type { Origin, Settings } from "./settings.ts";
import type { Sources } from "./sources.ts";

interface FlatValue {
  value: unknown;
  origin: Origin;
}

type FlatValues = Map<string, FlatValue>;

const TYPES = new Map([
  ["mariadb", "mysql"],
  ["pg", "postgres"],
  ["postgresql", "postgres"],
]);

/** The type that without a database means a whole server. */
const WHOLE_SERVER = "mongodb";

/**
 * Moves the names of 2018, from the file, the environment and the options, to where the structured form has them.
 *
 * @param named - variables that the file names itself: those are no values of their own.
 */
export function moveFlat(
  settings: Settings,
  sources: Sources,
  named: ReadonlySet<string>,
  mistakes: Mistakes,
): void {
  const values: FlatValues = new Map();
  for (const name of Object.keys(FLAT_NAMES)) {
    if (!Object.hasOwn(settings.tree, name)) continue;
    const origin = { place: settings.placeOf([name]), isFile: true };
    values.set(name, { value: convert(name, settings.tree[name]), origin });
    delete settings.tree[name];
  }
  refuseTwoKeys(settings, values, mistakes);
  for (const name of Object.keys(FLAT_NAMES)) {
    const variable = variableOf(name);
    const value = sources.environment[variable];
    if (value !== undefined && value !== "" && !named.has(variable))
      override(values, name, value, { place: variable, isFile: false });
  }
  for (const [name, value] of Object.entries(sources.flags ?? {}))
    override(values, name, value, { place: `--${spell(name)}`, isFile: false });
  refuseMixture(settings, values, mistakes);
  place(settings, values, mistakes);
}

/** A stronger source replaces the value, and its twin too: a password outdoes a password's file. */
function override(values: FlatValues, name: string, value: string | boolean, origin: Origin): void {
  values.delete(name.endsWith("File") ? name.slice(0, -"File".length) : `${name}File`);
  values.set(name, { value: convert(name, value), origin });
}

/** A value of a flat name as the structured form has it. */
export function convert(name: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (name === "dbType") return TYPES.get(value) ?? value;
  const kind = FLAT_NAMES[name]?.kind ?? "text";
  if (kind === "secret") return new Secret(value);
  if (kind === "whole" && /^\d{1,15}$/.test(value)) return Number(value);
  if (kind === "switch" && ["true", "false"].includes(value)) return value === "true";
  return value;
}

function refuseTwoKeys(settings: Settings, values: FlatValues, mistakes: Mistakes): void {
  const publicKey = values.get("publicKey");
  if (publicKey === undefined || settings.get(["encryption", "recipients"]) === undefined) return;
  mistakes.add(publicKey.origin.place, "recipients of [encryption] are given too; keep one of them");
}

/** Takes out, and reports, what cannot stand beside tables of the structured form. */
function refuseMixture(settings: Settings, values: FlatValues, mistakes: Mistakes): void {
  const { databases, stores } = settings.tree;
  if (databases === undefined && stores === undefined) return;
  const there = databases === undefined ? "[[stores]]" : "[[databases]]";
  for (const [name, { origin }] of values) {
    if (FLAT_NAMES[name]?.sets === null) continue;
    mistakes.add(
      origin.place,
      `cannot be combined with ${there} in ${settings.path}`,
      "the flat names describe a single database and its bucket; several are described by [[databases]] and [[stores]] alone",
    );
    values.delete(name);
  }
}

function place(settings: Settings, values: FlatValues, mistakes: Mistakes): void {
  const entries = { databases: emptyTable(), stores: emptyTable() };
  for (const [name, { value, origin }] of values) {
    const sets = FLAT_NAMES[name]?.sets ?? null;
    if (name === "publicKey") settings.setIn("encryption", "recipients", [value], origin);
    else if (sets === null) settings.set(name, value, origin);
    else {
      const [section, key] = sets;
      entries[section][key] = value;
      settings.note([section, 0, key], origin);
    }
  }
  for (const [section, entry] of Object.entries(entries)) {
    if (Object.keys(entry).length === 0) continue;
    settings.isFlat = true;
    settings.set(section, [entry], { place: settings.path ?? "environment", isFile: false });
  }
  if (settings.get(["databases", 0]) === entries.databases)
    nameDatabase(settings, entries.databases, mistakes);
  if (settings.get(["stores", 0]) === entries.stores)
    Object.assign(entries.stores, nameStore(entries.stores));
}

/** A store of which only a path is known is a folder. */
export function nameStore(store: Readonly<Record<string, unknown>>): { name: string; type: string } {
  const isFolder = store["path"] !== undefined && store["bucket"] === undefined;
  return isFolder ? { name: "folder", type: "folder" } : { name: "s3", type: "s3" };
}

/** Names the backups after the alias, or else the database, as far as the rule for names allows. */
function nameDatabase(settings: Settings, entry: Table, mistakes: Mistakes): void {
  const { name, database, url } = entry;
  const candidates = Object.entries({ name, database, url: nameInUrl(url) });
  const [key = "", given] = candidates.find(([, each]) => typeof each === "string" && each !== "") ?? [];
  const fitting = typeof given === "string" ? fitName(given) : "";
  entry["name"] = fitting;
  if (fitting !== "") {
    if (fitting !== given) settings.warnings.push(`backups of "${String(given)}" go by the name ${fitting}`);
    return;
  }
  settings.spoil(["databases", 0, "name"]);
  const alias = settings.nameOf(["databases", 0, "name"]);
  if (given === undefined) {
    // Elsewhere the driver tells what is missing.
    if (entry["type"] === WHOLE_SERVER)
      mistakes.add(
        settings.placeOf(["databases", 0, "type"]),
        `makes no name for the backups of a whole server: set ${alias}`,
      );
    return;
  }
  mistakes.add(settings.placeOf(["databases", 0, key]), `makes no name for backups: set ${alias}`);
}

/** The database that a URL names, or the file; null if it is no URL. */
export function nameInUrl(url: unknown): string | null {
  if (typeof url !== "string") return null;
  const [path = ""] = url.replace(/^[a-z][\w+.-]*:(?:\/\/[^/]*)?/i, "").split(/[?#]/);
  try {
    return basename(decodeURIComponent(path));
  } catch {
    return basename(path);
  }
}

/** The nearest name for backups to another name; empty if there is none. */
export function fitName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 63);
}
