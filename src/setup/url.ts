import { Secret } from "../base/secret.ts";

const PARTS = /^(?<server>[a-z][\w+.-]*:\/\/[^/?#]*)(?:\/(?<database>[^?#]*))?(?<rest>[^]*)$/i;

/** Whether a text is meant as the URL of a database. */
export function isUrl(text: string): boolean {
  return PARTS.test(text);
}

/** The database that a URL names; null if it names none. */
export function databaseIn(url: string): string | null {
  const { database = "" } = PARTS.exec(url)?.groups ?? {};
  return decode(database) || null;
}

/** The same URL for another database. */
export function forDatabase(url: string, database: string): string {
  const { server = "", rest = "" } = PARTS.exec(url)?.groups ?? {};
  // As the whole of a path, `*` means each database.
  const path = database === "*" ? "*" : encodeURIComponent(database);
  return `${server}/${path}${rest}`;
}

const PASSWORD = /^(?<before>[a-z][\w+.-]*:\/\/[^/?#:@]*):(?<password>[^/?#@]*)(?<after>@[^]*)$/i;

/** Takes the password out of a URL, so that what is shown has none. */
export function splitPassword(url: string): { url: string; password: Secret | null } {
  const { before, password, after } = PASSWORD.exec(url)?.groups ?? {};
  if (before === undefined || password === undefined || after === undefined) return { url, password: null };
  return { url: `${before}${after}`, password: password === "" ? null : new Secret(decode(password)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
