import { DbackedError } from "../base/error.ts";
import { globalsSetOf, setOf } from "../catalog/set.ts";
import type { Database, Instance } from "../database/database.ts";
import { LONGEST_PART } from "../store/key.ts";
import { select, type Selection } from "./selection.ts";

/** All databases of a server, as an entry of the config means them. */
export interface Server extends Selection {
  /** Name of the entry. */
  name: string;
  instance: Instance;
}

/** One backup that a server asks for. */
export interface Member {
  set: string;
  /**
   * Nothing is asked of the database yet.
   *
   * @throws {DbackedError} if there is no such database, or it cannot be backed up under a name of its own.
   */
  open: () => Database;
}

/**
 * Looks for the databases of a server. What is wrong with one of them is thrown when that one is opened, so that the others
 * go on.
 *
 * @throws {DbackedError} as the instance does, if its databases cannot be listed.
 */
export async function findMembers(server: Server, signal: AbortSignal): Promise<Member[]> {
  const { name, instance } = server;
  const found = await instance.list(signal);
  const { chosen, absent } = select(found, server);
  const globals = instance.globals();
  return [
    ...(globals === null ? [] : [{ set: globalsSetOf(name), open: () => globals }]),
    ...chosen.map((database) => memberOf(server, database)),
    ...absent.map((database) => failing(setOf(name, database), absentFrom(instance, database, found))),
    ...(chosen.length + absent.length === 0 ? [failing(name, nothingChosen(instance, found))] : []),
  ];
}

function memberOf({ name, instance }: Server, database: string): Member {
  const set = setOf(name, database);
  if (set.length <= LONGEST_PART) return { set, open: () => instance.open(database) };
  const message =
    `The name of the database "${database}" is too long: its backups would be called ${set}, and ` +
    `${LONGEST_PART} bytes are possible`;
  return failing(
    set,
    new DbackedError("config", message, {
      hint: 'write an entry of its own for it, and exclude it from the one with database = "*"',
    }),
  );
}

function absentFrom({ label }: Instance, database: string, found: readonly string[]): DbackedError {
  return new DbackedError("database", `No database "${database}" was found on ${label}, and it is included`, {
    hint: `${hintOn(found)}; the server's own databases, and those that the role may not see, are not among them`,
  });
}

function nothingChosen({ label }: Instance, found: readonly string[]): DbackedError {
  return new DbackedError("database", `No database on ${label} is to be backed up`, {
    hint:
      found.length === 0
        ? "it holds none that the role may see"
        : `do include and exclude say what you mean? ${hintOn(found)}`,
  });
}

function hintOn(found: readonly string[]): string {
  return `it has ${found.map((name) => `"${name}"`).join(", ")}`;
}

function failing(set: string, error: DbackedError): Member {
  return {
    set,
    open: () => {
      throw error;
    },
  };
}
