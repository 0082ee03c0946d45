import { cut, printable } from "./text.ts";

/** One column of a table; numbers stand on the right. */
export interface Column {
  title: string;
  side?: "left" | "right";
}

/** How wide and how colourful a table may be. */
export interface TableLook {
  /** Columns of the terminal; null if it is none, then nothing is cut. */
  width: number | null;
  colour: boolean;
}

const GAP = "  ";

/** Lines with aligned columns under their titles; without rows only the titles. */
export function printTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  look: TableLook,
): string {
  const titles = columns.map(({ title }) => title);
  const cells = rows.map((row) => columns.map((_, at) => printable(row[at] ?? "")));
  const widths = columns.map((_, at) =>
    Math.max(...[titles, ...cells].map((row) => Bun.stringWidth(row[at] ?? ""))),
  );
  const lines = [titles, ...cells].map((row) => {
    const line = row.map((cell, at) => align(cell, widths[at] ?? 0, columns[at]?.side)).join(GAP);
    return look.width === null ? line.trimEnd() : cut(line.trimEnd(), look.width);
  });
  return lines.map((line, at) => (at === 0 && look.colour ? bold(line) : line)).join("\n");
}

function align(cell: string, width: number, side: Column["side"]): string {
  const space = " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
  return side === "right" ? space + cell : cell + space;
}

function bold(text: string): string {
  return `\u001B[1m${text}\u001B[22m`;
}
