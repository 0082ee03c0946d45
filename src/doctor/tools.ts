import { DbackedError } from "../base/error.ts";
import type { DatabaseConfig } from "../config/config.ts";
import { toolboxes } from "../database/registry.ts";
import { installing, listInstalled, type Installed, type Toolbox } from "../database/toolbox.ts";
import { bad, type Check, good } from "./check.ts";

const SUBJECT = "tools";

/** One look for the programs of a product. */
export interface Search {
  box: Toolbox;
  /** The one folder that was looked into; undefined for all places. */
  only: string | undefined;
  /** Names of the databases of the config that would use what is found here. */
  neededBy: readonly string[];
  installed: readonly Installed[];
}

/** Looks where everything is looked for by itself, and into each folder that a database has for its own. */
export async function searchTools(
  databases: readonly DatabaseConfig[],
  signal: AbortSignal,
): Promise<Search[]> {
  const searches: Search[] = [];
  for (const box of new Set(Object.values(toolboxes).flat())) {
    const users = databases.filter((database) => boxesOf(database).includes(box));
    for (const only of new Set([undefined, ...users.map(directoryOf)])) {
      const neededBy = users.filter((each) => directoryOf(each) === only).map(({ name }) => name);
      searches.push({ box, only, neededBy, installed: await listInstalled(box, only, signal) });
    }
  }
  return searches;
}

/** What a database lacks: one of the products that may be meant by its type will do. */
export function lackOf(database: DatabaseConfig, searches: readonly Search[]): DbackedError | null {
  const wanted = searches.filter(({ neededBy }) => neededBy.includes(database.name));
  if (wanted.some(({ box, installed }) => box.families.length === 0 || installed.length > 0)) return null;
  const only = directoryOf(database);
  const products = wanted.map(({ box }) => box.product).join(" or ");
  const where = only === undefined ? "on this host" : `in ${only}`;
  const hint = wanted.map(({ box }) => installing(box)).join("\nor ");
  const message = `"${database.name}" needs the programs of ${products}, and there are none ${where}`;
  return new DbackedError("tool", message, { hint });
}

/** Says which programs the databases of the config have to be dumped by. Whether they fit the server, that one says. */
export async function checkTools(
  databases: readonly DatabaseConfig[],
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const searches = await searchTools(databases, signal);
  const lacks = databases.flatMap((database) => lackOf(database, searches) ?? []);
  const used = searches.filter(({ neededBy }) => neededBy.length > 0);
  const found = used.flatMap(({ box, installed }) =>
    installed
      .filter(({ servers }) => servers !== null)
      .map(({ version, directory, servers }) => `${box.product} ${version} in ${directory}, for ${servers}`),
  );
  return [
    ...found.map((each) => good(SUBJECT, each)),
    ...lacks.map((lack) => bad(SUBJECT, lack)),
    ...(found.length + lacks.length === 0 ? [good(SUBJECT, "no program is needed")] : []),
  ];
}

function boxesOf({ type }: DatabaseConfig): readonly Toolbox[] {
  return Object.entries(toolboxes).flatMap(([each, boxes]) => (each === type ? boxes : []));
}

function directoryOf({ options }: DatabaseConfig): string | undefined {
  const isGiven = typeof options === "object" && options !== null && "databaseToolsDirectory" in options;
  const directory = isGiven ? options.databaseToolsDirectory : undefined;
  return typeof directory === "string" ? directory : undefined;
}
