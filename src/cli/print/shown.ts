import { printBytes } from "../../base/units.ts";
import type { Manifest, SealedPart } from "../../catalog/manifest.ts";
import { envelopeKey } from "../../catalog/name.ts";
import type { Header } from "../../seal/header.ts";
import { backupJson, type BackupJson, describeLack, type Listed, listProofs } from "./backup.ts";
import { type SealedJson, sealedJson, sealedRows } from "./sealed.ts";
import { printable } from "./text.ts";

/** A backup, and the header of its envelope as the store has it. */
interface Shown extends Listed {
  header: Header;
  /** What the manifest says in secret; null if it was not opened. */
  sealed: SealedPart | null;
}

/** What `show --json` prints. @see docs/json.md */
interface ShownJson extends BackupJson {
  key: string;
  core: string;
  manifest: Omit<Manifest, "sealed">;
  sealed: SealedJson | null;
}

/** The backup as `show --json` has it. */
export function shownJson({ header, sealed, ...listed }: Shown): ShownJson {
  const { sealed: _, ...manifest } = listed.backup.manifest;
  return {
    ...backupJson(listed),
    key: envelopeKey(listed.backup.name),
    core: header.core,
    manifest,
    sealed: sealed === null ? null : sealedJson(sealed),
  };
}

/** The lines that `show` prints. */
export function printShown({ backup, store, header, sealed }: Shown): string {
  const { manifest, doubt, signer, proofs, name } = backup;
  const rows: (readonly [string, string])[] = [
    ["id", manifest.backup],
    ["database", `${manifest.set} (${manifest.engine}), number ${manifest.seq} of its set`],
    ["taken", `${manifest.takenAt}, finished ${manifest.finishedAt}`],
    ["store", store],
    ["key", envelopeKey(name)],
    ["stored", printVolumes(manifest)],
    [
      "dump",
      `${printBytes(manifest.dumpBytes)}, ${manifest.dump} by ${manifest.tool.name} ${manifest.tool.version}`,
    ],
    ["compression", manifest.compression],
    ["tables", manifest.tables === null ? "not counted" : String(manifest.tables)],
    ["rows", manifest.rows === null ? "not counted" : String(manifest.rows)],
    ["complete", printCompleteness(manifest)],
    ["consistent", manifest.consistent],
    ["counts", doubt === null ? "yes" : `no: ${doubt}`],
    ["core", header.core],
    ["signer", signer],
    ["opened by", manifest.recipients.join("\n")],
    ["proofs", printProofs(proofs)],
    ["made by", `dbacked ${manifest.version}`],
    ...(sealed === null ? [] : sealedRows(sealed)),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.flatMap(([label, value]) => align(label.padEnd(width), value)).join("\n");
}

function align(label: string, value: string): string[] {
  return value
    .split("\n")
    .map((line, at) => `${at === 0 ? label : " ".repeat(label.length)}  ${printable(line)}`);
}

function printVolumes({ bytes, volumes }: Manifest): string {
  const parts = volumes.length === 1 ? "" : ` in ${volumes.length} volumes`;
  return `${printBytes(bytes)}${parts}`;
}

function printCompleteness(manifest: Manifest): string {
  return manifest.complete ? "yes" : `NO: ${describeLack(manifest) || "a gap was accepted"}`;
}

function printProofs(proofs: Listed["backup"]["proofs"]): string {
  return (
    listProofs(proofs)
      .map(([kind, at]) => `${kind} ${at}`)
      .join(", ") || "none"
  );
}
