import { NAMES, type Subject } from "../database.ts";

/** What is tested, as the documentation has it: a table, and why some rows have no meaning for an engine. */
export function describeSubjects(subjects: readonly Subject[]): string {
  const reasons: string[] = [];
  const rows = NAMES.map((name) => {
    const cells = subjects.map(({ rows: { [name]: row } }) => {
      if (row.outcome !== "–") return row.outcome;
      if (!reasons.includes(row.reason)) reasons.push(row.reason);
      return `– (${reasons.indexOf(row.reason) + 1})`;
    });
    return line(name, cells);
  });
  const head = line(
    "what",
    subjects.map(({ engine }) => engine.name),
  );
  const rule = line(
    "---",
    subjects.map(() => "---"),
  );
  const notes = reasons.map((reason, at) => `${at + 1}. ${reason}`);
  return [head, rule, ...rows, "", ...notes].join("\n");
}

function line(first: string, rest: readonly string[]): string {
  return `| ${[first, ...rest].join(" | ")} |`;
}
