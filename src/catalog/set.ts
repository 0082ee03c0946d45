/** What belongs to no single database has a set of its own; `%gl` is no byte, so that no database can take the name. */
const GLOBALS = "%globals";

const PLAIN = /^[a-z0-9._-]$/;

/**
 * Names the set of a database that was found on a server: `<entry>.<database>`, where every byte of UTF-8 that no name
 * in the config may hold is %XX. Capitals are among them, since some stores do not tell them from small letters.
 */
export function setOf(entry: string, database: string): string {
  const bytes = [...new TextEncoder().encode(database)];
  return `${entry}.${bytes.map(encodeByte).join("")}`;
}

/** Names the set of a server's roles and the like. */
export function globalsSetOf(entry: string): string {
  return `${entry}.${GLOBALS}`;
}

/** What a set of a whole server is of: one of its databases, or its globals. Null if it is no set of that entry. */
export function memberOf(entry: string, set: string): { database: string } | "globals" | null {
  if (set === globalsSetOf(entry)) return "globals";
  if (!set.startsWith(`${entry}.`)) return null;
  const database = decode(set.slice(entry.length + 1));
  return database !== null && setOf(entry, database) === set ? { database } : null;
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

function decode(name: string): string | null {
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}
