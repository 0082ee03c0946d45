import { expect, test } from "bun:test";
import { join } from "node:path";
import { CHAPTERS } from "./chapters.ts";
import { describeChapters } from "./page.ts";

const PAGE = join(import.meta.dir, "../../docs/reliability.md");

/** Without what a formatter adds. */
function plain(text: string): string {
  return text
    .replaceAll(/-{2,}/g, "---")
    .replaceAll(/[ \n]+/g, " ")
    .trim();
}

// `RELIABILITY=write bun test test/faults/page.test.ts` writes the page anew; format it afterwards.
test("docs/reliability.md says what the rows of the fault table say", async () => {
  const text = describeChapters(CHAPTERS);
  if (process.env["RELIABILITY"] === "write") await Bun.write(PAGE, text);
  expect(plain(await Bun.file(PAGE).text())).toBe(plain(text));
});

test("no two rows of the fault table are the same", () => {
  const names = CHAPTERS.flatMap(({ rows }) => rows.map(({ where, what }) => `${where}: ${what}`));
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(40);
});
