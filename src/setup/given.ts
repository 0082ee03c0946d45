import { resolve } from "node:path";
import { DbackedError } from "../base/error.ts";
import { readConfigFile } from "../config/config-file.ts";
import { convert, fitName, nameInUrl, nameStore } from "../config/flat.ts";
import { FLAT_NAMES, spell, variableOf } from "../config/flat-names.ts";
import { interpolate } from "../config/interpolate.ts";
import { Mistakes } from "../config/mistakes.ts";
import { Settings } from "../config/settings.ts";
import type { Environment } from "../config/sources.ts";
import { refusePassword, typeOfUrl } from "../config/target.ts";
import { unknownKey } from "../config/validate.ts";
import type { Fields } from "./answers.ts";

/** Where answers come from before anybody is asked, the strongest first. */
export interface GivenSources {
  /** Flat names that were given as options. */
  flags: Readonly<Record<string, string | boolean>>;
  environment: Environment;
  /** A file with flat names, as the agent of 2018 had it; null for none. */
  file: string | null;
}

/** What is known before anybody is asked. */
export interface Given {
  top: Fields;
  database: Fields;
  store: Fields;
  /** PEM, or a path. */
  publicKey: string | null;
  /** Variables that were taken: beside a config that says the same they would be refused. */
  variables: readonly string[];
}

type Raw = Map<string, unknown>;

/** Those whose value is a path, which is to hold wherever the config lies. */
const PATHS: ReadonlySet<string> = new Set([
  "databaseToolsDirectory",
  "dbPasswordFile",
  "pingUrlFile",
  "s3secretAccessKeyFile",
  "storePath",
]);

/** They hold for all databases, and there is one. */
const OF_DATABASE: ReadonlySet<string> = new Set(["pingUrl", "pingUrlFile"]);

/**
 * Reads what was answered beforehand.
 *
 * @throws {DbackedError} `usage`, for a secret in an option; `config`, if the file is wrong.
 */
export async function readGiven({ flags, environment, file }: GivenSources): Promise<Given> {
  const connection = flags["dbConnectionString"];
  if (typeof connection === "string")
    refusePassword("--db-connection-string", connection, "DBACKED_DB_PASSWORD");
  const raw: Raw = file === null ? new Map() : await readFlatFile(file, environment);
  const variables = Object.keys(FLAT_NAMES).filter((name) => (environment[variableOf(name)] ?? "") !== "");
  for (const name of variables) override(raw, name, environment[variableOf(name)]);
  for (const [name, value] of Object.entries(flags)) override(raw, name, value);
  return { ...arrange(raw), variables: variables.map(variableOf) };
}

/** A stronger source replaces the value, and its twin too: a password outdoes a password's file. */
function override(raw: Raw, name: string, value: unknown): void {
  raw.delete(name.endsWith("File") ? name.slice(0, -"File".length) : `${name}File`);
  raw.set(name, convert(name, value));
}

async function readFlatFile(path: string, environment: Environment): Promise<Raw> {
  const file = await readConfigFile(path, []);
  const mistakes = new Mistakes();
  const settings = new Settings(file);
  interpolate(settings, environment, mistakes);
  const raw: Raw = new Map();
  for (const [name, value] of Object.entries(settings.tree)) {
    if (Object.hasOwn(FLAT_NAMES, name)) raw.set(name, convert(name, value));
    else mistakes.add(settings.placeOf([name]), whyNot(name));
  }
  mistakes.throwIfAny();
  return raw;
}

function whyNot(name: string): string {
  if (!["databases", "stores", "encryption"].includes(name)) return unknownKey(name, Object.keys(FLAT_NAMES));
  return "a file with tables is a config already: use it with --config FILE";
}

function arrange(raw: Raw): Omit<Given, "variables"> {
  const parts = { top: {}, databases: {}, stores: {} } as Record<string, Record<string, Fields[string]>>;
  let publicKey: string | null = null;
  for (const [name, given] of raw) {
    const value = (PATHS.has(name) && typeof given === "string" ? resolve(given) : given) as Fields[string];
    const [section, key] = FLAT_NAMES[name]?.sets ?? [OF_DATABASE.has(name) ? "databases" : "top", name];
    if (name === "publicKey") publicKey = typeof value === "string" ? value : null;
    else parts[section] = { ...parts[section], [key]: value };
  }
  const { top = {}, databases = {}, stores = {} } = parts;
  const store = Object.keys(stores).length === 0 ? stores : { ...nameStore(stores), ...stores };
  return { top, database: describe(databases), store, publicKey };
}

/** Adds what follows from the rest: the type from the URL, and the name of the backups. */
function describe(database: Fields): Fields {
  const { type, url, name, database: inside } = database;
  const known = type ?? (typeof url === "string" ? typeOfUrl(url) : undefined);
  const called = [name, inside, nameInUrl(url)].find((each) => typeof each === "string" && each !== "");
  const fitting = typeof called === "string" ? fitName(called) : "";
  return {
    ...(fitting === "" ? {} : { name: fitting }),
    ...(known === undefined || known === null ? {} : { type: known }),
    ...Object.fromEntries(Object.entries(database).filter(([key]) => !["name", "type"].includes(key))),
  };
}

/** How the keys are come by, as far as options say it. */
export interface KeyAnswers {
  keyFolder: string | undefined;
  hasPassphrase: boolean;
}

/**
 * Refuses to begin where nobody can be asked and something is not known.
 *
 * @throws {DbackedError} `usage`, with all that is missing.
 */
export function requireAnswers({ database, store, publicKey }: Given, keys: KeyAnswers): void {
  const { type, url, database: inside, name } = database;
  const isWhole = type === "mongodb" && name !== undefined;
  const missing = [
    ...(type === undefined ? [`what is backed up: ${wayOf("dbType")} (pg, mysql, mongodb or sqlite)`] : []),
    ...(type === "sqlite" && url === undefined
      ? [`which file: ${wayOf("dbConnectionString")}, as in sqlite:///srv/app/app.db`]
      : []),
    ...(type !== "sqlite" && url === undefined && inside === undefined && !isWhole
      ? [`which database: ${wayOf("dbConnectionString")}, or ${wayOf("dbName")} with ${wayOf("dbHost")}`]
      : []),
    ...(store["bucket"] === undefined && store["path"] === undefined
      ? [`where the backups go: ${wayOf("s3bucket")}, or ${wayOf("storePath")}`]
      : []),
    ...(publicKey === null && keys.keyFolder === undefined
      ? [`who can open them: ${wayOf("publicKey")}, or --key-folder DIR, which makes a pair of keys`]
      : []),
    ...(keys.keyFolder !== undefined && !keys.hasPassphrase
      ? [
          "the private key's passphrase: --passphrase-file FILE or DBACKED_PRIVATE_KEY_PASSPHRASE, or --no-passphrase",
        ]
      : []),
  ];
  if (publicKey !== null && keys.keyFolder !== undefined)
    throw new DbackedError("usage", `${wayOf("publicKey")} and --key-folder exclude each other`);
  if (missing.length === 0) return;
  throw new DbackedError("usage", `nobody is asked with -y, and it is not said\n${missing.join("\n")}`, {
    hint: "give these as options or variables, or in a file with --answers FILE; or leave out -y",
  });
}

function wayOf(name: string): string {
  const option = FLAT_NAMES[name]?.kind === "secret" ? "" : `--${spell(name)} or `;
  return `${option}${variableOf(name)}`;
}

/** Says of a mistake in a config that is being made by which option or variable it was given. */
export function nameGiven(error: unknown): unknown {
  if (!(error instanceof DbackedError) || error.kind !== "config") return error;
  const lines = error.message.split("\n").map((line) => {
    const [, key, message = ""] = /^(\w+): (.*)$/.exec(line) ?? [];
    const [name] = Object.entries(FLAT_NAMES).find(([, { sets }]) => sets?.[1] === key) ?? [];
    if (name === undefined) return line;
    return `${wayOf(name)}: ${message.startsWith("unknown key") ? "means nothing for this type" : message}`;
  });
  return new DbackedError("config", lines.join("\n"), { hint: error.hint, cause: error });
}
