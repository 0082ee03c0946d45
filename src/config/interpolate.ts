import { isTable, type Path, type Table } from "./document.ts";
import type { Mistakes } from "./mistakes.ts";
import type { Settings } from "./settings.ts";
import type { Environment } from "./sources.ts";

/** `${NAME}`, or `$${`, which stands for `${`; an unclosed `${` is caught too. */
const PLACEHOLDER = /\$\$\{|\$\{(?:([^}]*)\})?/g;

const NAME = /^[A-Za-z_]\w*$/;

/** User and password of a URL. */
const USER_INFO = /^[a-z][\w+.-]*:\/\/([^/@]*)@/i;

/**
 * Puts values of the environment into every string of the file.
 *
 * @returns the variables that were named.
 */
export function interpolate(settings: Settings, environment: Environment, mistakes: Mistakes): Set<string> {
  const named = new Set<string>();
  const walk = (value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((each, at) => walk(each, [...path, at]));
    if (isTable(value)) return walkTable(value, (each, key) => walk(each, [...path, key]));
    if (typeof value !== "string") return value;
    const complain = (message: string): void => {
      settings.spoil(path);
      mistakes.add(settings.placeOf(path), message);
    };
    return fill(value, environment, { named, complain });
  };
  walk(settings.tree, []);
  return named;
}

function walkTable(table: Table, walk: (value: unknown, key: string) => unknown): Table {
  for (const [key, value] of Object.entries(table)) table[key] = walk(value, key);
  return table;
}

interface Outcome {
  named: Set<string>;
  complain: (message: string) => void;
}

function fill(text: string, environment: Environment, { named, complain }: Outcome): string {
  const userInfoEnd = USER_INFO.exec(text)?.[0].length ?? 0;
  return text.replaceAll(PLACEHOLDER, (whole: string, name: string | undefined, at: number) => {
    if (whole === "$${") return "${";
    if (name === undefined || !NAME.test(name)) {
      complain("expected ${NAME}, the name of a variable; write $${ for ${ itself");
      return whole;
    }
    named.add(name);
    const value = environment[name];
    if (value === undefined) complain(`\${${name}} is not set in the environment`);
    // A password may hold what ends it in a URL.
    return at < userInfoEnd ? encodeURIComponent(value ?? "") : (value ?? "");
  });
}
