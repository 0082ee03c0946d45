import { isTable, type Path, type Table } from "./document.ts";
import type { Mistakes } from "./mistakes.ts";
import type { Settings } from "./settings.ts";

/** Something that other versions can act on. Taken in silence, it would let somebody believe that it works. */
interface Rule {
  why: string;
  instead: string;
  /** @default always */
  when?: (value: unknown, table: Table) => boolean;
}

const MONITOR: Rule = {
  why: "this version has no monitor, so that nobody would be told of a missing backup",
  instead: "take it out, and let a check of healthchecks.io or the like be told: pingUrl (docs/alerts.md)",
};

const UNWRAP: Rule = {
  why: "this version calls no program to unwrap keys",
  instead: "give privateKey, the private key itself, where backups are opened",
};

const TOP: Readonly<Record<string, Rule>> = {
  email: MONITOR,
  apikey: MONITOR,
  monitor: MONITOR,
  subscriptionType: { ...MONITOR, when: (value) => value === "pro" },
  sendAnalytics: {
    why: "this version sends no analytics",
    instead: "take sendAnalytics out, or set it to false",
    when: (value) => value === true,
  },
};

const OF_STORE: Readonly<Record<string, Rule>> = {
  objectLockDays: {
    why: "this version locks no objects",
    instead: "set a default retention on the bucket",
  },
};

const OF_IDENTITY: Readonly<Record<string, Rule>> = { unwrapCommand: UNWRAP, unwrapKey: UNWRAP };

/** Refuses, and takes out of the tree, what this version cannot act on. */
export function refuseNotYet(settings: Settings, mistakes: Mistakes): void {
  const refuse = (rules: Readonly<Record<string, Rule>>, path: Path): void => {
    const table = path.length === 0 ? settings.tree : settings.get(path);
    if (!isTable(table)) return;
    for (const [key, { why, instead, when }] of Object.entries(rules)) {
      if (!Object.hasOwn(table, key) || when?.(table[key], table) === false) continue;
      mistakes.add(settings.placeOf([...path, key]), why, instead);
      settings.spoil([...path, key]);
      delete table[key];
    }
  };
  refuse(TOP, []);
  for (const at of indices(settings.tree["stores"])) refuse(OF_STORE, ["stores", at]);
  refuse(OF_IDENTITY, ["identity"]);
}

function indices(list: unknown): number[] {
  return Array.isArray(list) ? [...list.keys()] : [];
}
