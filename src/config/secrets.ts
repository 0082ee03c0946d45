import { Secret } from "../base/secret.ts";
import { isTable, type Path, type Table } from "./document.ts";
import type { Mistakes } from "./mistakes.ts";
import { tryReadSecret, warnOpen } from "./secret-file.ts";
import type { Settings } from "./settings.ts";

/** The keys that hold secrets. Each has a twin that names a file: `password` and `passwordFile`. */
export const SECRET_KEYS = {
  databases: ["password", "pingUrl"],
  stores: ["secretAccessKey", "sessionToken"],
} as const;

/** A password with a `/` in it: what follows it would be taken for the database. */
const CUT_PASSWORD = /^[a-z][\w+.-]*:\/\/[^/?#@]*:[^/?#@]*\/[^?#]*@/i;

const URL_PARTS = /^([a-z][\w+.-]*:\/\/)([^/?#]*)@([^]*)$/i;

const NOT_ENCODED = "the password in the URL is not percent-encoded; use password or passwordFile";

/** Whether the file has a secret in itself, and not only where to find it. To be asked before variables are put in. */
export function holdsSecret(tree: Table): boolean {
  const { dbPassword, dbConnectionString, s3secretAccessKey, pingUrl } = tree;
  if ([dbPassword, s3secretAccessKey, pingUrl].some(isLiteral) || hasLiteralPassword(dbConnectionString))
    return true;
  for (const [section, keys] of Object.entries(SECRET_KEYS)) {
    const entries = tree[section];
    if (!Array.isArray(entries)) continue;
    for (const entry of entries.filter(isTable))
      if (keys.some((key) => isLiteral(entry[key])) || hasLiteralPassword(entry["url"])) return true;
  }
  const { identity, signing } = tree;
  return [identity, signing].some((table) => isTable(table) && Object.values(table).some(isInlineKey));
}

/** Whether a text is a key itself and not a path to one. */
export function isInlineKey(value: unknown): value is string {
  return typeof value === "string" && value.trimStart().startsWith("-----BEGIN");
}

/** Makes every secret of an entry a `Secret`: from its own key, from a file, or from the URL. */
export async function settleSecrets(
  entry: Table,
  [section, at]: readonly [keyof typeof SECRET_KEYS, number],
  settings: Settings,
  mistakes: Mistakes,
): Promise<void> {
  for (const key of SECRET_KEYS[section]) {
    const path = [section, at, key];
    const complain = (message: string): void => {
      mistakes.add(settings.placeOf(path), message);
      settings.spoil(path);
      delete entry[key];
    };
    const { [key]: value, [`${key}File`]: file } = entry;
    if (typeof value === "string") entry[key] = new Secret(value);
    else if (value !== undefined && !(value instanceof Secret)) complain("expected a text");
    if (file === undefined) continue;
    settings.note(path, { place: settings.placeOf([section, at, `${key}File`]), isFile: false });
    const read = await readTwin(settings, [section, at, `${key}File`], file);
    if (value !== undefined) complain(`${key} is given too; keep one of them`);
    else if (typeof read === "string") complain(read);
    else entry[key] = read;
  }
  const mistake = section === "databases" ? takePassword(entry) : null;
  if (mistake !== null) {
    settings.spoil([section, at, "url"]);
    mistakes.add(settings.placeOf([section, at, "url"]), mistake);
  }
}

/** Whether a URL has a password in it. */
export function hasPassword(url: string): boolean {
  const inside = URL_PARTS.exec(url)?.[2]?.includes(":") === true;
  return inside || CUT_PASSWORD.test(url) || /[?&]password=/i.test(url);
}

async function readTwin(settings: Settings, path: Path, file: unknown): Promise<Secret | string> {
  if (typeof file !== "string") return "expected a path";
  const resolved = settings.resolve(path, file);
  const read = await tryReadSecret(resolved);
  if (typeof read === "string") return read;
  if (read.isOpen) settings.warnings.push(warnOpen(resolved, "a secret"));
  return read.secret;
}

/** Moves the password out of the URL; gives the mistake if it cannot. */
function takePassword(entry: Table): string | null {
  const { url, password } = entry;
  if (typeof url !== "string" || !hasPassword(url)) return null;
  if (CUT_PASSWORD.test(url)) return NOT_ENCODED;
  const [, scheme = "", userInfo = "", rest = ""] = URL_PARTS.exec(url) ?? [];
  const colon = userInfo.indexOf(":");
  if (colon === -1 || /[?&]password=/i.test(url)) {
    return "a password in the query of a URL would show; use password or passwordFile";
  }
  entry["url"] = `${scheme}${userInfo.slice(0, colon)}@${rest}`;
  if (colon === userInfo.length - 1) return null;
  if (password !== undefined) return "there is a password in the URL and one beside it; keep one of them";
  try {
    entry["password"] = new Secret(decodeURIComponent(userInfo.slice(colon + 1)));
    return null;
  } catch {
    return NOT_ENCODED;
  }
}

function isLiteral(value: unknown): boolean {
  return typeof value === "string" && value !== "" && !value.includes("${");
}

function hasLiteralPassword(url: unknown): boolean {
  return typeof url === "string" && hasPassword(url) && isLiteral(url.slice(0, url.lastIndexOf("@")));
}
