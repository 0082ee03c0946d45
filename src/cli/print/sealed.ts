import type { SealedPart } from "../../catalog/manifest.ts";
import { alignRows } from "./table.ts";

/** The sealed part of a manifest in `--json`. @see docs/json.md */
export interface SealedJson {
  tables: SealedPart["tables"];
  tablesCut: boolean;
  narrowed: readonly string[];
  logPosition: string | null;
  gaps: readonly { kind: string; object: string; why: string; mend: string | null }[];
  gapsCut: boolean;
  stderrTail: string;
}

/** The sealed part as `show --json` has it. */
export function sealedJson(part: SealedPart): SealedJson {
  const { tables, tablesCut = false, narrowed, logPosition, gaps, gapsCut = false, stderrTail } = part;
  return {
    tables,
    tablesCut,
    narrowed,
    logPosition,
    gaps: gaps.map(({ kind = "object", object, why, mend = null }) => ({ kind, object, why, mend })),
    gapsCut,
    stderrTail,
  };
}

/** What `show` prints of it, each with its label; what there is nothing to say of is left out. */
export function sealedRows(part: SealedPart): (readonly [label: string, lines: string])[] {
  const { tables, tablesCut, narrowed, logPosition, gaps, gapsCut, stderrTail } = part;
  const counted = alignRows(
    tables.map(({ table, rows, kind }) => [table, kind === "exact" ? String(rows) : `about ${rows}`]),
  );
  const lacking = gaps.map(({ object, why }) => `${object} (${why})`);
  const rows: [string, readonly string[]][] = [
    ["narrowed", narrowed],
    ["lacks", [...lacking, ...(gapsCut === true ? ["and more"] : [])]],
    ["log position", logPosition === null ? [] : [logPosition]],
    ["warnings", stderrTail === "" ? [] : [stderrTail]],
    ["rows of", [...counted, ...(tablesCut === true ? ["and of more tables"] : [])]],
  ];
  return rows.filter(([, lines]) => lines.length > 0).map(([label, lines]) => [label, lines.join("\n")]);
}
