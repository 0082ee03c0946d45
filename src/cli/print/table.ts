import { cut, printable } from "./text.ts";

/** One column of a table; numbers stand on the right. */
export interface Column {
  title: string;
  side?: "left" | "right";
  /** Which columns a narrow terminal does without: the one with 1 goes first. @default never */
  goes?: number;
  /** How many columns of a terminal are enough for it, when it stands last: the rest may be cut. */
  enough?: number;
}

/** How wide and how colourful a table may be. */
export interface TableLook {
  /** Columns of the terminal; null if it is none, then nothing is cut. */
  width: number | null;
  colour: boolean;
}

/** A column with all that stands in it, its title first. */
interface Filled extends Column {
  cells: readonly string[];
  width: number;
}

const GAP = "  ";

/** Lines with aligned columns under their titles; without rows only the titles. */
export function printTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  look: TableLook,
): string {
  const filled = columns.map((column, at) =>
    fill(column, [column.title, ...rows.map((row) => row[at] ?? "")]),
  );
  const lines = printLines(look.width === null ? filled : fit(filled, look.width), rows.length + 1);
  const short = look.width;
  return lines
    .map((line) => (short === null ? line : cut(line, short)))
    .map((line, at) => (at === 0 && look.colour ? bold(line) : line))
    .join("\n");
}

/** Rows with aligned columns, and no titles. */
export function alignRows(rows: readonly (readonly string[])[]): string[] {
  const columns =
    rows[0]?.map((_, at) =>
      fill(
        { title: "" },
        rows.map((row) => row[at] ?? ""),
      ),
    ) ?? [];
  return printLines(columns, rows.length);
}

function fill(column: Column, texts: readonly string[]): Filled {
  const cells = texts.map(printable);
  return { ...column, cells, width: Math.max(...cells.map((cell) => Bun.stringWidth(cell))) };
}

/** Leaves out one column after another until the rest fits, or none is left that may go. */
function fit(columns: readonly Filled[], width: number): readonly Filled[] {
  const needed = columns.map((column) => Math.min(column.width, column.enough ?? Infinity) + GAP.length);
  const first = columns
    .filter(({ goes }) => goes !== undefined)
    .toSorted((a, b) => (a.goes ?? 0) - (b.goes ?? 0))[0];
  if (first === undefined || needed.reduce((sum, each) => sum + each, 0) - GAP.length <= width)
    return columns;
  return fit(
    columns.filter((column) => column !== first),
    width,
  );
}

function printLines(columns: readonly Filled[], count: number): string[] {
  return Array.from({ length: count }, (_, at) =>
    columns
      .map(({ cells, width, side }) => align(cells[at] ?? "", width, side))
      .join(GAP)
      .trimEnd(),
  );
}

function align(cell: string, width: number, side: Column["side"]): string {
  const space = " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
  return side === "right" ? space + cell : cell + space;
}

function bold(text: string): string {
  return `\u001B[1m${text}\u001B[22m`;
}
