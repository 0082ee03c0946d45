import { expect, test } from "bun:test";
import { Glob } from "bun";
import { join } from "node:path";
import { readPage } from "./blocks.ts";

const SRC = join(import.meta.dir, "../../src");

/** Each source file, with strings that go on in the next line put together. */
const sources: string[] = [];
for await (const file of new Glob("**/*.ts").scan(SRC)) {
  const text = await Bun.file(join(SRC, file)).text();
  sources.push(text.replaceAll(/["`] \+\s+["`]/g, "").replaceAll('\\"', '"'));
}

const headings = [...(await readPage("troubleshooting.md")).matchAll(/^### (.+)$/gm)].map(
  ([, text = ""]) => text,
);

test.each(headings)("docs/troubleshooting.md: “%s” is what the program says", (heading) => {
  const pieces = heading.split("…").map((piece) => piece.trim());
  const fixed = pieces.filter((piece) => piece !== "" && piece !== ":");
  expect(fixed.join("").length).toBeGreaterThan(9);
  // All in one file: some messages are put together of several strings there.
  const saying = sources.filter((source) => fixed.every((piece) => source.includes(piece)));
  expect(saying.length).toBeGreaterThan(0);
});

test("docs/troubleshooting.md has a section for each exit code of a failure", async () => {
  const page = await readPage("troubleshooting.md");
  const told = [...page.matchAll(/^## .+ \(([\d, ]+)\)$/gm)].flatMap(([, codes = ""]) => codes.split(", "));
  expect(told.toSorted((one, other) => Number(one) - Number(other))).toEqual(
    "1 3 4 5 6 7 8 9 10 11".split(" "),
  );
});
