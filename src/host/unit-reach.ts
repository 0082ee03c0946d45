import { join, normalize } from "node:path";

/** What a unit says of the file system, with what overrides it. */
interface Reach {
  isReadOnly: boolean;
  folders: string[];
}

/**
 * Those of `folders` that a service can only read. `texts` are its unit, and after it the files that override it.
 *
 * @see systemd.exec(5), ProtectSystem and ReadWritePaths
 */
export function readOnlyFor(texts: readonly string[], folders: readonly string[]): string[] {
  const reach: Reach = { isReadOnly: false, folders: [] };
  for (const [key, value] of texts.flatMap(settingsOf)) apply(reach, key, value);
  if (!reach.isReadOnly) return [];
  return folders.filter((folder) => !reach.folders.some((each) => isWithin(normalize(folder), each)));
}

function apply(reach: Reach, key: string, value: string): void {
  const words = wordsOf(value);
  if (key === "ProtectSystem") reach.isReadOnly = value.trim() === "strict";
  if (key === "ReadWritePaths") {
    // Nothing at all takes back what was said before.
    if (words.length === 0) reach.folders = [];
    reach.folders.push(...words.map((word) => normalize(`${word.replace(/^[-+]+/, "")}/`)));
  }
  if (key === "StateDirectory") reach.folders.push(...words.map((word) => `${join("/var/lib", word)}/`));
}

function isWithin(folder: string, other: string): boolean {
  return `${folder}/`.startsWith(other);
}

/** The lines of the section for services, each with the lines that it goes on in. */
function settingsOf(text: string): [key: string, value: string][] {
  let section = "";
  const settings: [string, string][] = [];
  for (const line of text.replaceAll(/\\\n/g, " ").split("\n")) {
    section = /^\[(\w+)\]\s*$/.exec(line)?.[1] ?? section;
    const [, key, value] = /^\s*(\w+)\s*=(.*)$/.exec(line) ?? [];
    if (section === "Service" && key !== undefined && value !== undefined) settings.push([key, value]);
  }
  return settings;
}

/** Words with their quotes and doubled percent signs undone. */
function wordsOf(value: string): string[] {
  const words = value.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  return words.map((word) => {
    const text = word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, "$1") : word;
    return text.replaceAll("%%", "%");
  });
}
