import { printBytes } from "../../base/units.ts";
import type { UnfinishedKind } from "../../catalog/holdings.ts";
import type { UnfinishedVerdict } from "../../catalog/retention/unfinished.ts";
import type { Home } from "../homes.ts";
import { shortTime } from "./backup.ts";
import { type Column, printTable, type TableLook } from "./table.ts";

/** A piece of unfinished work, and where it is. */
export interface ShownUnfinished {
  home: Home;
  verdict: UnfinishedVerdict;
}

/** One piece in `list --unfinished --json`. @see docs/json.md */
interface UnfinishedJson {
  kind: UnfinishedKind;
  database: string;
  store: string;
  key: string;
  bytes: number;
  changedAt: string;
  removable: boolean;
  reason: string;
}

const KINDS: Readonly<Record<UnfinishedKind, string>> = {
  envelope: "envelope without a manifest",
  volumes: "volumes without the first",
  remains: "remains of a backup that is gone",
  draft: "half-written",
  leases: "leases of runs that are over",
};

const COLUMNS: readonly Column[] = [
  { title: "WHAT" },
  { title: "DATABASE" },
  { title: "CHANGED", goes: 3 },
  { title: "STORED", side: "right", goes: 2 },
  { title: "STORE", goes: 1 },
  { title: "PRUNE", goes: 4 },
  { title: "KEY", enough: 24 },
];

/** What sort of unfinished work it is, in words. */
export function describeKind(kind: UnfinishedKind): string {
  return KINDS[kind];
}

/** The table that `list --unfinished` prints. */
export function printUnfinished(shown: readonly ShownUnfinished[], look: TableLook): string {
  const rows = shown.map(({ home, verdict: { unfinished, fate, reason } }) => [
    describeKind(unfinished.kind),
    home.set,
    shortTime(unfinished.changedAt.toISOString()),
    printBytes(unfinished.bytes),
    home.storeName,
    fate === "removed" ? "removes it" : `leaves it: ${reason}`,
    unfinished.key,
  ]);
  return printTable(COLUMNS, rows, look);
}

/** A piece of unfinished work as `--json` has it. */
export function unfinishedJson({ home, verdict }: ShownUnfinished): UnfinishedJson {
  const { unfinished, fate, reason } = verdict;
  return {
    kind: unfinished.kind,
    database: home.set,
    store: home.storeName,
    key: unfinished.key,
    bytes: unfinished.bytes,
    changedAt: unfinished.changedAt.toISOString(),
    removable: fate === "removed",
    reason,
  };
}
