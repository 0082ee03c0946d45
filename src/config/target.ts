import { DbackedError } from "../base/error.ts";
import type { Database } from "../database/database.ts";
import { databaseDrivers } from "../database/registry.ts";
import type { Target } from "./config.ts";
import { type Driver, keysOf, pick } from "./entries.ts";
import { readSecretVariable } from "./environment.ts";
import { variableOf } from "./flat-names.ts";
import { Mistakes } from "./mistakes.ts";
import { hasPassword } from "./secrets.ts";
import { Settings } from "./settings.ts";
import type { Sources } from "./sources.ts";
import { validate } from "./validate.ts";

const DRIVERS: Readonly<Record<string, Driver<unknown, Database>>> = databaseDrivers;

/** Scheme of a URL → type of database. */
const TYPES = new Map([
  ["mariadb", "mysql"],
  ["mongodb", "mongodb"],
  ["mongodb+srv", "mongodb"],
  ["mysql", "mysql"],
  ["postgres", "postgres"],
  ["postgresql", "postgres"],
  ["sqlite", "sqlite"],
]);

const FLAG = "--to";

/**
 * Reads the URL of `--to`, with the password from DBACKED_TO_PASSWORD and the tools from where the sources say.
 *
 * @throws {DbackedError} `usage`, if it is no URL of a database that we know, or holds a password.
 */
export async function readTarget(url: string, sources: Sources): Promise<Target> {
  refusePassword(FLAG, url, "DBACKED_TO_PASSWORD");
  const type = typeOfUrl(url) ?? "";
  const driver = DRIVERS[type];
  if (driver === undefined) throw refuseScheme();
  const { environment, flags } = sources;
  const mistakes = new Mistakes();
  const settings = new Settings(null);
  const password = await readSecretVariable("DBACKED_TO_PASSWORD", environment);
  if (password !== null && "mistake" in password) mistakes.add(password.place, password.mistake);
  const known = {
    url,
    password: password !== null && "secret" in password ? password.secret : undefined,
    databaseToolsDirectory:
      flags?.["databaseToolsDirectory"] ?? environment[variableOf("databaseToolsDirectory")],
  };
  const value = pick(known, keysOf(driver.options));
  settings.set("to", value, { place: FLAG, isFile: false });
  const options = validate(driver.options, { value, path: ["to"], keys: [] }, settings, mistakes);
  mistakes.throwIfAny();
  if (driver.instance?.(options)) throw refuseServer();
  return { type, options, open: async () => await driver.create(options) };
}

/** What sort of database a URL leads to; null if we know of none. */
export function typeOfUrl(url: string): string | null {
  return TYPES.get(url.slice(0, Math.max(0, url.indexOf(":")))) ?? null;
}

function refuseServer(): DbackedError {
  return new DbackedError(
    "usage",
    `${FLAG} names a whole server, and a backup is restored into one database`,
    {
      hint: "give the database's name instead of *",
    },
  );
}

function refuseScheme(): DbackedError {
  return new DbackedError("usage", `${FLAG} needs a URL, as in postgres://role@host/database`);
}

/**
 * Refuses a URL with a password in an option of the command line, where every user of this host could read it.
 *
 * @throws {DbackedError} `usage`
 */
export function refusePassword(flag: string, url: string, variable: string): void {
  if (!hasPassword(url)) return;
  throw new DbackedError("usage", `${flag}: no option takes a secret, and there is a password in this URL`, {
    hint: `leave it out, and set ${variable}`,
  });
}
