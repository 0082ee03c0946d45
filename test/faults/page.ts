import { exitCodeFor } from "./finished.ts";
import { type Chapter, isFailure, type Outcome, type Remains } from "./row.ts";

const REMAINS: Readonly<Record<Remains, string>> = {
  nothing: "nothing is left in the store",
  orphan: "what was sent stays, and is no backup",
  unproved: "the backup is there, whole, and not read back",
  condemned: "the backup is marked by a proof, and does not count",
  ruined: "the backup is marked by a proof, and does not count",
  upload: "nothing is listed; the open upload is aborted by a later run, once nothing came for a week",
};

const HEAD = `# What happens when something fails

This page is written by the tests in \`test/faults\`: each line is a row of a table that they run. A row makes a backup first, lets
the database grow, and does its harm to the next backup. Then it looks whether the program says what its line says, whether the older backup is untouched and
is restored to what it was, and whether nothing that is half made is listed. The run after that must go well, be restored to the
very same content, and leave no open upload and no process behind.

"made" means that the backup was made in spite of the harm, and was restored and compared.
`;

/** All chapters as docs/reliability.md has them. */
export function describeChapters(chapters: readonly Chapter[]): string {
  const count = chapters.reduce((sum, { rows }) => sum + rows.length, 0);
  return [HEAD, `There are ${count} of them.\n`, ...chapters.map(describeChapter)].join("\n");
}

function describeChapter({ title, about, rows }: Chapter): string {
  const lines = rows.map(({ where, what, outcome }) => [where, what, ...describeOutcome(outcome)]);
  const table = [
    ["where", "what happens", "exit", "what comes of it"],
    ["---", "---", "---", "---"],
    ...lines,
  ];
  return `## ${title}\n\n${about}\n\n${table.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;
}

function describeOutcome(outcome: Outcome): [exit: string, text: string] {
  const exit = String(exitCodeFor(outcome));
  if (!isFailure(outcome))
    return [exit, outcome.warns === undefined ? "made" : `made, with a warning: ${quote(outcome.warns)}`];
  const left = REMAINS[outcome.leaves ?? "nothing"];
  return [exit, outcome.says.source === "^" ? left : `${quote(outcome.says)}; ${left}`];
}

/** An expression as somebody reads it: what may be anything is an ellipsis. */
function quote({ source }: RegExp): string {
  const words = source
    .replaceAll(/\[\^\]\*|\.\*/g, " … ")
    .replaceAll(/\\d\+?/g, "N")
    .replaceAll(/since 20/g, "since …")
    .replaceAll("\\", "")
    .replaceAll("|", "” or “")
    .replaceAll(/\s+/g, " ");
  return `“${words.trim()}”`;
}
