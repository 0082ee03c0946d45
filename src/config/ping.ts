import { Secret } from "../base/secret.ts";
import { isPlainPing, pingHostOf, pingUrlFor, pingUrlOption } from "../notify/ping-url.ts";
import type { DatabaseConfig } from "./config.ts";
import { isTable, type Path } from "./document.ts";
import type { Mistakes } from "./mistakes.ts";
import { tryReadSecret, warnOpen } from "./secret-file.ts";
import type { Settings } from "./settings.ts";
import { validate } from "./validate.ts";

const KEY = "pingUrl";

/** Gives each database the URL that its backups are told of: its own, or else the one for all. */
export async function readPings(
  databases: readonly DatabaseConfig[],
  settings: Settings,
  mistakes: Mistakes,
): Promise<DatabaseConfig[]> {
  const forAll = await readForAll(settings, mistakes);
  const taken = new Map<string, string>();
  return databases.map((database) => {
    const { name } = database;
    const given = database.pingUrl ?? forAll;
    if (given === null) return database;
    const pingUrl = pingUrlFor(given, name);
    const other = taken.get(pingUrl.reveal());
    const place = settings.placeOf(database.pingUrl === null ? [KEY] : pathOf(settings, name));
    if (other !== undefined)
      mistakes.add(
        place,
        `the same for "${other}" and "${name}": a good backup of one would hide that the other failed`,
        "give each its own check, or write {name} where the name of the database belongs in the URL",
      );
    taken.set(pingUrl.reveal(), name);
    warnOfPlain(settings, place, pingUrl);
    return { ...database, pingUrl };
  });
}

/** Reads the URL at the top, or the file that it stands in. */
async function readForAll(settings: Settings, mistakes: Mistakes): Promise<Secret | null> {
  const given = settings.get([KEY]);
  const file = settings.get([`${KEY}File`]);
  if (given !== undefined && file !== undefined)
    mistakes.add(settings.placeOf([`${KEY}File`]), `${KEY} is given too; keep one of them`);
  if (given !== undefined) return check(given, [KEY], settings, mistakes);
  if (typeof file !== "string") return null;
  const path = [`${KEY}File`];
  const resolved = settings.resolve(path, file);
  const read = await tryReadSecret(resolved);
  if (typeof read === "string") {
    mistakes.add(settings.placeOf(path), read);
    return null;
  }
  if (read.isOpen) settings.warnings.push(warnOpen(resolved, "a secret"));
  settings.note([KEY], { place: settings.placeOf(path), isFile: false });
  return check(read.secret, path, settings, mistakes);
}

function check(value: unknown, path: Path, settings: Settings, mistakes: Mistakes): Secret | null {
  const secret = typeof value === "string" ? new Secret(value) : value;
  return validate(pingUrlOption, { value: secret, path, keys: [] }, settings, mistakes);
}

function warnOfPlain(settings: Settings, place: string, url: Secret): void {
  if (!isPlainPing(url)) return;
  const warning = `${place}: pings to ${pingHostOf(url)} go by http: others on the way can read them, and send their own`;
  if (!settings.warnings.includes(warning)) settings.warnings.push(warning);
}

function pathOf(settings: Settings, name: string): Path {
  const list = settings.get(["databases"]);
  const at = Array.isArray(list) ? list.findIndex((each) => isTable(each) && each["name"] === name) : -1;
  return ["databases", at, KEY];
}
