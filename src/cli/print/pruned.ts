import { printBytes } from "../../base/units.ts";
import type { UnfinishedKind } from "../../catalog/holdings.ts";
import { bytesOf, type Pruning, type Removals, type Target } from "../../job/prune.ts";
import type { Home, Trouble } from "../homes.ts";
import { shortTime } from "./backup.ts";
import { type Column, printTable, type TableLook } from "./table.ts";
import { describeKind } from "./unfinished.ts";

/** A set, what was judged of it, and what came of that. */
export interface Pruned {
  home: Home;
  /** Null if nothing is ever removed of it. */
  pruning: Pruning | null;
  /** Null if nothing was tried. */
  removals: Removals | null;
}

/** `pending` should go, and is there still. */
type Fate = "kept" | "ignored" | "removed" | "retained" | "pending";

/** What became of one backup or one piece of unfinished work. */
export interface Row {
  fate: Fate;
  target: Target;
  home: Home;
  bytes: number;
  reasons: readonly string[];
  retainedUntil: string | null;
}

/** What `prune --json` prints. @see docs/json.md */
interface PrunedJson {
  dryRun: boolean;
  removedBytes: number;
  backups: {
    id: string;
    database: string;
    store: string;
    takenAt: string;
    bytes: number;
    fate: Fate;
    reasons: readonly string[];
    retainedUntil: string | null;
  }[];
  unfinished: {
    kind: UnfinishedKind;
    database: string;
    store: string;
    key: string;
    bytes: number;
    changedAt: string;
    fate: Fate;
    reasons: readonly string[];
    retainedUntil: string | null;
  }[];
  failures: { database: string | null; store: string; kind: string; message: string; hint: string | null }[];
}

const COLUMNS: readonly Column[] = [
  { title: "FATE" },
  { title: "ID" },
  { title: "DATABASE" },
  { title: "TAKEN", goes: 3 },
  { title: "STORED", side: "right", goes: 2 },
  { title: "STORE", goes: 1 },
  { title: "WHY", enough: 24 },
];

/** How many hex digits of an id tell one from another. */
const SHOWN_DIGITS = 12;

const HEX_ID = /-([0-9a-f]{32})\./;

/** The words for what is still to come. */
const PLANNED: Readonly<Record<Fate, string>> = {
  kept: "keep",
  ignored: "ignore",
  removed: "remove",
  retained: "retained",
  pending: "pending",
};

/** The table that `prune` prints: everything in a dry run, else what was to go; null if that is nothing. */
export function printPruned(pruned: readonly Pruned[], isDryRun: boolean, look: TableLook): string | null {
  const rows = pruned.flatMap((each) => rowsOf(each, isDryRun));
  const shown = isDryRun ? rows : rows.filter(({ fate }) => fate !== "kept" && fate !== "ignored");
  if (shown.length === 0) return null;
  return printTable(
    COLUMNS,
    shown.map((row) => cellsOf(row, isDryRun)),
    look,
  );
}

function cellsOf({ fate, target, home, bytes, reasons, retainedUntil }: Row, isDryRun: boolean): string[] {
  const key = "backup" in target ? `-${target.backup.name.id}.` : target.unfinished.key;
  const at = "backup" in target ? target.backup.manifest.takenAt : target.unfinished.changedAt.toISOString();
  const kind = "backup" in target ? [] : [describeKind(target.unfinished.kind)];
  const until = retainedUntil === null ? [] : [`until ${retainedUntil}`];
  return [
    isDryRun ? PLANNED[fate] : fate,
    HEX_ID.exec(key)?.[1]?.slice(0, SHOWN_DIGITS) ?? "-",
    home.set,
    shortTime(at),
    printBytes(bytes),
    home.storeName,
    [...until, ...kind, ...reasons].join("; "),
  ];
}

/** Everything that was judged of a set, and what became of it. */
export function rowsOf({ home, pruning, removals }: Pruned, isDryRun: boolean): Row[] {
  if (pruning === null) return [];
  const targets: readonly Target[] = [...pruning.verdicts, ...pruning.unfinished];
  return targets.map((target) => {
    const removal = removals?.done.find((each) => each.target === target);
    const isPending = target.fate === "removed" && removal === undefined && !isDryRun;
    const until = removal?.outcome === "retained" ? removal.until : null;
    return {
      home,
      target,
      bytes: bytesOf(target, pruning.holdings),
      fate: isPending ? "pending" : (removal?.outcome ?? target.fate),
      reasons: "backup" in target ? target.reasons : [target.reason],
      retainedUntil: until?.toISOString() ?? null,
    };
  });
}

/** What `prune --json` prints. */
export function prunedJson(
  pruned: readonly Pruned[],
  troubles: readonly Trouble[],
  isDryRun: boolean,
): PrunedJson {
  const rows = pruned.flatMap((each) => rowsOf(each, isDryRun));
  return {
    dryRun: isDryRun,
    removedBytes: removedBytes(rows),
    backups: rows.flatMap(backupRow),
    unfinished: rows.flatMap(unfinishedRow),
    failures: troubles.map(({ database, store, failure: { kind, message, hint = null } }) => ({
      database,
      store,
      kind,
      message,
      hint,
    })),
  };
}

function backupRow({ target, home, bytes, fate, reasons, retainedUntil }: Row): PrunedJson["backups"] {
  if (!("backup" in target)) return [];
  const { backup: id, takenAt } = target.backup.manifest;
  return [{ id, database: home.set, store: home.storeName, takenAt, bytes, fate, reasons, retainedUntil }];
}

function unfinishedRow({ target, home, bytes, fate, reasons, retainedUntil }: Row): PrunedJson["unfinished"] {
  if ("backup" in target) return [];
  const { kind, key, changedAt } = target.unfinished;
  const where = { database: home.set, store: home.storeName, key, bytes, changedAt: changedAt.toISOString() };
  return [{ kind, ...where, fate, reasons, retainedUntil }];
}

/** Bytes that went, or would go. */
export function removedBytes(rows: readonly Row[]): number {
  return rows.filter(({ fate }) => fate === "removed").reduce((sum, { bytes }) => sum + bytes, 0);
}
