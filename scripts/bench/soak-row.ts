import type { Tally } from "../services/counting/ledger.ts";
import type { Measured } from "./process.ts";

/** No run may take more, whatever its size. */
const MOST_BYTES = 200 * 2 ** 20;

/** One run, as the table shows it. */
export interface Row {
  dump: string;
  /** How fast the store was. */
  store: string;
  measured: Measured;
  /** Null for a store that does not count. */
  tally: Tally | null;
  /** What else is to be known. */
  note: string;
}

/** The first lines of the table. */
export const HEADINGS = `| dump | store | parts | volumes | stored | time | peak RSS | |
|--:|---|--:|--:|--:|--:|--:|---|`;

/** Whether a run took more memory than it may. */
export function isTooMuch({ measured }: Row): boolean {
  return measured.peakBytes > MOST_BYTES;
}

/** A line of the table. */
export function printRow(row: Row): string {
  const { ms, peakBytes, isCut } = row.measured;
  const { tally } = row;
  // That nothing is there yet is what it is asked for.
  const codes = Object.keys(tally?.refused ?? {}).filter((code) => code !== "NotFound");
  const remarks = [
    row.note,
    ...(isCut ? ["stopped before its end"] : []),
    ...(codes.length === 0 ? [] : [`refused: ${codes.join(", ")}`]),
    ...(isTooMuch(row) ? ["TOO MUCH"] : []),
  ];
  const cells = [
    row.dump,
    row.store,
    ...(tally === null ? ["", "", ""] : countsOf(tally)),
    `${(ms / 1000).toFixed(0)} s`,
    `${Math.round(peakBytes / 2 ** 20)} MiB`,
    remarks.join("; "),
  ];
  return `| ${cells.join(" | ")} |`;
}

function countsOf({ parts, volumes, partBytes }: Tally): string[] {
  return [parts.toLocaleString("en"), volumes.toLocaleString("en"), `${(partBytes / 1e9).toFixed(1)} GB`];
}
