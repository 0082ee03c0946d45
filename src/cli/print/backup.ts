import { printBytes } from "../../base/units.ts";
import { isDamaged } from "../../catalog/doubt.ts";
import type { Backup } from "../../catalog/list.ts";
import type { Manifest } from "../../catalog/manifest.ts";
import type { ProofTimes } from "../../catalog/proof.ts";
import { alignRows, type Column, printTable, type TableLook } from "./table.ts";

/** A backup, and the name of the store that keeps it. */
export interface Listed {
  backup: Backup;
  store: string;
}

/** A backup in `--json`. Its shape is kept. @see docs/json.md */
export interface BackupJson {
  id: string;
  database: string;
  engine: string;
  store: string;
  takenAt: string;
  finishedAt: string;
  bytes: number;
  dumpBytes: number;
  tables: number | null;
  rows: number | null;
  complete: boolean;
  gaps: { count: number; kinds: readonly string[] } | null;
  consistent: string;
  proofs: ProofTimes;
  recipients: readonly string[];
  signer: string;
  doubt: string | null;
}

const COLUMNS: readonly Column[] = [
  { title: "ID" },
  { title: "DATABASE" },
  { title: "TAKEN" },
  { title: "STORED", side: "right", goes: 6 },
  { title: "DUMP", side: "right", goes: 2 },
  { title: "ROWS", side: "right", goes: 5 },
  { title: "PROVED", goes: 3 },
  { title: "RECIPIENTS", goes: 1 },
  { title: "STORE", goes: 4 },
  { title: "COMPLETE", enough: 16 },
];

/** How many hex digits of an id or a fingerprint are shown where they only tell one from another. */
const SHOWN_DIGITS = 12;

/** The backup as `--json` has it. */
export function backupJson({ backup, store }: Listed): BackupJson {
  const { manifest, proofs, signer, doubt } = backup;
  return {
    id: manifest.backup,
    database: manifest.set,
    engine: manifest.engine,
    store,
    takenAt: manifest.takenAt,
    finishedAt: manifest.finishedAt,
    bytes: manifest.bytes,
    dumpBytes: manifest.dumpBytes,
    tables: manifest.tables,
    rows: manifest.rows,
    complete: manifest.complete,
    gaps: manifest.gaps ?? null,
    consistent: manifest.consistent,
    proofs,
    recipients: manifest.recipients,
    signer,
    doubt,
  };
}

/** The table that `list` prints. */
export function printBackups(listed: readonly Listed[], look: TableLook): string {
  return printTable(COLUMNS, listed.map(rowOf), look);
}

/** One line for each backup to choose from. */
export function describeBackups(listed: readonly Listed[]): string[] {
  const isOneStore = new Set(listed.map(({ store }) => store)).size === 1;
  return alignRows(
    listed.map(({ backup, store }) => [
      backup.manifest.set,
      shortTime(backup.manifest.takenAt),
      printBytes(backup.manifest.bytes),
      backup.manifest.backup.slice(0, SHOWN_DIGITS),
      ...(isOneStore ? [] : [store]),
      backup.doubt === null ? (backup.manifest.complete ? "" : "not complete") : "does not count",
    ]),
  );
}

function rowOf({ backup, store }: Listed): string[] {
  const { manifest } = backup;
  return [
    manifest.backup.slice(0, SHOWN_DIGITS),
    manifest.set,
    shortTime(manifest.takenAt),
    printBytes(manifest.bytes),
    printBytes(manifest.dumpBytes),
    manifest.rows === null ? "-" : String(manifest.rows),
    proved(backup),
    manifest.recipients.map((fingerprint) => fingerprint.slice(0, SHOWN_DIGITS)).join(","),
    store,
    completeness(backup),
  ];
}

function completeness({ manifest, doubt }: Backup): string {
  if (doubt !== null) return `does not count: ${doubt}`;
  if (manifest.complete) return manifest.consistent === "no" ? "yes, not of one moment" : "yes";
  const why = describeLack(manifest);
  return why === "" ? "NO" : `NO (${why})`;
}

/** Why a backup is not complete, as far as the manifest says it in clear: `--schema; 2 gaps: table, view`. */
export function describeLack({ narrowed, gaps }: Manifest): string {
  const parts = [narrowed.join(" ")];
  if (gaps !== undefined && gaps.count > 0)
    parts.push(`${gaps.count === 1 ? "1 gap" : `${gaps.count} gaps`}: ${gaps.kinds.join(", ")}`);
  return parts.filter((part) => part !== "").join("; ");
}

/** What was proved of it once is not what is there now, if it is damaged. */
function proved(backup: Backup): string {
  const kinds = isDamaged(backup) ? [] : listProofs(backup.proofs).map(([kind]) => kind);
  return kinds.join(", ") || "-";
}

/** What was proved of a backup, in words, and when. Of several words for one thing the strongest is told. */
export function listProofs(times: ProofTimes): (readonly [kind: string, at: string])[] {
  const { readBackAt, sampledAt, unreadableAt, verifiedAt, openedAt, drilledAt } = times;
  const readBack = readBackAt ?? sampledAt;
  const told: readonly (readonly [string, string | null])[] = [
    [readBackAt === null ? "sampled" : "read back", readBack],
    ["not readable", readBack === null ? unreadableAt : null],
    [openedAt === null ? "verified" : "opened", openedAt ?? verifiedAt],
    ["drilled", drilledAt],
  ];
  return told.flatMap(([kind, at]) => (at === null ? [] : [[kind, at] as const]));
}

/** `2026-11-22 02:00:00Z` */
export function shortTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`;
}
