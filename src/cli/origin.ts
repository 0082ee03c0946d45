import { memberOf } from "../catalog/set.ts";
import type { DatabaseConfig, Target } from "../config/config.ts";

/** The entry of the config whose backups a set holds: the one of that name, else the server that it was found on. */
export function ownerOf(databases: readonly DatabaseConfig[], set: string): DatabaseConfig | undefined {
  const owners = databases.filter(({ name, server }) =>
    server === null ? name === set : set.startsWith(`${name}.`),
  );
  // A server "prod" and another one "prod.eu": the longer name says more.
  return owners.toSorted((one, other) => other.name.length - one.name.length)[0];
}

/** Where the backups of a set are from; null if the config does not say. */
export function originOf(databases: readonly DatabaseConfig[], set: string): Target | null {
  const owner = ownerOf(databases, set);
  if (owner === undefined) return null;
  const { type, options, server, name } = owner;
  if (server === null) return owner;
  const member = memberOf(name, set);
  const database =
    member === "globals" ? server.instance.globals() : member && server.instance.open(member.database);
  return database && { type, options, open: () => Promise.resolve(database) };
}
