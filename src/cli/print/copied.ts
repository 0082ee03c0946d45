import { printBytes } from "../../base/units.ts";
import type { Copied, Gap } from "../copier.ts";
import type { Trouble } from "../homes.ts";
import { shortTime } from "./backup.ts";
import { type Column, printTable, type TableLook } from "./table.ts";

/** What was copied, what was left, and what stood in the way. */
export interface Report {
  copied: readonly Copied[];
  /** What a dry run would copy. */
  pending: readonly Gap[];
  left: readonly Gap[];
  troubles: readonly Trouble[];
}

/** `pending` would be copied, were it not a dry run. */
type Fate = "copied" | "failed" | "pending" | "left";

interface Row {
  fate: Fate;
  gap: Gap;
  from: string | null;
  recorded: string | null;
  reason: string | null;
}

/** What `copy --json` prints. @see docs/json.md */
interface CopiedJson {
  backups: {
    id: string;
    database: string;
    takenAt: string;
    bytes: number;
    store: string;
    from: string | null;
    fate: Fate;
    reason: string | null;
    recorded: string | null;
  }[];
  failures: {
    id: string | null;
    database: string | null;
    store: string;
    kind: string;
    message: string;
    hint: string | null;
  }[];
}

const COLUMNS: readonly Column[] = [
  { title: "FATE" },
  { title: "ID" },
  { title: "DATABASE" },
  { title: "TAKEN", goes: 2 },
  { title: "STORED", side: "right", goes: 1 },
  { title: "FROM", goes: 3 },
  { title: "TO" },
  { title: "WHY", enough: 24 },
];

const SHOWN_DIGITS = 12;

/** The table that `copy` prints; null if nothing is missing anywhere. */
export function printCopied(report: Report, look: TableLook): string | null {
  const rows = rowsOf(report).map(({ fate, gap, from, reason }) => {
    const { name, manifest } = backupOf(gap);
    return [
      { copied: "copied", failed: "failed", pending: "copies it", left: "leaves it" }[fate],
      name.id.slice(0, SHOWN_DIGITS),
      manifest.set,
      shortTime(manifest.takenAt),
      printBytes(manifest.bytes),
      from ?? "-",
      gap.target.storeName,
      reason ?? "",
    ];
  });
  return rows.length === 0 ? null : printTable(COLUMNS, rows, look);
}

/** The report as `--json` has it. */
export function copiedJson(report: Report): CopiedJson {
  const { copied, troubles } = report;
  const failed = copied.flatMap(({ gap, failure }) => {
    if (failure === null) return [];
    const { name } = backupOf(gap);
    return [{ id: name.id, database: name.set, store: gap.target.storeName, failure }];
  });
  return {
    backups: rowsOf(report).map(({ fate, gap, from, reason, recorded }) => {
      const { name, manifest } = backupOf(gap);
      const { takenAt, bytes } = manifest;
      const store = gap.target.storeName;
      return { id: name.id, database: name.set, takenAt, bytes, store, from, fate, reason, recorded };
    }),
    failures: [
      ...failed.map((each) => failureJson(each.id, each)),
      ...troubles.map((each) => failureJson(null, each)),
    ],
  };
}

function failureJson(
  id: string | null,
  { database, store, failure }: Trouble,
): CopiedJson["failures"][number] {
  const { kind, message, hint = null } = failure;
  return { id, database, store, kind, message, hint };
}

function rowsOf({ copied, pending, left }: Report): Row[] {
  const idle = (fate: Fate, reason: (gap: Gap) => string | null) => (gap: Gap) => ({
    fate,
    gap,
    from: gap.originals[0]?.keeper.storeName ?? null,
    recorded: null,
    reason: reason(gap),
  });
  return [
    ...copied.map(({ gap, from, recorded, failure }): Row => {
      const fate = failure === null ? "copied" : "failed";
      return { fate, gap, from, recorded, reason: failure?.message ?? null };
    }),
    ...pending.map(idle("pending", () => null)),
    ...left.map(idle("left", ({ reason }) => reason)),
  ];
}

function backupOf({ originals }: Gap): Gap["originals"][number]["backup"] {
  const [first] = originals;
  if (first === undefined) throw new Error("a gap is of a backup that some store has");
  return first.backup;
}
