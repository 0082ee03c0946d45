import type { Check } from "../../doctor/check.ts";
import { printable, printableLines, wrap } from "./text.ts";
import type { TableLook } from "./table.ts";

const SIGNS = { ok: "✓", warn: "!", fail: "✗" } as const;

/** Numbers of the terminal's colours. */
const COLOURS = { ok: 32, warn: 33, fail: 31 } as const;

/** Nobody reads longer lines with ease. */
const WIDEST = 110;

const INDENT = "  ";
const BELOW = "      ";

/** The document of `doctor --json`. @see docs/json.md */
export function doctorJson(checks: readonly Check[]): { checks: readonly Check[] } {
  return {
    checks: checks.map(({ subject, state, what, hint, kind }) => ({ subject, state, what, hint, kind })),
  };
}

/** What was looked at, each thing under what it belongs to, with what to do about it. */
export function printChecks(checks: readonly Check[], look: TableLook): string {
  const groups = Map.groupBy(checks, ({ subject }) => subject);
  return [...groups]
    .map(([subject, found]) =>
      [title(subject, look), ...found.flatMap((check) => printCheck(check, look))].join("\n"),
    )
    .join("\n\n");
}

/** How it all came out, in a few words. */
export function printDiagnosis(checks: readonly Check[]): string {
  const [failed, warned] = [countOf(checks, "fail"), countOf(checks, "warn")];
  if (failed + warned === 0) return "All is well.";
  const parts = [
    failed === 0 ? "" : `${failed} wrong (✗)`,
    warned === 0 ? "" : `${warned} to look at (!)`,
    `${countOf(checks, "ok")} well (✓)`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function title(subject: string, { colour }: TableLook): string {
  return colour ? `\u001B[1m${printable(subject)}\u001B[22m` : printable(subject);
}

function printCheck({ state, what, hint }: Check, { width, colour }: TableLook): string[] {
  const sign = colour ? `\u001B[${COLOURS[state]}m${SIGNS[state]}\u001B[39m` : SIGNS[state];
  const columns = width === null ? Infinity : Math.min(width, WIDEST);
  const [first = "", ...rest] = printableLines(what).flatMap((line) => wrap(line, columns - 4));
  // A command that is broken in two cannot be copied.
  const hints = hint === null ? [] : printableLines(hint);
  return [
    `${INDENT}${sign} ${first}`,
    ...rest.map((line) => `${INDENT}${INDENT}${line}`),
    ...hints.map((line) => `${BELOW}${colour ? `\u001B[36m${line}\u001B[39m` : line}`),
  ];
}

function countOf(checks: readonly Check[], wanted: Check["state"]): number {
  return checks.filter(({ state }) => state === wanted).length;
}
