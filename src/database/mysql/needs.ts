import type { Server } from "./client.ts";
import type { Source } from "./source.ts";

/** What a restore needs of its target, as the dump's sealed description has it. */
export interface Needs {
  /** Accounts: `root@localhost`. */
  definers: readonly string[];
  characterSet: string | null;
  collation: string | null;
  maxAllowedPacket: number | null;
  /** True if there are functions or triggers. */
  hasFunctions: boolean;
  /** True if rows have a history that goes on until 2106, as it does since MariaDB 11.5; before that, until 2038. */
  hasLongHistory: boolean;
}

/** More accounts than these are not listed: the description of a dump is short. */
const MOST = 500;

const FUNCTIONS = "functions or triggers";
const LONG_HISTORY = "history until 2106";

/** Whether times do not end in 2038. */
export function knowsLongTimes({ product, major, minor }: Server): boolean {
  return product === "MariaDB" && (major > 11 || (major === 11 && minor >= 5));
}

/** Lists what a dump of `source` needs, each in a line: `definer root@localhost`. */
export function needsOf(source: Source): string[] {
  const { characterSet, collation, maxAllowedPacket, definers, hasFunctions } = source;
  return [
    `character-set ${characterSet}`,
    `collation ${collation}`,
    `max_allowed_packet ${maxAllowedPacket}`,
    ...(hasFunctions ? [FUNCTIONS] : []),
    ...(source.versioned.length > 0 && knowsLongTimes(source.server) ? [LONG_HISTORY] : []),
    ...definers.slice(0, MOST).map((name) => `definer ${name}`),
  ];
}

/** Reads such a list. Dumps that were not made by us have none. */
export function readNeeds(lines: readonly string[]): Needs {
  const all = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const first = (word: string) => all(word).find((text) => text !== "") ?? null;
  const [packet] = all("max_allowed_packet").map(Number);
  return {
    definers: all("definer"),
    characterSet: first("character-set"),
    collation: first("collation"),
    hasFunctions: lines.includes(FUNCTIONS),
    hasLongHistory: lines.includes(LONG_HISTORY),
    maxAllowedPacket: packet !== undefined && Number.isSafeInteger(packet) ? packet : null,
  };
}
