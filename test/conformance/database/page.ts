import { NAMES, type Subject } from "../database.ts";

/** What is tested, as the documentation has it: a table, and why some rows have no meaning for an engine. */
export function describeSubjects(subjects: readonly Subject[]): string {
  const reasons: string[] = [];
  const note = (reason: string) => {
    if (!reasons.includes(reason)) reasons.push(reason);
    return `– (${reasons.indexOf(reason) + 1})`;
  };
  const rows = NAMES.map((name) => [
    name,
    ...subjects.map(({ rows }) => {
      const row = rows[name];
      return row.outcome === "–" ? note(row.reason) : row.outcome;
    }),
  ]);
  const head = ["", ...subjects.map(({ engine }) => engine.name)];
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [...table, "", ...reasons.map((reason, at) => `${at + 1}. ${reason}`)].join("\n");
}
