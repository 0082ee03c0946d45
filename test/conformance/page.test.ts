import { expect, test } from "bun:test";
import { join } from "node:path";
import { mongodb } from "../database/mongodb/conformance/subject.ts";
import { mariadb } from "../database/mysql/conformance/subject.ts";
import { postgres } from "../database/postgres/conformance/subject.ts";
import { sqlite } from "../database/sqlite/conformance/subject.ts";
import { describeSubjects } from "./database/page.ts";

/** All that are tested, in the order of the page. */
const SUBJECTS = [postgres, mariadb, mongodb, sqlite];

const PAGE = join(import.meta.dir, "../../docs/databases.md");

/** Without what a formatter adds. */
function plain(text: string): string {
  return text.replaceAll(/-{2,}/g, "---").replaceAll(/ +/g, " ").trim();
}

test("docs/databases.md says what every engine is held to, and what comes of it", async () => {
  const [, written = ""] =
    /<!-- conformance -->([^]*?)<!-- \/conformance -->/.exec(await Bun.file(PAGE).text()) ?? [];
  expect(plain(written)).toBe(describeSubjects(SUBJECTS));
});
